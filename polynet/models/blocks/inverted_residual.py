"""Inverted residual blocks: narrow at the ends, wide between.

MobileNet v1: Howard et al. 2017, arXiv:1704.04861 (no expansion, no shortcut). v2: Sandler et al. 2018,
arXiv:1801.04381. v3, with squeeze-and-excitation: Howard et al. 2019, arXiv:1905.02244. Fused: Tan and Le 2021,
arXiv:2104.00298. Names of the parts are BaseCls's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from polynet import nn
from polynet.models.blocks.activation import activation
from polynet.models.blocks.normalisation import norm2d, overwritable
from polynet.models.blocks.same_convolution import convolution_for
from polynet.models.blocks.squeeze_excitation import SE
from polynet.models.blocks.width import make_divisible
from polynet.types import Tensor

Name = str | Callable[..., Any] | None


class InvertedResidual(nn.Module):
    """What the two kinds of block share: the projection at the end and the shortcut around.

    A subclass's constructor makes the layers before the projection and then calls `add_ending`.
    """

    def add_ending(
        self,
        projection: Any,
        w_out: int,
        *,
        has_proj_act: bool,
        has_skip: bool,
        drop_path_prob: float,
        norm_name: Name,
        act_name: Name,
    ) -> None:
        """Make the projection's normalisation and activation, and record whether there is a shortcut."""
        self.proj = projection
        self.proj_bn = norm2d(norm_name, w_out)
        self.proj_act = activation(act_name, owned=overwritable(norm_name)) if has_proj_act else None
        self.has_skip = has_skip
        self.drop_path = nn.DropPath(drop_path_prob) if has_skip and drop_path_prob else None

    def expanded(self, x: Tensor) -> Tensor:
        """What the projection is given."""
        raise NotImplementedError

    def forward(self, x: Tensor) -> Tensor:
        """Map `(N, w_in, H, W)` to `(N, w_out, H / stride, W / stride)`."""
        shortcut = x
        x = self.proj_bn(self.proj(self.expanded(x)))
        if self.proj_act is not None:
            x = self.proj_act(x)
        if not self.has_skip:
            return x
        return shortcut + (x if self.drop_path is None else self.drop_path(x))


class MBConv(InvertedResidual):
    """[1×1 expansion,] depthwise convolution, [SE,] 1×1 projection.

    Args:
        w_in: Channels of the input.
        w_out: Channels of the output.
        stride: Stride of the depthwise convolution.
        kernel: Side of the depthwise convolution.
        exp_r: Expansion; 1 leaves the first convolution out.
        se_r: Width of the squeeze-and-excitation as a share; 0 leaves it out.
        se_from_exp: Whether that share is of the expanded channels (MobileNet v3) or the input's (EfficientNet).
        se_act_name: Activation in the squeeze-and-excitation.
        se_approx: Whether its sigmoid is the piecewise linear one.
        se_rd_fn: How its width is rounded; down by default.
        has_proj_act: Whether an activation follows the projection (MobileNet v1).
        has_skip: Whether there is a shortcut where the shapes allow it.
        drop_path_prob: Probability of dropping the block.
        norm_name: Normalisation.
        act_name: Activation.
        same_padding: Pad as TensorFlow does.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     block = MBConv(8, 8, kernel=3, exp_r=6)
        >>> tuple(block(ops.ones((1, 8, 4, 4))).shape)
        (1, 8, 4, 4)
    """

    def __init__(
        self,
        w_in: int,
        w_out: int,
        stride: int = 1,
        *,
        kernel: int = 3,
        exp_r: float = 1.0,
        se_r: float = 0.0,
        se_from_exp: bool = True,
        se_act_name: Name = "relu",
        se_approx: bool = True,
        se_rd_fn: Callable[[float], int] | None = None,
        has_proj_act: bool = False,
        has_skip: bool = True,
        drop_path_prob: float = 0.0,
        norm_name: Name = "BN",
        act_name: Name = "relu6",
        same_padding: bool = False,
    ) -> None:
        super().__init__()
        conv = convolution_for(same_padding)
        w_mid = w_in
        self.exp = None
        if exp_r != 1.0:
            w_mid = make_divisible(w_in * exp_r, round_limit=0.9)
            self.exp = conv(w_in, w_mid, 1)
            self.exp_bn = norm2d(norm_name, w_mid)
            self.exp_act = activation(act_name, owned=overwritable(norm_name))
        self.dwise = conv(w_mid, w_mid, kernel, stride=stride, groups=w_mid)
        self.dwise_bn = norm2d(norm_name, w_mid)
        self.dwise_act = activation(act_name, owned=overwritable(norm_name))
        self.se = None
        if se_r > 0.0:
            w_se = (se_rd_fn or int)((w_mid if se_from_exp else w_in) * se_r)
            self.se = SE(w_mid, w_se, se_act_name, se_approx)
        self.add_ending(
            conv(w_mid, w_out, 1),
            w_out,
            has_proj_act=has_proj_act,
            has_skip=has_skip and w_in == w_out and stride == 1,
            drop_path_prob=drop_path_prob,
            norm_name=norm_name,
            act_name=act_name,
        )

    def expanded(self, x: Tensor) -> Tensor:
        """Expansion, depthwise convolution, squeeze-and-excitation."""
        if self.exp is not None:
            x = self.exp_act(self.exp_bn(self.exp(x)))
        x = self.dwise_act(self.dwise_bn(self.dwise(x)))
        return x if self.se is None else self.se(x)


