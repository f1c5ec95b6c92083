"""BEiT and BEiT v2: `timm.models.beit`."""

from __future__ import annotations

from typing import Any

from tests.zoo.reference import Reference


def _row(name: str, size: int, depth: int, **options: Any) -> Reference:
    """A shallow network on small images beside timm's."""
    both = {"img_size": size, "depth": depth, **options}
    stages = tuple(f"blocks.{index}" for index in range(depth))
    return Reference(name, name, size=size, options=both, their_options=both, stages=stages, prefix=1)


REFERENCES = (
    _row("beit_base_patch16_224", 64, 3),
    _row("beit_large_patch16_384", 48, 1, global_pool="token", use_abs_pos_emb=True),
    _row("beitv2_base_patch16_224", 48, 2, use_rel_pos_bias=False, use_abs_pos_emb=True, qkv_bias=False),
)

COUNTED = {
    name: name
    for name in (
        "beit_base_patch16_224",
        "beit_base_patch16_384",
        "beit_large_patch16_512",
        "beitv2_large_patch16_224",
    )
}
