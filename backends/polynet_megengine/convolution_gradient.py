"""Convolutions whose training is fast on a CPU: MegEngine's forward kernels with gradients of our own.

While nothing records, and on any other device, the native operation is called and nothing else, but for outputs of a
few positions, on which it crawls. Gradients are of first
order: differentiating them again is not supported, as the operations of a `Function` are hidden from the recorder.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import megengine.functional as F
import numpy as np
from megengine.autodiff import Function
from megengine.core import _config
from megengine.core._imperative_rt.core2 import apply, get_grad_key
from megengine.core.ops import builtin
from megengine.core.tensor import amp
from megengine.core.tensor.utils import astensor1d
from megengine.functional.debug_param import get_execution_strategy

from polynet.types import Tensor
from polynet_megengine.convolution_weight_gradient import Geometry, shape_of, weight_gradient
from polynet_megengine.half_precision import HALF, is_half_on_cpu, on_cpu, widened
from polynet_megengine.ops._tensors import values_are_readable
from polynet_megengine.slicing import native_getitem
from polynet_megengine.visible_taps import Taps, cut, put_back, visible_taps

Sizes = int | Sequence[int]

_SMALL = 64
"""Positions of an input below which its output may have very few."""


def convolve(
    x: Tensor, weight: Tensor, bias: Tensor | None, stride: Sizes, padding: Sizes, dilation: Sizes, groups: int
) -> Tensor:
    """Convolve in two or three dimensions.

    Args:
        x: `(N, C, …)`.
        weight: MegEngine's layout: `(O, C, *kernel)`, or `(G, O/G, C/G, *kernel)` with `groups` above 1.
        bias: `(1, O, 1, …)` or `None`.
        stride: Step, one for all dimensions or one each.
        padding: Zeros on both sides.
        dilation: Spacing of the taps.
        groups: Groups of channels.
    """
    if is_half_on_cpu(x, weight):
        bias = widened(bias)
        return convolve(widened(x), widened(weight), bias, stride, padding, dilation, groups).astype(HALF)
    if not on_cpu(x):
        return _native(weight.ndim - (2 if groups == 1 else 3))(x, weight, bias, stride, padding, dilation, groups)
    if get_grad_key((x, weight)) is None:
        if groups == 1 and weight.ndim == 4 and math.prod(shape_of(x)[2:]) < _SMALL:
            geometry = _geometry(weight, stride, padding, dilation, groups)
            part = _visible_part(x, geometry)
            output = _forward(x, weight, geometry) if part is None else _forward(x, cut(weight, part[0]), part[1])
            return output if bias is None else output + bias
        return _native(weight.ndim - (2 if groups == 1 else 3))(x, weight, bias, stride, padding, dilation, groups)
    geometry = _geometry(weight, stride, padding, dilation, groups)
    output = _Convolution(geometry)(x, weight)
    return output if bias is None else output + bias


def convolve_transposed(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    stride: Sizes,
    padding: Sizes,
    output_padding: Sizes,
    dilation: Sizes,
    groups: int,
) -> Tensor:
    """Transposed convolution in two or three dimensions.

    `weight` is `(C, O, *kernel)`, or `(G, C/G, O/G, *kernel)` with `groups` above 1; `output_padding` adds rows at the
    end of each output dimension. The other arguments are those of `convolve`.
    """
    if is_half_on_cpu(x, weight):
        x, weight, bias = widened(x), widened(weight), widened(bias)
        output = convolve_transposed(x, weight, bias, stride, padding, output_padding, dilation, groups)
        return output.astype(HALF)
    geometry = _geometry(weight, stride, padding, dilation, groups)
    spatial = len(geometry.kernel)
    extra = (output_padding,) * spatial if isinstance(output_padding, int) else tuple(output_padding)
    size = tuple(
        (count - 1) * step - 2 * pad + spacing * (taps - 1) + more + 1
        for count, step, pad, spacing, taps, more in zip(
            shape_of(x)[2:], geometry.stride, geometry.padding, geometry.dilation, geometry.kernel, extra, strict=True
        )
    )
    if get_grad_key((x, weight)) is None or not on_cpu(x):
        output = _backward_data(x, weight, size, geometry)
    else:
        output = _TransposedConvolution(geometry, size)(x, weight)
    return output if bias is None else output + bias


def _geometry(weight: Tensor, stride: Sizes, padding: Sizes, dilation: Sizes, groups: int) -> Geometry:
    shape = shape_of(weight)
    kernel = tuple(shape[2:] if groups == 1 else shape[3:])
    spatial = len(kernel)

    def each(value: Sizes) -> tuple[int, ...]:
        return (value,) * spatial if isinstance(value, int) else tuple(value)

    return Geometry(kernel, each(stride), each(padding), each(dilation), groups)


class _Differentiable(Function):
    """What the two directions share: which gradients are wanted, and float32 while computing them."""

    def __init__(self, geometry: Geometry) -> None:
        self.geometry = geometry
        self.wanted = (False, False)
        self.whole: Tensor | None = None
        self.taps: Taps = ()

    def __call__(self, *inputs: Tensor) -> Tensor:
        # Asked before `Function` suspends the recorder: a frozen weight, or an image, needs no gradient.
        self.wanted = (get_grad_key(inputs[:1]) is not None, get_grad_key(inputs[1:]) is not None)
        return super().__call__(*inputs)

    def backward(self, dy: Tensor) -> tuple[Tensor | None, Tensor | None]:
        """Gradients for input and weight, each `None` where nobody asked."""
        x, weight = self.saved
        with _full_precision():
            dy, x32, weight32 = (_float32(each) for each in (dy, x, weight))
            dx = self.input_gradient(x32, weight32, dy) if self.wanted[0] else None
            whole = weight if self.whole is None else self.whole
            dw = self.parameter_gradient(x32, dy).reshape(shape_of(whole)) if self.wanted[1] else None
        return _like(dx, x), _like(dw, weight)

    def input_gradient(self, x: Tensor, weight: Tensor, dy: Tensor) -> Tensor:
        raise NotImplementedError

    def parameter_gradient(self, x: Tensor, dy: Tensor) -> Tensor:
        raise NotImplementedError


class _Convolution(_Differentiable):
    def forward(self, x: Tensor, weight: Tensor) -> Tensor:
        part = _visible_part(x, self.geometry)
        if part is not None:
            self.whole = weight
            self.taps, self.geometry = part
            weight = cut(weight, self.taps)
        self.saved = (x, weight)
        return _forward(x, weight, self.geometry)

    def input_gradient(self, x: Tensor, weight: Tensor, dy: Tensor) -> Tensor:
        if _has_few_positions(dy, weight, self.geometry):
            return _from_columns(dy, weight, shape_of(x)[2:], self.geometry)
        flipped = _as_convolution(self.geometry)
        if flipped is not None:
            # The forward kernels are faster than those of the gradient, for grouped convolutions four times.
            return _forward(dy, _flipped(weight, self.geometry), flipped)
        return _backward_data(dy, weight, shape_of(x)[2:], self.geometry)

    def parameter_gradient(self, x: Tensor, dy: Tensor) -> Tensor:
        gradient = weight_gradient(x, dy, self.geometry)
        return gradient if self.whole is None else put_back(gradient, self.whole, self.taps)


class _TransposedConvolution(_Differentiable):
    """The same with input and output changing places."""

    def __init__(self, geometry: Geometry, size: tuple[int, ...]) -> None:
        super().__init__(geometry)
        self.size = size

    def forward(self, x: Tensor, weight: Tensor) -> Tensor:
        self.saved = (x, weight)
        return _backward_data(x, weight, self.size, self.geometry)

    def input_gradient(self, x: Tensor, weight: Tensor, dy: Tensor) -> Tensor:
        return _forward(dy, weight, self.geometry)

    def parameter_gradient(self, x: Tensor, dy: Tensor) -> Tensor:
        return weight_gradient(dy, x, self.geometry)


def _visible_part(x: Tensor, geometry: Geometry) -> tuple[Taps, Geometry] | None:
    """What `visible_taps` says of small images; of others nothing, at next to no cost."""
    if max(geometry.padding) == 0 or not values_are_readable() or math.prod(shape_of(x)[2:]) >= _SMALL:
        return None
    return visible_taps(shape_of(x)[2:], geometry)


def _native(dimensions: int) -> Any:
    """MegEngine's convolution, looked up at each call: `trace_module` puts its recorders into `F`."""
    return F.conv2d if dimensions == 2 else F.conv3d


