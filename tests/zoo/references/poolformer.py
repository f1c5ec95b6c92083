"""PoolFormer: `timm.models.metaformer`."""

from __future__ import annotations

from tests.zoo.reference import Reference

_STAGES = ("stages.0", "stages.1", "stages.2", "stages.3")

REFERENCES = (
    Reference("poolformer_s12", "poolformer_s12", stages=_STAGES, size=64),
    Reference("poolformer_s24", "poolformer_s24", stages=_STAGES, size=33),
    Reference("poolformerv2_s12", "poolformerv2_s12", stages=_STAGES, size=64),
)

COUNTED = {
    name: name
    for name in (
        *("poolformer_s36", "poolformer_m36", "poolformer_m48"),
        *("poolformerv2_s24", "poolformerv2_s36", "poolformerv2_m36", "poolformerv2_m48"),
    )
}
