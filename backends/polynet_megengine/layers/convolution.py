"""Convolution layers: MegEngine's own, with torch's arguments and gradients that are fast on a CPU."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import megengine.functional as F
import megengine.module as M

from polynet.errors import InputError
from polynet.nn.arguments import sizes
from polynet.nn.rules.convolution import convolution
from polynet.types import Tensor
from polynet_megengine.convolution_gradient import convolve
from polynet_megengine.module import Module
from polynet_megengine.ops._tensors import tuple_of
from polynet_megengine.ops.convolution import check_fits, resolve_padding, same_padding
from polynet_megengine.ops.padding import pad

from .initialisation import fill_linear

Sizes = int | Sequence[int]


def as_tuples(owner: str, spatial: int, **values: Sizes) -> dict[str, tuple[int, ...]]:
    """Kernel size, stride and the like, one number for each spatial axis."""
    return {name: sizes(owner, name, value, spatial) for name, value in values.items()}


class _Convolution(Module):
    """What the three ranks share, mixed in between MegEngine's layer and our `Module`."""

    _spatial: int

    def _check(
        self, in_channels: int, out_channels: int, groups: int, padding: Sizes | str, mode: str, **values: Sizes
    ) -> dict[str, Any]:
        owner = type(self).__name__
        rule = convolution(self._spatial)
        rule(owner, in_channels, out_channels, groups=groups, padding=padding, padding_mode=mode, **values)
        named = {} if isinstance(padding, str) else {"padding": padding}
        found: dict[str, Any] = as_tuples(owner, self._spatial, **values, **named)
        return {"padding": padding, **found}

    def reset_parameters(self) -> None:
        """Draw weight and bias as torch does; `polynet.nn.initialise` draws them from a seed instead."""
        shape = self.weight.shape
        fan_in = math.prod(shape[1:] if len(shape) == self._spatial + 2 else shape[2:])
        fill_linear(self.weight, self.bias, fan_in)

    def forward(self, input: Tensor) -> Tensor:
        """Convolve `(N, C, …)`, or one image without the first axis."""
        if input.ndim != self._spatial + 2:
            if input.ndim != self._spatial + 1:
                self._refuse(input)
            return F.squeeze(self.forward(F.expand_dims(input, 0)), 0)
        padding = self.padding
        if self.padding_mode != "zeros" or isinstance(padding, str):
            return self._convolve(*self._padded(input))
        return self._convolve(input, padding)

    def _convolve(self, input: Tensor, padding: Sizes) -> Tensor:
        try:
            return convolve(input, self.weight, self.bias, self.stride, padding, self.dilation, self.groups)
        except RuntimeError:
            self._refuse(input, padding)
            raise

    def _padded(self, input: Tensor) -> tuple[Tensor, Sizes]:
        if self.padding_mode == "zeros":
            return resolve_padding(input, self.padding, self.kernel_size, self.stride, self.dilation)
        if self.padding == "valid":
            return input, 0
        if self.padding == "same":
            sides = same_padding(self.kernel_size, self.dilation)
        else:
            sides = [(each, each) for each in self.padding]
        flat = [amount for pair in reversed(sides) for amount in pair]
        return pad(input, flat, self.padding_mode), 0

    def _refuse(self, input: Tensor, padding: Sizes = 0) -> None:
        """Say what is wrong with an input that the framework refused, where it is the input."""
        shape = tuple(input.shape)
        if len(shape) == self._spatial + 2 and shape[1] == self.in_channels and input.dtype.kind == "f":
            pads = tuple_of(padding, self._spatial, "padding")
            layer = f"{type(self).__name__}({self.in_channels}, {self.out_channels})"
            owner = f"{layer} cannot be called with {input.dtype} {shape}. "
            check_fits(shape[2:], self.kernel_size, pads, self.dilation, owner)
            return
        message = (
            f"{type(self).__name__}({self.in_channels}, {self.out_channels}) takes floating-point inputs of shape "
            f"(N, {self.in_channels}{', size' * self._spatial}), not {shape} of {input.dtype}."
        )
        raise InputError(message)


class Conv1d(M.Conv1d, _Convolution):
    """1-d convolution, computed as a 2-d one: natively it fails for groups."""

    _spatial = 1

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Sizes,
        stride: Sizes = 1,
        padding: Sizes | str = 0,
        dilation: Sizes = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
    ) -> None:
        found = self._check(
            in_channels, out_channels, groups, padding, padding_mode,
            kernel_size=kernel_size, stride=stride, dilation=dilation,
        )  # fmt: skip
        kernel = found["kernel_size"][0]
        super().__init__(in_channels, out_channels, kernel, groups=groups, bias=bool(bias), padding_mode=padding_mode)
        for name, value in found.items():
            setattr(self, name, value)

    forward = _Convolution.forward
    reset_parameters = _Convolution.reset_parameters

    def _convolve(self, input: Tensor, padding: Sizes) -> Tensor:
        weight = F.expand_dims(self.weight, -2)
        bias = None if self.bias is None else F.expand_dims(self.bias, -2)
        (stride,), (dilation,), (pads,) = (_single(each) for each in (self.stride, self.dilation, padding))
        rows = F.expand_dims(input, 2)
        try:
            output = convolve(rows, weight, bias, (1, stride), (0, pads), (1, dilation), self.groups)
        except RuntimeError:
            self._refuse(input, padding)
            raise
        return F.squeeze(output, 2)


def _single(value: Sizes) -> tuple[int, ...]:
    return (value,) if isinstance(value, int) else tuple(value)


class Conv2d(M.Conv2d, _Convolution):
    """2-d convolution."""

    _spatial = 2

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Sizes,
        stride: Sizes = 1,
        padding: Sizes | str = 0,
        dilation: Sizes = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
    ) -> None:
        found = self._check(
            in_channels, out_channels, groups, padding, padding_mode,
            kernel_size=kernel_size, stride=stride, dilation=dilation,
        )  # fmt: skip
        super().__init__(
            in_channels, out_channels, found["kernel_size"], groups=groups, bias=bool(bias), padding_mode=padding_mode
        )
        for name, value in found.items():
            setattr(self, name, value)

    forward = _Convolution.forward
    reset_parameters = _Convolution.reset_parameters


class Conv3d(M.Conv3d, _Convolution):
    """3-d convolution."""

    _spatial = 3

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Sizes,
        stride: Sizes = 1,
        padding: Sizes | str = 0,
        dilation: Sizes = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
    ) -> None:
        found = self._check(
            in_channels, out_channels, groups, padding, padding_mode,
            kernel_size=kernel_size, stride=stride, dilation=dilation,
        )  # fmt: skip
        super().__init__(in_channels, out_channels, found["kernel_size"], groups=groups, bias=bool(bias))
        for name, value in found.items():
            setattr(self, name, value)
        self.padding_mode = padding_mode

    forward = _Convolution.forward
    reset_parameters = _Convolution.reset_parameters