def _forward(x: Tensor, weight: Tensor, geometry: Geometry) -> Tensor:
    if _gives_few_positions(x, weight, geometry):
        return _by_columns(x, weight, geometry)
    native = _native(len(geometry.kernel))
    return native(x, weight, None, geometry.stride, geometry.padding, geometry.dilation, geometry.groups)


def _gives_few_positions(x: Tensor, weight: Tensor, geometry: Geometry) -> bool:
    """Whether images become so small, 2 by 2 or less, that the native kernels crawl: 100 times slower for 1 by 1."""
    if geometry.groups > 1 or len(geometry.kernel) != 2 or x.dtype != np.float32 or weight.dtype != np.float32:
        return False
    if amp._enabled or not values_are_readable():
        return False
    positions = geometry.output_size(shape_of(x)[2:])
    return shape_of(x)[0] > 0 and min(positions) > 0 and math.prod(positions) <= 4


def _by_columns(x: Tensor, weight: Tensor, geometry: Geometry) -> Tensor:
    """The convolution as one matrix product for all images, with a row for each window."""
    count, outputs = shape_of(x)[0], shape_of(weight)[0]
    height, width = geometry.output_size(shape_of(x)[2:])
    windows = F.sliding_window(x, geometry.kernel, geometry.padding, geometry.stride, geometry.dilation)
    rows = windows.transpose(0, 2, 3, 1, 4, 5).reshape(count * height * width, -1)
    product = F.matmul(rows, weight.reshape(outputs, -1), transpose_b=True).reshape(count, height, width, outputs)
    if height == width == 1:
        return product.reshape(count, outputs, 1, 1)
    # A copy: elementwise kernels cannot be trusted with views beside operands that are broadcast.
    return product.transpose(0, 3, 1, 2) * 1


