"""The gradient of a convolution for its weight, from operations that are fast on a CPU.

MegEngine's own kernel for it is a naive loop on x86: 20-90 times slower than torch's. Here the taps of the kernel
become columns of a matrix (im2col; Chellapilla et al., 2006) and the gradient one matrix product, or, for depthwise
kernels, a grouped convolution of the input by the output gradient. Which is fastest where was measured: `_strategy`.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import megengine.functional as F

from polynet.types import Tensor
from polynet_megengine.slicing import native_getitem

_COLUMN_LIMIT = 1 << 25
"""Elements of a column matrix (128 MB in float32) above which the batch is worked off in parts."""

_FEW_CHANNELS = 4
"""Up to so many input channels a sliding window is cheaper than slices, whose rows would be too few for the product."""

_NARROW_GROUP = 16
"""Below so many channels per group a product per group and channel beats one per group."""


@dataclass(frozen=True)
class Geometry:
    """A convolution's numbers, one per spatial dimension.

    Attributes:
        kernel: Kernel size.
        stride: Step.
        padding: Zeros added on both sides.
        dilation: Spacing of the taps.
        groups: Groups of channels.
    """

    kernel: tuple[int, ...]
    stride: tuple[int, ...]
    padding: tuple[int, ...]
    dilation: tuple[int, ...]
    groups: int

    @property
    def taps(self) -> list[tuple[int, ...]]:
        """Positions within the kernel, in row-major order."""
        return list(itertools.product(*map(range, self.kernel)))

    def output_size(self, size: Sequence[int]) -> tuple[int, ...]:
        """The output's size, of an input of this size."""
        numbers = zip(size, self.kernel, self.stride, self.padding, self.dilation, strict=True)
        return tuple(
            (count + 2 * pad - space * (taps - 1) - 1) // step + 1 for count, taps, step, pad, space in numbers
        )


def shape_of(x: Tensor) -> tuple[int, ...]:
    """The shape as Python integers; `x.shape` is a tensor while `jit.trace` records."""
    shape: tuple[int, ...] = x._tuple_shape
    return shape


def bordered(x: Tensor, border: Sequence[int], value: float) -> Tensor:
    """`(N, C, …)` with a border on both sides of its spatial dimensions; several times faster than the native `pad`.

    Args:
        x: Images, or a view of them.
        border: Width on either side, one per spatial dimension.
        value: What the border is filled with.
    """
    images, channels, *size = shape_of(x)
    whole = (images, channels, *(count + 2 * width for count, width in zip(size, border, strict=True)))
    options = {"dtype": x.dtype, "device": x.device}
    filled = F.full(whole, value, **options) if value else F.zeros(whole, **options)
    inside = [slice(width, width + count) for count, width in zip(size, border, strict=True)]
    filled[tuple([slice(None), slice(None), *inside])] = x  # noqa: C409  # mypy takes a starred tuple for newer syntax
    return filled


