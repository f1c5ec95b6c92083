"""MobileViT: `timm.models.mobilevit`."""

from __future__ import annotations

from tests.zoo.reference import Reference

_STAGES = ("stages.0", "stages.1", "stages.2", "stages.3", "stages.4")

REFERENCES = (
    Reference("mobilevit_xxs", "mobilevit_xxs", stages=_STAGES, size=64),
    # Maps of 9, 5 and 3 pixels a side, which no patches of 2 pixels fill: resized there and back.
    Reference("mobilevit_xs", "mobilevit_xs", stages=_STAGES, size=72),
    Reference("mobilevitv2_050", "mobilevitv2_050", stages=_STAGES, size=64),
    Reference("mobilevitv2_075", "mobilevitv2_075", stages=_STAGES, size=72),
)

COUNTED = {
    name: name
    for name in (
        *("mobilevit_s", "mobilevitv2_100", "mobilevitv2_125", "mobilevitv2_150"),
        *("mobilevitv2_175", "mobilevitv2_200"),
    )
}