def _backward_data(dy: Tensor, weight: Tensor, size: Sequence[int], geometry: Geometry) -> Tensor:
    """The native gradient for the input, of the size asked for.

    The operation itself: the functions around it compute the size wrongly for grouped weights.
    """
    options: dict[str, Any] = {
        "strategy": get_execution_strategy(),
        "sparse": "dense" if geometry.groups == 1 else "group",
    }
    if len(geometry.kernel) == 2:
        kind, axes = builtin.ConvolutionBackwardData, "hw"
        options["compute_mode"] = _config._get_actual_op_param("default", _config.__compute_mode)
    else:
        kind, axes = builtin.Convolution3DBackwardData, "dhw"
    for at, axis in enumerate(axes):
        options[f"stride_{axis}"] = geometry.stride[at]
        options[f"pad_{axis}"] = geometry.padding[at]
        options[f"dilate_{axis}"] = geometry.dilation[at]
    channels = shape_of(weight)[1] if geometry.groups == 1 else shape_of(weight)[2] * geometry.groups
    shape = astensor1d((shape_of(dy)[0], channels, *size), dy, dtype="int32", device=dy.device)
    (output,) = apply(kind(**options), weight, dy, shape)
    return output


def _has_few_positions(dy: Tensor, weight: Tensor, geometry: Geometry) -> bool:
    """Whether images are so small and channels so many that one product for all images is fastest."""
    if geometry.groups > 1 or len(geometry.kernel) != 2 or set(geometry.dilation) != {1}:
        return False
    count, _, height, width = shape_of(dy)
    # Columns of several taps have to be added up as well.
    factor = 1 if set(geometry.kernel) == {1} else 4
    return count > 0 and factor * height * width < min(shape_of(weight)[:2])


