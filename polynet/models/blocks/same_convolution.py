"""A convolution padded as TensorFlow's `SAME` pads it, which weights converted from TensorFlow need."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from polynet import nn, ops
from polynet.models.blocks.convolution import conv2d
from polynet.types import Tensor


class SameConv2d(nn.Conv2d):
    """A convolution whose output has `ceil(size / stride)` positions; odd padding goes right and below.

    With a stride it differs from padding by half the kernel: on an even size only the far sides are padded. Square
    kernels.

    Args:
        w_in: Channels of the input.
        w_out: Channels of the output.
        k: Side of the kernel.
        stride: Stride.
        groups: Groups.
        bias: Whether it has a bias.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     layer = SameConv2d(3, 8, 3, stride=2)
        >>> tuple(layer(ops.ones((1, 3, 7, 8))).shape)
        (1, 8, 4, 4)
    """

    def __init__(self, w_in: int, w_out: int, k: int, *, stride: int = 1, groups: int = 1, bias: bool = False) -> None:
        super().__init__(w_in, w_out, k, stride=stride, groups=groups, bias=bias)
        self.kernel_side = k
        self.step = stride

    def forward(self, x: Tensor) -> Tensor:
        """Map `(N, w_in, H, W)` to `(N, w_out, ceil(H / stride), ceil(W / stride))`."""
        top, bottom = self._padding(x.shape[2])
        left, right = self._padding(x.shape[3])
        if bottom or right:
            x = ops.pad(x, (left, right, top, bottom))
        return super().forward(x)

    def _padding(self, size: int) -> tuple[int, int]:
        missing = max((-(-size // self.step) - 1) * self.step + self.kernel_side - size, 0)
        return missing // 2, missing - missing // 2


def convolution_for(same_padding: bool) -> Callable[..., Any]:
    """What makes a network's convolutions: `SameConv2d`, or `conv2d`, padded by half its kernel."""
    return SameConv2d if same_padding else conv2d
