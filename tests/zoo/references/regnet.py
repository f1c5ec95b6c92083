"""RegNet X and Y: `timm.models.regnet`, `torchvision.models.regnet`."""

from __future__ import annotations

from tests.zoo.reference import Reference

_TIMM = ("s1", "s2", "s3", "s4")
_TORCHVISION = tuple(f"trunk_output.block{stage}" for stage in (1, 2, 3, 4))

# torchvision fits widths to groups by another rule, which makes this network wider than the paper's.
_WIDER = {"round_limit": 0.9}

REFERENCES = (
    Reference("regnetx_002", "regnetx_002", stages=_TIMM, size=64),
    Reference("regnety_002", "regnety_002", stages=_TIMM, size=64),
    Reference("regnety_016", "regnety_016", stages=_TIMM, size=64),
    Reference("regnety_004", "regnet_y_400mf", "torchvision", stages=_TORCHVISION, size=64),
    Reference("regnetx_004", "regnet_x_400mf", "torchvision", stages=_TORCHVISION, size=64, options=_WIDER),
)

COUNTED = {
    **{f"regnetx_{size}": f"regnetx_{size}" for size in ("004", "006", "008", "016", "032", "040", "064", "080")},
    **{f"regnetx_{size}": f"regnetx_{size}" for size in ("120", "160", "320")},
    **{f"regnety_{size}": f"regnety_{size}" for size in ("004", "006", "008", "032", "040", "064", "080")},
    **{f"regnety_{size}": f"regnety_{size}" for size in ("120", "160", "320")},
}