def _from_columns(dy: Tensor, weight: Tensor, size: Sequence[int], geometry: Geometry) -> Tensor:
    """The input gradient as one matrix product, whose columns are then added up where the windows of the taps lie."""
    count, outputs, height, width = shape_of(dy)
    inputs = shape_of(weight)[1]
    rows = F.swapaxes(dy, 0, 1).reshape(outputs, -1)
    product = F.matmul(weight.reshape(outputs, -1), rows, transpose_a=True)
    if set(geometry.kernel) == {1} and (height, width) == tuple(size):
        # A copy: elementwise kernels cannot be trusted with views beside operands that are broadcast.
        return F.swapaxes(product.reshape(inputs, count, height, width), 0, 1) * 1
    columns = product.reshape(inputs, math.prod(geometry.kernel), count, height, width).transpose(2, 0, 3, 4, 1)
    windows = columns.reshape(count, inputs, height, width, *geometry.kernel)
    return F.nn.sliding_window_transpose(windows, size, geometry.kernel, geometry.padding, geometry.stride)


def _as_convolution(geometry: Geometry) -> Geometry | None:
    """The convolution that computes the input gradient of one of stride 1, where there is one and it is faster."""
    if len(geometry.kernel) != 2 or set(geometry.stride) != {1}:
        return None
    if geometry.groups == 1 and (set(geometry.kernel) == {1} or set(geometry.dilation) != {1}):
        return None
    padding = tuple(
        spacing * (taps - 1) - pad
        for spacing, taps, pad in zip(geometry.dilation, geometry.kernel, geometry.padding, strict=True)
    )
    if min(padding) < 0:
        return None
    return Geometry(geometry.kernel, geometry.stride, padding, geometry.dilation, geometry.groups)


def _flipped(weight: Tensor, geometry: Geometry) -> Tensor:
    """Weights with input and output channels swapped and the taps reversed."""
    if geometry.groups == 1:
        weight = F.swapaxes(weight, 0, 1)
    else:
        groups, outputs, inputs, *kernel = shape_of(weight)
        swapped = (groups, inputs, outputs, *kernel)
        weight = weight.reshape(swapped) if 1 in (outputs, inputs) else F.swapaxes(weight, 1, 2)
    if all(taps == 1 for taps in geometry.kernel):
        return weight
    # The kernels refuse weights that are views, which reversed slices are and products are not.
    return native_getitem(weight, (Ellipsis, slice(None, None, -1), slice(None, None, -1))) * 1


class _full_precision:  # noqa: N801  # reads as the context manager it is
    """Suspend autocasting, which is still on where `backward` is called inside it."""

    def __enter__(self) -> None:
        self.enabled = amp._enabled
        if self.enabled:
            amp._enabled = False
            amp._set_amp_dtype_autocast(False)
            # Autocasting also accumulates in float32, which matrix products of float32 refuse.
            self.execution = _config._reset_execution_config(compute_mode="default")

    def __exit__(self, *_: object) -> None:
        if self.enabled:
            _config._reset_execution_config(*self.execution)
            amp._enabled = True
            amp._set_amp_dtype_autocast(True)


def _float32(tensor: Tensor) -> Tensor:
    return tensor if tensor.dtype == np.float32 else tensor.astype("float32")


def _like(gradient: Tensor | None, tensor: Tensor) -> Tensor | None:
    return gradient if gradient is None or gradient.dtype == tensor.dtype else gradient.astype(tensor.dtype)
