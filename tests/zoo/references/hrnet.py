"""HRNet: `timm.models.hrnet`. What our last stage gives is no module's output there; `test_hrnet.py` compares it."""

from __future__ import annotations

from tests.zoo.reference import Reference

REFERENCES = (
    Reference("hrnet_w18_small_v1", "hrnet_w18_small", size=64),
    Reference("hrnet_w18_small_v2", "hrnet_w18_small_v2", size=32),
    Reference("hrnet_w18", "hrnet_w18", size=32),
)

COUNTED = {f"hrnet_w{width}": f"hrnet_w{width}" for width in (30, 32, 40, 44, 48, 64)}
