"""Transposed convolution layers with torch's arguments."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import megengine
import megengine.module as M
import numpy as np

from polynet.errors import InputError, UnsupportedError
from polynet.nn.rules.convolution import transposed_convolution
from polynet.types import Tensor
from polynet_megengine.convolution_gradient import convolve_transposed
from polynet_megengine.module import Module
from polynet_megengine.ops.convolution import conv_transpose1d

from .convolution import as_tuples
from .initialisation import fill_linear

Sizes = int | Sequence[int]


class _Transposed(Module):
    """What the ranks share, mixed in between MegEngine's layer and our `Module`."""

    _spatial: int

    def _check(self, in_channels: int, out_channels: int, groups: int, mode: str, **values: Sizes) -> dict[str, Any]:
        owner = type(self).__name__
        if mode != "zeros":
            message = f"{owner}: padding_mode={mode!r} must be 'zeros', the only one transposed convolutions have."
            raise UnsupportedError(message)
        transposed_convolution(self._spatial)(owner, in_channels, out_channels, groups=groups, **values)
        return dict(as_tuples(owner, self._spatial, **values))

    def reset_parameters(self) -> None:
        """Draw weight and bias as torch does."""
        shape = self.weight.shape
        fan_in = math.prod(shape[1:] if len(shape) == self._spatial + 2 else shape[2:])
        fill_linear(self.weight, self.bias, fan_in)

    def forward(self, input: Tensor, output_size: Sequence[int] | None = None) -> Tensor:
        """Convolve `(N, C, …)`; `output_size` chooses among the sizes that the stride leaves open."""
        if input.ndim != self._spatial + 2 or input.shape[1] != self.in_channels:
            message = (
                f"{type(self).__name__}({self.in_channels}, {self.out_channels}) takes inputs of shape "
                f"(N, {self.in_channels}{', size' * self._spatial}), not {tuple(input.shape)}."
            )
            raise InputError(message)
        extra = self.output_padding if output_size is None else self._extra(input, output_size)
        return self._convolve(input, extra)

    def _convolve(self, input: Tensor, extra: Sizes) -> Tensor:
        return convolve_transposed(
            input, self.weight, self.bias, self.stride, self.padding, extra, self.dilation, self.groups
        )

    def _extra(self, input: Tensor, output_size: Sequence[int]) -> tuple[int, ...]:
        wanted = tuple(output_size)[-self._spatial :]
        smallest = [
            (count - 1) * step - 2 * pad + spacing * (taps - 1) + 1
            for count, step, pad, spacing, taps in zip(
                input.shape[2:], self.stride, self.padding, self.dilation, self.kernel_size, strict=True
            )
        ]
        extra = tuple(size - least for size, least in zip(wanted, smallest, strict=True))
        if any(not 0 <= each < step for each, step in zip(extra, self.stride, strict=True)):
            largest = tuple(least + step - 1 for least, step in zip(smallest, self.stride, strict=True))
            message = f"output_size={wanted} must lie between {tuple(smallest)} and {largest}."
            raise InputError(message)
        return extra


class ConvTranspose1d(_Transposed):
    """1-d transposed convolution; MegEngine has none."""

    _spatial = 1

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Sizes,
        stride: Sizes = 1,
        padding: Sizes = 0,
        output_padding: Sizes = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Sizes = 1,
        padding_mode: str = "zeros",
    ) -> None:
        found = self._check(
            in_channels, out_channels, groups, padding_mode, kernel_size=kernel_size, stride=stride,
            padding=padding, output_padding=output_padding, dilation=dilation,
        )  # fmt: skip
        super().__init__()
        self.in_channels, self.out_channels, self.groups = in_channels, out_channels, groups
        for name, value in found.items():
            setattr(self, name, value)
        shape = (in_channels, out_channels // groups, *found["kernel_size"])
        self.weight = megengine.Parameter(np.zeros(shape, np.float32))
        self.bias = megengine.Parameter(np.zeros(out_channels, np.float32)) if bias else None
        self.reset_parameters()

    def _convolve(self, input: Tensor, extra: Sizes) -> Tensor:
        return conv_transpose1d(
            input, self.weight, self.bias, self.stride, self.padding, extra, self.groups, self.dilation
        )

    def extra_repr(self) -> str:
        """The arguments that matter."""
        return f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, stride={self.stride}"


class ConvTranspose2d(M.ConvTranspose2d, _Transposed):
    """2-d transposed convolution."""

    _spatial = 2

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Sizes,
        stride: Sizes = 1,
        padding: Sizes = 0,
        output_padding: Sizes = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Sizes = 1,
        padding_mode: str = "zeros",
    ) -> None:
        found = self._check(
            in_channels, out_channels, groups, padding_mode, kernel_size=kernel_size, stride=stride,
            padding=padding, output_padding=output_padding, dilation=dilation,
        )  # fmt: skip
        super().__init__(in_channels, out_channels, groups=groups, bias=bool(bias), **found)
        self.padding_mode = padding_mode

    forward = _Transposed.forward
    reset_parameters = _Transposed.reset_parameters


class ConvTranspose3d(M.ConvTranspose3d, _Transposed):
    """3-d transposed convolution."""

    _spatial = 3

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Sizes,
        stride: Sizes = 1,
        padding: Sizes = 0,
        output_padding: Sizes = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Sizes = 1,
        padding_mode: str = "zeros",
    ) -> None:
        found = self._check(
            in_channels, out_channels, groups, padding_mode, kernel_size=kernel_size, stride=stride,
            padding=padding, output_padding=output_padding, dilation=dilation,
        )  # fmt: skip
        super().__init__(in_channels, out_channels, groups=groups, bias=bool(bias), **found)
        self.padding_mode = padding_mode

    forward = _Transposed.forward
    reset_parameters = _Transposed.reset_parameters
