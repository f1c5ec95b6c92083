"""A convolution with its normalisation, and with an activation where one follows."""

from __future__ import annotations

from collections.abc import Callable

from polynet import nn
from polynet.models.blocks.activation import activation
from polynet.models.blocks.convolution import conv2d
from polynet.models.blocks.normalisation import norm2d, overwritable
from polynet.types import Tensor

Name = str | Callable[..., object] | None


class ConvNorm(nn.Module):
    """Convolution `conv`, normalisation `bn` and, where asked for, an activation.

    Args:
        w_in: Channels of the input.
        w_out: Channels of the output.
        k: Side of the kernel; odd. The padding is half of it.
        stride: Stride.
        groups: Groups.
        norm_name: Normalisation.
        act_name: Activation; `None` for none.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     layer = ConvNorm(3, 8, 3, stride=2)
        >>> tuple(layer(ops.ones((1, 3, 4, 4))).shape)
        (1, 8, 2, 2)
    """

    def __init__(
        self,
        w_in: int,
        w_out: int,
        k: int,
        *,
        stride: int = 1,
        groups: int = 1,
        norm_name: Name = "BN",
        act_name: Name = None,
    ) -> None:
        super().__init__()
        self.conv = conv2d(w_in, w_out, k, stride=stride, groups=groups)
        self.bn = norm2d(norm_name, w_out)
        self.act = None if act_name is None else activation(act_name, owned=overwritable(norm_name))

    def forward(self, x: Tensor) -> Tensor:
        """Map `(N, w_in, H, W)` to `(N, w_out, H / stride, W / stride)`."""
        x = self.bn(self.conv(x))
        return x if self.act is None else self.act(x)
