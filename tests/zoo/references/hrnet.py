"""HRNet: `timm.models.hrnet`. What our last stage gives is no module's output there; `test_hrnet.py` compares it."""

from __future__ import annotations

from tests.zoo.reference import Reference

FOLDED = 2048
"""The bias of the head's convolution, which a normalisation follows."""

REFERENCES = (
    Reference("hrnet_w18_small_v1", "hrnet_w18_small", size=64, folded=FOLDED),
    Reference("hrnet_w18_small_v2", "hrnet_w18_small_v2", size=32, folded=FOLDED),
    Reference("hrnet_w18", "hrnet_w18", size=32, folded=FOLDED),
)

COUNTED = {f"hrnet_w{width}": f"hrnet_w{width}" for width in (30, 32, 40, 44, 48, 64)}
