"""Pooling: one rule for sliding windows and one for windows fitted to an output size."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from polynet.errors import InputError, OptionError
from polynet_shapes.rules import as_int, per_axis, split_spatial, windows
from polynet_shapes.tensor import ShapeTensor

__all__ = [
    "adaptive_avg_pool1d",
    "adaptive_avg_pool2d",
    "adaptive_avg_pool3d",
    "adaptive_max_pool1d",
    "adaptive_max_pool2d",
    "adaptive_max_pool3d",
    "avg_pool1d",
    "avg_pool2d",
    "avg_pool3d",
    "max_pool1d",
    "max_pool2d",
    "max_pool3d",
]


def _pooled(
    name: str, spatial: int, input: ShapeTensor, kernel: Any, stride: Any, padding: Any, dilation: Any, ceil_mode: bool
) -> ShapeTensor:
    batch, channels, lengths = split_spatial(input.shape, spatial, name)
    sizes, spread = per_axis(kernel, spatial, name, "kernel_size"), per_axis(dilation, spatial, name, "dilation")
    amounts = per_axis(padding, spatial, name, "padding")
    if any(2 * amount > size for amount, size in zip(amounts, sizes, strict=True)):
        message = f"{name}: padding {list(amounts)} must be at most half the window {list(sizes)}."
        raise OptionError(message)
    given = stride is not None and not (isinstance(stride, Sequence) and not stride)
    steps = per_axis(stride, spatial, name, "stride") if given else sizes
    counts = windows(name, lengths, sizes, steps, amounts, spread, ceil_mode=ceil_mode)
    return input.like((*batch, channels, *counts))


def _max_pool(spatial: int) -> Callable[..., ShapeTensor]:
    name = f"max_pool{spatial}d"

    def operation(
        input: ShapeTensor,
        kernel_size: int | Sequence[int],
        stride: int | Sequence[int] | None = None,
        padding: int | Sequence[int] = 0,
        dilation: int | Sequence[int] = 1,
        ceil_mode: bool = False,
    ) -> ShapeTensor:
        return _pooled(name, spatial, input, kernel_size, stride, padding, dilation, ceil_mode)

    operation.__name__ = operation.__qualname__ = name
    return operation


def avg_pool1d(
    input: ShapeTensor,
    kernel_size: int | Sequence[int],
    stride: int | Sequence[int] | None = None,
    padding: int | Sequence[int] = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> ShapeTensor:
    """As many means as windows."""
    return _pooled("avg_pool1d", 1, input, kernel_size, stride, padding, 1, ceil_mode)


def _avg_pool(spatial: int) -> Callable[..., ShapeTensor]:
    name = f"avg_pool{spatial}d"

    def operation(
        input: ShapeTensor,
        kernel_size: int | Sequence[int],
        stride: int | Sequence[int] | None = None,
        padding: int | Sequence[int] = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: int | None = None,
    ) -> ShapeTensor:
        if divisor_override == 0:
            message = f"{name}: divisor_override must not be 0."
            raise OptionError(message)
        return _pooled(name, spatial, input, kernel_size, stride, padding, 1, ceil_mode)

    operation.__name__ = operation.__qualname__ = name
    return operation


def _adaptive(name: str, spatial: int) -> Callable[[ShapeTensor, Any], ShapeTensor]:
    def operation(input: ShapeTensor, output_size: int | Sequence[int | None]) -> ShapeTensor:
        batch, channels, lengths = split_spatial(input.shape, spatial, name)
        wanted: tuple[Any, ...] = (output_size,) * spatial
        if isinstance(output_size, Sequence) and not isinstance(output_size, str):
            wanted = tuple(output_size)
        if len(wanted) != spatial:
            message = f"{name}: output_size must be one number or {spatial}, not {output_size!r}."
            raise OptionError(message)
        sizes = tuple(
            length if size is None else as_int(size, name, "output_size")
            for size, length in zip(wanted, lengths, strict=True)
        )
        if any(size < 0 for size in sizes) or any(length < 1 for length in lengths):
            message = f"{name}: an input of {list(lengths)} cannot be pooled to {list(sizes)}."
            raise InputError(message)
        return input.like((*batch, channels, *sizes))

    operation.__name__ = operation.__qualname__ = name
    return operation


max_pool1d, max_pool2d, max_pool3d = (_max_pool(spatial) for spatial in (1, 2, 3))
avg_pool2d, avg_pool3d = (_avg_pool(spatial) for spatial in (2, 3))
adaptive_avg_pool1d, adaptive_avg_pool2d, adaptive_avg_pool3d = (
    _adaptive(f"adaptive_avg_pool{spatial}d", spatial) for spatial in (1, 2, 3)
)
adaptive_max_pool1d, adaptive_max_pool2d, adaptive_max_pool3d = (
    _adaptive(f"adaptive_max_pool{spatial}d", spatial) for spatial in (1, 2, 3)
)
