"""Resizing of images."""

from __future__ import annotations

from collections.abc import Sequence

from polynet.nn.rules.shape import upsample
from polynet.types import Tensor
from polynet_megengine.module import Module
from polynet_megengine.ops.resize import interpolate


class Upsample(Module):
    """Resizes to `size` or by `scale_factor`."""

    def __init__(
        self,
        size: int | Sequence[int] | None = None,
        scale_factor: float | Sequence[float] | None = None,
        mode: str = "nearest",
        align_corners: bool | None = None,
        recompute_scale_factor: bool | None = None,
    ) -> None:
        upsample(type(self).__name__, size, scale_factor, mode, align_corners, recompute_scale_factor)
        super().__init__()
        self.size, self.scale_factor, self.mode = size, scale_factor, mode
        self.align_corners, self.recompute_scale_factor = align_corners, recompute_scale_factor

    def forward(self, input: Tensor) -> Tensor:
        """Resize `(N, C, …)`."""
        size, factor = self.size, self.scale_factor
        if factor is not None and self.recompute_scale_factor:
            lengths = input.shape[2:]
            factors = (factor,) * len(lengths) if isinstance(factor, int | float) else tuple(factor)
            size, factor = tuple(int(each * by) for each, by in zip(lengths, factors, strict=True)), None
        return interpolate(input, size, factor, self.mode, self.align_corners)

    def extra_repr(self) -> str:
        """The arguments."""
        wanted = f"scale_factor={self.scale_factor}" if self.size is None else f"size={self.size}"
        return f"{wanted}, mode={self.mode!r}"