def weight_gradient(x: Tensor, dy: Tensor, geometry: Geometry) -> Tensor:
    """Gradient of a convolution's output, summed with `dy`, for its weight.

    Args:
        x: Input `(N, C, …)`.
        dy: Gradient of the output `(N, O, …)`.
        geometry: The convolution.

    Returns:
        `(G, O/G, C/G, *kernel)`, to be reshaped to the weight's own layout.
    """
    if shape_of(x)[0] == 0:
        return F.zeros((geometry.groups, *_group_widths(x, dy, geometry), *geometry.kernel), device=x.device)
    compute = _strategy(x, dy, geometry)
    if compute is _depthwise:
        return _depthwise(x, dy, geometry)
    positions = _count(shape_of(dy)[2:])
    per_image = positions * shape_of(x)[1] * _count(geometry.kernel)
    step = max(1, _COLUMN_LIMIT // max(per_image, 1))
    count = shape_of(x)[0]
    parts = [compute(x[at : at + step], dy[at : at + step], geometry) for at in range(0, count, step)]
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    return total


def _strategy(x: Tensor, dy: Tensor, geometry: Geometry) -> Callable[[Tensor, Tensor, Geometry], Tensor]:
    spatial = len(geometry.kernel)
    if _count(geometry.kernel) == 1:
        return _pointwise
    width = shape_of(x)[1] // geometry.groups
    undilated = spatial == 2 and set(geometry.dilation) == {1}
    if geometry.groups > 1 and spatial == 2:
        if width == 1 and shape_of(dy)[1] == shape_of(x)[1] and set(geometry.stride) == {1}:
            return _depthwise
        if width < _NARROW_GROUP and undilated:
            return _windows_per_channel
    if geometry.groups == 1 and undilated:
        if width <= _FEW_CHANNELS:
            return _windows_per_channel if max(geometry.kernel) < geometry.stride[0] * 4 else _windows_last
        if max(geometry.stride) > 1:
            return _windows_first
    return _slices


def _pointwise(x: Tensor, dy: Tensor, geometry: Geometry) -> Tensor:
    """1x1 kernels: one matrix product per group, over images too where the product is wide."""
    x = _strided(_padded(x, geometry), (0,) * len(geometry.kernel), shape_of(dy)[2:], geometry)
    groups, (outputs, inputs) = geometry.groups, _group_widths(x, dy, geometry)
    count, positions = shape_of(x)[0], _count(shape_of(dy)[2:])
    if groups == 1 and outputs * inputs < positions:
        product = F.matmul(dy.reshape(count, outputs, positions), x.reshape(count, inputs, positions), transpose_b=True)
        product = product.sum(0) if count > 1 else product
    else:
        product = F.matmul(_grouped_rows(dy, groups), _grouped_rows(x, groups), transpose_b=True)
    return product.reshape(groups, outputs, inputs, *geometry.kernel)


def _slices(x: Tensor, dy: Tensor, geometry: Geometry) -> Tensor:
    """Any convolution: one shifted slice of the input per tap, all in one matrix product per group."""
    groups, (outputs, inputs) = geometry.groups, _group_widths(x, dy, geometry)
    rows = _grouped_rows(dy, groups)
    swapped = _padded(_images_behind_channels(x), geometry)
    columns = [_strided(swapped, tap, shape_of(dy)[2:], geometry).reshape(groups, inputs, -1) for tap in geometry.taps]
    product = F.matmul(rows, F.concat(columns, 1) if len(columns) > 1 else columns[0], transpose_b=True)
    product = product.reshape(groups, outputs, len(columns), inputs)
    return product.transpose(0, 1, 3, 2).reshape(groups, outputs, inputs, *geometry.kernel)


def _windows(x: Tensor, geometry: Geometry) -> Tensor:
    return F.sliding_window(x, geometry.kernel, geometry.padding, geometry.stride)


def _windows_first(x: Tensor, dy: Tensor, geometry: Geometry) -> Tensor:
    """Dense strided convolutions: sliding windows, laid out as rows of taps."""
    outputs, inputs = shape_of(dy)[1], shape_of(x)[1]
    columns = _windows(x, geometry).transpose(1, 4, 5, 0, 2, 3).reshape(inputs * _count(geometry.kernel), -1)
    product = F.matmul(_grouped_rows(dy, 1)[0], columns, transpose_b=True)
    return product.reshape(1, outputs, inputs, *geometry.kernel)


def _windows_last(x: Tensor, dy: Tensor, geometry: Geometry) -> Tensor:
    """Few input channels, such as the patches of an image: sliding windows, laid out as columns of taps."""
    outputs, inputs, taps = shape_of(dy)[1], shape_of(x)[1], _count(geometry.kernel)
    windows = _windows(_images_behind_channels(x), geometry).reshape(inputs, -1, taps)
    columns = windows.transpose(1, 0, 2).reshape(-1, inputs * taps)
    return F.matmul(_grouped_rows(dy, 1)[0], columns).reshape(1, outputs, inputs, *geometry.kernel)


def _windows_per_channel(x: Tensor, dy: Tensor, geometry: Geometry) -> Tensor:
    """Narrow groups: the windows need no rearranging where each image and channel has a product of its own."""
    groups, (outputs, inputs) = geometry.groups, _group_widths(x, dy, geometry)
    count, positions = shape_of(x)[0], _count(shape_of(dy)[2:])
    windows = _windows(x, geometry).reshape(count, groups, inputs, positions, _count(geometry.kernel))
    rows = dy.reshape(count, groups, 1, outputs, positions)
    if inputs > 1:
        rows = F.broadcast_to(rows, (count, groups, inputs, outputs, positions))
    product = F.matmul(rows, windows)
    product = product.sum(0) if count > 1 else product[0]
    return product.transpose(0, 2, 1, 3).reshape(groups, outputs, inputs, *geometry.kernel)


def _depthwise(x: Tensor, dy: Tensor, geometry: Geometry) -> Tensor:
    """Depthwise kernels of stride 1: the input convolved by the output gradient, images as channels."""
    count, channels, *size = shape_of(x)
    images = _images_behind_channels(x).reshape(1, channels * count, *size)
    kernels = _images_behind_channels(dy).reshape(channels, 1, count, *shape_of(dy)[2:])
    product = F.conv2d(images, kernels, None, geometry.dilation, geometry.padding, 1, channels)
    height, width = geometry.kernel
    return product[:, :, :height, :width].reshape(channels, 1, 1, height, width)


def _strided(x: Tensor, tap: Sequence[int], size: Sequence[int], geometry: Geometry) -> Tensor:
    """What one tap of the kernel sees of a padded tensor."""
    if set(geometry.stride) == {1} and tuple(shape_of(x)[2:]) == tuple(size):
        return x
    places = [
        slice(at * spacing, at * spacing + (count - 1) * step + 1, step)
        for at, spacing, count, step in zip(tap, geometry.dilation, size, geometry.stride, strict=True)
    ]
    # The view itself: what follows copies it in any case, so the safety of a copied slice would cost a second copy.
    return native_getitem(x, (slice(None), slice(None), *places))


def _padded(x: Tensor, geometry: Geometry) -> Tensor:
    return bordered(x, geometry.padding, 0.0) if any(geometry.padding) else x


def _images_behind_channels(x: Tensor) -> Tensor:
    """`(N, C, …)` as `(C, N, …)`."""
    return F.swapaxes(x, 0, 1) if shape_of(x)[0] > 1 else x.reshape(shape_of(x)[1], 1, *shape_of(x)[2:])


def _grouped_rows(x: Tensor, groups: int) -> Tensor:
    """`(N, C, …)` as `(G, C/G, N * …)`."""
    return _images_behind_channels(x).reshape(groups, shape_of(x)[1] // groups, -1)


def _group_widths(x: Tensor, dy: Tensor, geometry: Geometry) -> tuple[int, int]:
    return shape_of(dy)[1] // geometry.groups, shape_of(x)[1] // geometry.groups


def _count(sizes: Sequence[int]) -> int:
    count = 1
    for size in sizes:
        count *= size
    return count
