"""LeViT: `timm.models.levit`."""

from __future__ import annotations

from tests.zoo.reference import Reference


def _row(name: str, size: int = 64, *, distilled: bool = True) -> Reference:
    return Reference(
        name,
        name,
        size=size,
        options={"img_size": size, "distilled": distilled},
        their_options={"img_size": size, "distilled": distilled},
        stages=("stages.0", "stages.1", "stages.2"),
        prefix=0,
        gain=0.6,
    )


REFERENCES = (
    _row("levit_128s", 224),
    # A grid that halving rounds up: 5, 3 and 2 places to a side.
    _row("levit_128", 80, distilled=False),
    _row("levit_192"),
    _row("levit_256", 32),
    _row("levit_384"),
)
