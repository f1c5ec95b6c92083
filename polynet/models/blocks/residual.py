"""Residual blocks and stems (He et al. 2016, arXiv:1512.03385), with the options of the families built on them.

ResNet-D's average-pooled shortcut: He et al. 2019, arXiv:1812.01187. Grouped bottlenecks: Xie et al. 2017,
arXiv:1611.05431. Names of the parts are BaseCls's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from polynet import nn
from polynet.errors import OptionError
from polynet.models.blocks.activation import activation
from polynet.models.blocks.convolution import conv2d
from polynet.models.blocks.normalisation import norm2d, overwritable
from polynet.models.blocks.squeeze_excitation import SE
from polynet.models.blocks.width import make_divisible
from polynet.types import Tensor

Name = str | Callable[..., Any] | None


def added(x: Tensor, other: Tensor, *, overwrite: bool) -> Tensor:
    """The sum of two maps, in the memory of the first where it may be overwritten and the framework can."""
    if overwrite:
        x += other
        return x
    return x + other


class ResidualBlock(nn.Module):
    """What both residual blocks share: the shortcut, and what follows the residual branch.

    Attributes:
        final_norm: Name of the normalisation that ends the residual branch.
    """

    final_norm: str
    pool: Any
    proj: Any
    bn: Any

    def add_shortcut(self, w_in: int, w_out: int, stride: int, avg_down: bool, norm_name: Name) -> None:
        """Make the projection that the shortcut needs where the shape changes."""
        self.pool = self.proj = self.bn = None
        self.overwrites = overwritable(norm_name)
        if w_in == w_out and stride == 1:
            return
        if avg_down and stride > 1:
            # Rounding up matches the strided convolution beside it on maps of odd size, where BaseCls's fails.
            self.pool = nn.AvgPool2d(2, stride, ceil_mode=True, count_include_pad=False)
            stride = 1
        self.proj = conv2d(w_in, w_out, 1, stride=stride)
        self.bn = norm2d(norm_name, w_out)

    def add_ending(self, w_out: int, se_r: float, drop_path_prob: float, act_name: Name) -> None:
        """Make what follows the residual branch."""
        self.se = SE(w_out, make_divisible(w_out * se_r), act_name) if se_r > 0.0 else None
        self.drop_path = nn.DropPath(drop_path_prob) if drop_path_prob > 0.0 else None
        self.act = activation(act_name, owned=True)

    def shortcut(self, x: Tensor) -> Tensor:
        """The input, brought to the shape of the output."""
        if self.proj is None:
            return x
        if self.pool is not None:
            x = self.pool(x)
        return self.bn(self.proj(x))

    def join(self, x: Tensor, entrance: Tensor) -> Tensor:
        """Add the residual branch `x`, whose memory is used for it where the framework can, to the shortcut.

        The shortcut is made of the block's input only now: before, it would lie beside the maps of the branch.
        """
        if self.se is not None:
            x = self.se(x)
        if self.drop_path is not None:
            x = self.drop_path(x)
        return self.act(added(x, self.shortcut(entrance), overwrite=self.overwrites))


class ResBasicBlock(ResidualBlock):
    """Two 3x3 convolutions and a shortcut.

    Args:
        w_in: Channels of the input.
        w_out: Channels of the output.
        stride: Stride of the first convolution.
        bot_mul: Channels between the convolutions as a share of `w_out`.
        group_w: Must be `None`: the block has no grouped convolution.
        se_r: Width of a squeeze-and-excitation as a share of `w_out`; 0 for none.
        avg_down: Pool in the shortcut where the stride is not 1, instead of striding its convolution.
        drop_path_prob: Probability of dropping the residual branch.
        norm_name: Normalisation.
        act_name: Activation.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     block = ResBasicBlock(8, 16, stride=2)
        >>> tuple(block(ops.ones((1, 8, 4, 4))).shape)
        (1, 16, 2, 2)
    """

    final_norm = "b_bn"

    def __init__(
        self,
        w_in: int,
        w_out: int,
        stride: int,
        bot_mul: float = 1.0,
        group_w: int | None = None,
        se_r: float = 0.0,
        avg_down: bool = False,
        drop_path_prob: float = 0.0,
        norm_name: Name = "BN",
        act_name: Name = "relu",
    ) -> None:
        super().__init__()
        if group_w is not None:
            message = f"ResBasicBlock has no grouped convolution; group_ws={group_w} needs ResBottleneckBlock."
            raise OptionError(message)
        width = round(w_out * bot_mul)
        self.add_shortcut(w_in, w_out, stride, avg_down, norm_name)
        self.a = conv2d(w_in, width, 3, stride=stride)
        self.a_bn = norm2d(norm_name, width)
        self.a_act = activation(act_name, owned=overwritable(norm_name))
        self.b = conv2d(width, w_out, 3)
        self.b_bn = norm2d(norm_name, w_out)
        self.add_ending(w_out, se_r, drop_path_prob, act_name)

    def forward(self, x: Tensor) -> Tensor:
        """Map `(N, w_in, H, W)` to `(N, w_out, H / stride, W / stride)`."""
        entrance = x
        x = self.a_act(self.a_bn(self.a(x)))
        x = self.b(x)
        x = self.b_bn(x)
        return self.join(x, entrance)


class ResBottleneckBlock(ResidualBlock):
    """1x1, 3x3 (grouped), 1x1 convolutions and a shortcut; the 3x3 has the stride.

    Args:
        w_in: Channels of the input.
        w_out: Channels of the output.
        stride: Stride of the 3x3 convolution.
        bot_mul: Channels of the bottleneck as a share of `w_out`.
        group_w: Channels of a group of the 3x3 convolution; `None` for one group.
        se_r: Width of a squeeze-and-excitation as a share of `w_out`; 0 for none.
        avg_down: Pool in the shortcut where the stride is not 1, instead of striding its convolution.
        drop_path_prob: Probability of dropping the residual branch.
        norm_name: Normalisation.
        act_name: Activation.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     block = ResBottleneckBlock(8, 32, stride=2, bot_mul=0.5, group_w=4)
        >>> tuple(block(ops.ones((1, 8, 4, 4))).shape)
        (1, 32, 2, 2)
    """

    final_norm = "c_bn"

    def __init__(
        self,
        w_in: int,
        w_out: int,
        stride: int,
        bot_mul: float = 0.25,
        group_w: int | None = None,
        se_r: float = 0.0,
        avg_down: bool = False,
        drop_path_prob: float = 0.0,
        norm_name: Name = "BN",
        act_name: Name = "relu",
    ) -> None:
        super().__init__()
        width = round(w_out * bot_mul)
        groups = 1 if group_w is None else width // group_w
        if group_w is not None and groups * group_w != width:
            message = f"ResBottleneckBlock: {width} channels cannot be divided into groups of {group_w}."
            raise OptionError(message)
        self.add_shortcut(w_in, w_out, stride, avg_down, norm_name)
        self.a = conv2d(w_in, width, 1)
        self.a_bn = norm2d(norm_name, width)
        self.a_act = activation(act_name, owned=overwritable(norm_name))
        self.b = conv2d(width, width, 3, stride=stride, groups=groups)
        self.b_bn = norm2d(norm_name, width)
        self.b_act = activation(act_name, owned=overwritable(norm_name))
        self.c = conv2d(width, w_out, 1)
        self.c_bn = norm2d(norm_name, w_out)
        self.add_ending(w_out, se_r, drop_path_prob, act_name)

    def forward(self, x: Tensor) -> Tensor:
        """Map `(N, w_in, H, W)` to `(N, w_out, H / stride, W / stride)`."""
        entrance = x
        x = self.a_act(self.a_bn(self.a(x)))
        x = self.b_act(self.b_bn(self.b(x)))
        x = self.c(x)  # one map fewer is held than where the calls are nested, at the place that needs the most memory
        x = self.c_bn(x)
        return self.join(x, entrance)