class FuseMBConv(InvertedResidual):
    """Full convolution that expands, [SE,] 1×1 projection; without expansion one full convolution.

    Args:
        w_in: Channels of the input.
        w_out: Channels of the output.
        stride: Stride of the full convolution.
        kernel: Side of the full convolution.
        exp_r: Expansion.
        se_r: Width of the squeeze-and-excitation as a share of the input's channels; 0 leaves it out.
        has_skip: Whether there is a shortcut where the shapes allow it.
        drop_path_prob: Probability of dropping the block.
        norm_name: Normalisation.
        act_name: Activation.
        same_padding: Pad as TensorFlow does.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     block = FuseMBConv(8, 16, 2, exp_r=4)
        >>> tuple(block(ops.ones((1, 8, 4, 4))).shape)
        (1, 16, 2, 2)
    """

    def __init__(
        self,
        w_in: int,
        w_out: int,
        stride: int = 1,
        *,
        kernel: int = 3,
        exp_r: float = 1.0,
        se_r: float = 0.0,
        has_skip: bool = True,
        drop_path_prob: float = 0.0,
        norm_name: Name = "BN",
        act_name: Name = "silu",
        same_padding: bool = False,
    ) -> None:
        super().__init__()
        conv = convolution_for(same_padding)
        expands = exp_r != 1.0
        w_mid = int(w_in * exp_r)
        self.exp = None
        if expands:
            self.exp = conv(w_in, w_mid, kernel, stride=stride)
            self.exp_bn = norm2d(norm_name, w_mid)
            self.exp_act = activation(act_name, owned=overwritable(norm_name))
        self.se = SE(w_mid, int(w_in * se_r), act_name) if se_r > 0.0 else None
        self.add_ending(
            conv(w_mid, w_out, 1 if expands else kernel, stride=1 if expands else stride),
            w_out,
            has_proj_act=not expands,
            has_skip=has_skip and w_in == w_out and stride == 1,
            drop_path_prob=drop_path_prob,
            norm_name=norm_name,
            act_name=act_name,
        )

    def expanded(self, x: Tensor) -> Tensor:
        """Expansion and squeeze-and-excitation."""
        if self.exp is not None:
            x = self.exp_act(self.exp_bn(self.exp(x)))
        return x if self.se is None else self.se(x)
