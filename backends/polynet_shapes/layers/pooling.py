"""Pooling layers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from polynet_shapes.dtypes import INDEX
from polynet_shapes.layers.functional import Functional
from polynet_shapes.ops import pooling as ops
from polynet_shapes.tensor import ShapeTensor


def _with_indices(output: ShapeTensor, wanted: bool) -> Any:
    return (output, ShapeTensor(output.shape, INDEX)) if wanted else output


class _MaxPool(Functional):
    """Maxima of sliding windows."""

    kept = ("kernel_size", "stride", "padding", "dilation", "ceil_mode")

    def __init__(
        self,
        kernel_size: int | Sequence[int],
        stride: int | Sequence[int] | None = None,
        padding: int | Sequence[int] = 0,
        dilation: int | Sequence[int] = 1,
        return_indices: bool = False,
        ceil_mode: bool = False,
    ) -> None:
        super().__init__()
        self.kernel_size, self.padding, self.dilation = kernel_size, padding, dilation
        self.stride = kernel_size if stride is None else stride
        self.return_indices, self.ceil_mode = return_indices, ceil_mode

    def forward(self, input: ShapeTensor) -> Any:
        """Pool; with the indices where asked for."""
        return _with_indices(super().forward(input), self.return_indices)


class MaxPool1d(_MaxPool):
    """Maxima of windows of sequences."""

    operation = ops.max_pool1d


class MaxPool2d(_MaxPool):
    """Maxima of windows of images."""

    operation = ops.max_pool2d


class MaxPool3d(_MaxPool):
    """Maxima of windows of volumes."""

    operation = ops.max_pool3d


class AvgPool1d(Functional):
    """Means of windows of sequences."""

    operation = ops.avg_pool1d
    kept: ClassVar[tuple[str, ...]] = ("kernel_size", "stride", "padding", "ceil_mode", "count_include_pad")

    def __init__(
        self,
        kernel_size: int | Sequence[int],
        stride: int | Sequence[int] | None = None,
        padding: int | Sequence[int] = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
    ) -> None:
        super().__init__()
        self.kernel_size, self.padding = kernel_size, padding
        self.stride = kernel_size if stride is None else stride
        self.ceil_mode, self.count_include_pad = ceil_mode, count_include_pad


class AvgPool2d(AvgPool1d):
    """Means of windows of images."""

    operation = ops.avg_pool2d
    kept = (*AvgPool1d.kept, "divisor_override")

    def __init__(
        self,
        kernel_size: int | Sequence[int],
        stride: int | Sequence[int] | None = None,
        padding: int | Sequence[int] = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: int | None = None,
    ) -> None:
        super().__init__(kernel_size, stride, padding, ceil_mode, count_include_pad)
        self.divisor_override = divisor_override


class AvgPool3d(AvgPool2d):
    """Means of windows of volumes."""

    operation = ops.avg_pool3d


class _Adaptive(Functional):
    """Windows fitted to an output size."""

    kept = ("output_size",)

    def __init__(self, output_size: int | Sequence[int | None]) -> None:
        super().__init__()
        self.output_size = output_size


class _AdaptiveMax(_Adaptive):
    """Maxima of windows fitted to an output size."""

    def __init__(self, output_size: int | Sequence[int | None], return_indices: bool = False) -> None:
        super().__init__(output_size)
        self.return_indices = return_indices

    def forward(self, input: ShapeTensor) -> Any:
        """Pool; with the indices where asked for."""
        return _with_indices(super().forward(input), self.return_indices)


class AdaptiveAvgPool1d(_Adaptive):
    """Means of shares of sequences."""

    operation = ops.adaptive_avg_pool1d


class AdaptiveAvgPool2d(_Adaptive):
    """Means of shares of images."""

    operation = ops.adaptive_avg_pool2d


class AdaptiveAvgPool3d(_Adaptive):
    """Means of shares of volumes."""

    operation = ops.adaptive_avg_pool3d


class AdaptiveMaxPool1d(_AdaptiveMax):
    """Maxima of shares of sequences."""

    operation = ops.adaptive_max_pool1d


class AdaptiveMaxPool2d(_AdaptiveMax):
    """Maxima of shares of images."""

    operation = ops.adaptive_max_pool2d


class AdaptiveMaxPool3d(_AdaptiveMax):
    """Maxima of shares of volumes."""

    operation = ops.adaptive_max_pool3d
