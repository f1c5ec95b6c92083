"""Enlarging and shrinking by interpolation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from polynet.nn.module import Module
from polynet.nn.rules import shape as shape_rules

if TYPE_CHECKING:
    from polynet.ops.arguments import IntOrInts


class Upsample(Module, native="Upsample", rule=shape_rules.upsample):
    """Resizes by interpolation. Give either `size` or `scale_factor`.

    Args:
        size: The output's lengths, one for all spatial axes or one for each. Default none.
        scale_factor: Output lengths over input lengths. Default none.
        mode: `"nearest"`, `"linear"` (sequences), `"bilinear"` or `"bicubic"` (images), `"trilinear"` (volumes).
            Default `"nearest"`.
        align_corners: Whether the corners' centres stay in place; for the linear and cubic modes only. Default `None`,
            which is `False` there.
        recompute_scale_factor: Recompute the scale from the rounded output size. Default `None`, which is `False`.

    Shapes:
        `(N, C, H, W)` to `(N, C, H', W')`; sequences and volumes likewise.

    Source:
        `torch.nn.Upsample`.

    Example:
        >>> nn.Upsample(scale_factor=2)(ops.tensor([[[1.0, 2.0]]])).tolist()
        [[[1.0, 1.0, 2.0, 2.0]]]
    """

    if TYPE_CHECKING:

        def __init__(
            self,
            size: IntOrInts | None = None,
            scale_factor: float | Sequence[float] | None = None,
            mode: str = "nearest",
            align_corners: bool | None = None,
            recompute_scale_factor: bool | None = None,
        ) -> None: ...
