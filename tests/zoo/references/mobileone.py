"""MobileOne: `timm.models.byobnet`."""

from __future__ import annotations

from tests.zoo.reference import Reference

_STAGES = tuple(f"stages.{index}" for index in range(4))

REFERENCES = (
    Reference("mobileone_s0", "mobileone_s0", stages=_STAGES, size=64),
    Reference("mobileone_s1", "mobileone_s1", stages=_STAGES, size=64),
    Reference("mobileone_s4", "mobileone_s4", stages=_STAGES, size=64),
)

COUNTED = {"mobileone_s2": "mobileone_s2", "mobileone_s3": "mobileone_s3"}
