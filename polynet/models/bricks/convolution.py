"""Convolutions from configs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from polynet import nn, ops
from polynet.models.bricks.layer_config import LayerConfig, chosen_layer
from polynet.types import Tensor


class Conv2dAdaptivePadding(nn.Conv2d):
    """A convolution whose output has `ceil(size / stride)` positions, as TensorFlow's `SAME`; odd padding goes last.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        kernel_size: Side of the kernel, or both sides.
        stride: Stride.
        padding: Ignored: the size of the input says it.
        dilation: Dilation.
        groups: Groups.
        bias: Whether it has a bias.

    Source: mmcv.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     layer = Conv2dAdaptivePadding(3, 8, 3, stride=2)
        >>> tuple(layer(ops.ones((1, 3, 7, 8))).shape)
        (1, 8, 4, 4)
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | tuple[int, int],
        stride: int | tuple[int, int] = 1,
        padding: int | tuple[int, int] = 0,
        dilation: int | tuple[int, int] = 1,
        groups: int = 1,
        bias: bool = True,
    ) -> None:
        super().__init__(
            in_channels, out_channels, kernel_size, stride=stride, dilation=dilation, groups=groups, bias=bias
        )
        kernels, strides, dilations = pair(kernel_size), pair(stride), pair(dilation)
        self.reach = tuple((kernel - 1) * apart + 1 for kernel, apart in zip(kernels, dilations, strict=True))
        self.steps = strides

    def forward(self, x: Tensor) -> Tensor:
        """Map `(N, in_channels, H, W)` to `(N, out_channels, ceil(H / stride), ceil(W / stride))`."""
        missing = [
            max((-(-size // step) - 1) * step + reach - size, 0)
            for size, step, reach in zip(x.shape[2:], self.steps, self.reach, strict=True)
        ]
        if any(missing):
            before = [number // 2 for number in missing]
            x = ops.pad(x, (before[1], missing[1] - before[1], before[0], missing[0] - before[0]))
        return super().forward(x)


CONVOLUTIONS: dict[str, Callable[..., Any]] = {
    "Conv": nn.Conv2d,
    "Conv1d": nn.Conv1d,
    "Conv2d": nn.Conv2d,
    "Conv3d": nn.Conv3d,
    "Conv2dAdaptivePadding": Conv2dAdaptivePadding,
}


def pair(value: Any) -> tuple[int, int]:
    """A number twice, or a pair as it is.

    Example:
        >>> pair(3), pair([1, 2])
        ((3, 3), (1, 2))
    """
    if isinstance(value, (list, tuple)):
        first, second = value
        return first, second
    return value, value


def build_conv_layer(cfg: LayerConfig | None, *arguments: Any, **options: Any) -> Any:
    """Make a convolution.

    Args:
        cfg: `type`, a key of `CONVOLUTIONS`, a registered name or a class, and options; by default `Conv2d`.
        *arguments: As `torch.nn.Conv2d` takes them.
        **options: As `torch.nn.Conv2d` takes them.

    Raises:
        UnknownNameError: There is no convolution of that name.

    Source: mmcv, `build_conv_layer`.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     build_conv_layer(None, 3, 8, kernel_size=3)
        Conv2d(3, 8, kernel_size=(3, 3), stride=(1, 1))
    """
    _, layer, given = chosen_layer("convolution", cfg or {"type": "Conv2d"}, CONVOLUTIONS)
    return layer(*arguments, **{**options, **given})
