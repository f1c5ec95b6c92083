"""CaiT: `timm.models.cait`."""

from __future__ import annotations

from tests.zoo.reference import Reference


def _row(name: str, depth: int) -> Reference:
    both = {"img_size": 48, "depth": depth}
    stages = tuple(f"blocks.{index}" for index in range(depth))
    return Reference(name, name, size=48, options=both, their_options=both, stages=stages, prefix=0)


REFERENCES = (
    _row("cait_xxs24_224", 24),
    _row("cait_xs24_384", 3),
    _row("cait_s24_224", 2),
    _row("cait_m36_384", 1),
)

COUNTED = {
    name: name
    for name in (
        "cait_xxs24_384",
        "cait_xxs36_224",
        "cait_xxs36_384",
        "cait_s24_384",
        "cait_s36_384",
        "cait_m36_384",
        "cait_m48_448",
    )
}
