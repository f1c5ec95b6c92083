"""EVA and EVA-02: `timm.models.eva`."""

from __future__ import annotations

from typing import Any

from tests.zoo.reference import Reference


def _row(name: str, patches: int, *, depth: int = 2, **options: Any) -> Reference:
    """A shallow network on small images beside timm's, with as many patches to a side as given."""
    side = 14 * patches
    both = {"img_size": side, "depth": depth, **options}
    return Reference(
        name,
        name,
        size=side,
        options=both,
        their_options={**both, "num_classes": 1000},
        stages=tuple(f"blocks.{index}" for index in range(depth)),
        prefix=1,
    )


REFERENCES = (
    _row("eva02_tiny_patch14_336", 3, depth=12),
    # As many patches as turning is spread over, and another number.
    _row("eva02_small_patch14_224", 16),
    _row("eva02_base_patch14_224", 2),
    _row("eva02_large_patch14_448", 3, depth=1, global_pool="token"),
    _row("eva_giant_patch14_224", 2, depth=1),
)

COUNTED = {
    name: name
    for name in (
        "eva02_small_patch14_336",
        "eva02_base_patch14_448",
        "eva02_large_patch14_448",
        "eva_giant_patch14_224",
        "eva_giant_patch14_560",
    )
}
