"""ResNeSt: Zhang et al. 2020, arXiv:2004.08955.

A ResNet-D whose 3x3 convolutions give several maps of each feature, and weigh these splits against each other by
attention over channels. Names of the parts are those of BaseCls's ResNet, on which it is built.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import attrs

from polynet import nn, ops
from polynet.errors import OptionError
from polynet.models.blocks.activation import activation
from polynet.models.blocks.convolution import conv2d
from polynet.models.blocks.normalisation import norm2d, overwritable
from polynet.models.blocks.residual import ResidualBlock
from polynet.models.blocks.width import make_divisible
from polynet.models.network import CLS_HEAD, Name
from polynet.models.networks.resnet import RECIPE, ResNet
from polynet.models.variants import variant
from polynet.nn.initialisers import FanInUniform
from polynet.registry import NETWORKS
from polynet.types import Tensor


class SplitAttention(nn.Module):
    """A 3x3 convolution that gives `radix` maps of every channel, and their sum weighed by attention.

    Args:
        width: Channels of the input and of the output.
        radix: Splits. With one, the channels are weighed by sigmoids, as squeeze-and-excitation does.
        groups: Groups of channels (cardinal groups) that know nothing of each other.
        stride: Stride of the convolution.
        norm_name: Normalisation.
        act_name: Activation.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     attention = SplitAttention(8, radix=2)
        >>> tuple(attention(ops.ones((2, 8, 4, 4))).shape)
        (2, 8, 4, 4)
    """

    def __init__(
        self,
        width: int,
        radix: int = 2,
        groups: int = 1,
        stride: int = 1,
        norm_name: Name = "BN",
        act_name: Name = "relu",
    ) -> None:
        super().__init__()
        self.width, self.radix, self.groups = width, radix, groups
        w_mid = make_divisible(width * radix / 4, min_value=32, round_limit=0.9)
        if w_mid % groups:
            message = f"SplitAttention: its {w_mid} inner channels cannot be divided into {groups} groups."
            raise OptionError(message)
        self.conv = nn.Conv2d(width, width * radix, 3, stride=stride, padding=1, groups=groups * radix, bias=False)
        self.bn0 = norm2d(norm_name, width * radix)
        self.act0 = activation(act_name, owned=overwritable(norm_name))
        self.fc1 = conv2d(width, w_mid, 1, groups=groups, bias=True)
        self.bn1 = norm2d(norm_name, w_mid)
        self.act1 = activation(act_name, owned=overwritable(norm_name))
        self.fc2 = conv2d(w_mid, width * radix, 1, groups=groups, bias=True)

    def forward(self, x: Tensor) -> Tensor:
        """Map `(N, width, H, W)` to `(N, width, H / stride, W / stride)`."""
        x = self.act0(self.bn0(self.conv(x)))
        if self.radix == 1:
            return x * ops.sigmoid(self._scores(x))
        splits = ops.unflatten(x, 1, (self.radix, self.width))
        scores = self._scores(ops.sum(splits, dim=1))
        scores = ops.reshape(scores, (-1, self.groups, self.radix, self.width // self.groups))
        weights = ops.softmax(ops.transpose(scores, 1, 2), dim=1)
        return ops.sum(splits * ops.reshape(weights, (-1, self.radix, self.width, 1, 1)), dim=1)

    def _scores(self, x: Tensor) -> Tensor:
        """How much each split of each channel counts, not yet normalised: `(N, width * radix, 1, 1)`."""
        means = ops.mean(x, dim=(2, 3), keepdim=True)
        return self.fc2(self.act1(self.bn1(self.fc1(means))))


class ResNeStBlock(ResidualBlock):
    """A bottleneck whose 3x3 convolution is a split attention, and whose stride may be an average pooling's.

    Args:
        w_in: Channels of the input.
        w_out: Channels of the output.
        stride: Stride.
        bot_mul: Channels of the bottleneck as a share of `w_out`.
        group_w: Channels of a cardinal group; `None` for one group.
        se_r: Width of a squeeze-and-excitation as a share of `w_out`; 0 for none.
        avg_down: Pool in the shortcut where the stride is not 1, instead of striding its convolution.
        drop_path_prob: Probability of dropping the residual branch.
        norm_name: Normalisation.
        act_name: Activation.
        radix: Splits of the attention.
        avd: Stride by average pooling instead of by the convolution.
        avd_first: Pool before the convolution instead of behind it.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     block = ResNeStBlock(8, 32, stride=2)
        >>> tuple(block(ops.ones((2, 8, 4, 4))).shape)
        (2, 32, 2, 2)
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
        avg_down: bool = True,
        drop_path_prob: float = 0.0,
        norm_name: Name = "BN",
        act_name: Name = "relu",
        radix: int = 2,
        avd: bool = True,
        avd_first: bool = False,
    ) -> None:
        super().__init__()
        width = round(w_out * bot_mul)
        groups = 1 if group_w is None else width // group_w
        if group_w is not None and groups * group_w != width:
            message = f"ResNeStBlock: {width} channels cannot be divided into groups of {group_w}."
            raise OptionError(message)
        pooled = avd and stride > 1
        self.add_shortcut(w_in, w_out, stride, avg_down, norm_name)
        self.a = conv2d(w_in, width, 1)
        self.a_bn = norm2d(norm_name, width)
        self.a_act = activation(act_name, owned=overwritable(norm_name))
        self.before = nn.AvgPool2d(3, stride, padding=1) if pooled and avd_first else None
        self.b = SplitAttention(width, radix, groups, 1 if pooled else stride, norm_name, act_name)
        self.behind = nn.AvgPool2d(3, stride, padding=1) if pooled and not avd_first else None
        self.c = conv2d(width, w_out, 1)
        self.c_bn = norm2d(norm_name, w_out)
        self.add_ending(w_out, se_r, drop_path_prob, act_name)

    def forward(self, x: Tensor) -> Tensor:
        """Map `(N, w_in, H, W)` to `(N, w_out, H / stride, W / stride)`."""
        entrance = x
        x = self.a_act(self.a_bn(self.a(x)))
        if self.before is not None:
            x = self.before(x)
        x = self.b(x)
        if self.behind is not None:
            x = self.behind(x)
        x = self.c(x)
        x = self.c_bn(x)
        return self.join(x, entrance)


@NETWORKS.register()
class ResNeSt(ResNet):
    """A ResNet of split attention blocks, in stages `s1`, `s2` and so on.

    Args:
        depths: Blocks of each stage.
        widths: Channels of each stage.
        strides: Stride of each stage's first block.
        radix: Splits of the attention; the paper's s.
        avd: Stride by average pooling instead of by the 3x3 convolution.
        avd_first: Pool before that convolution instead of behind it (the paper's fast variants).
        bot_muls: Channels within a block as a share of the stage's, for all stages or each.
        group_ws: Channels of a cardinal group, for each stage; `None` for one group.
        stem_name: `"ResDeepStem"`, `"ResStem"`, `"SimpleStem"`, or a class or function that makes a stem.
        stem_w: Channels of the stem.
        avg_down: Pool in shortcuts that shrink.
        drop_path_prob: Probability of dropping the last block; earlier ones are dropped proportionally less.
        zero_init_final_gamma: Start every block as an identity (arXiv:1706.02677).
        norm_name: Normalisation: `"BN"`, `"GN"`, `"IN"`, `"LN"`, `"SyncBN"`, a class, or `None`.
        act_name: Activation.
        head: Options of the head, `name` first; `None` for none.
        num_classes: Classes, where `head` does not say; 0 for no head.
        in_channels: Channels of the images.
        out_indices: Stages to return instead of logits.

    Raises:
        OptionError: Options that do not fit together.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     net = ResNeSt(depths=(1, 1), widths=(32, 64), strides=(1, 2), stem_w=8, num_classes=10)
        >>> tuple(net(ops.ones((2, 3, 32, 32))).shape)
        (2, 10)
    """

    family = "resnest"
    recipe = attrs.evolve(RECIPE, named=(("*.b.fc*.bias", FanInUniform()), *RECIPE.named))

    def __init__(
        self,
        depths: Sequence[int] = (3, 4, 6, 3),
        widths: Sequence[int] = (256, 512, 1024, 2048),
        strides: Sequence[int] = (1, 2, 2, 2),
        radix: int = 2,
        avd: bool = True,
        avd_first: bool = False,
        bot_muls: float | Sequence[float] = 0.25,
        group_ws: Sequence[int | None] | None = None,
        stem_name: str | Callable[..., Any] = "ResDeepStem",
        stem_w: int = 64,
        avg_down: bool = True,
        drop_path_prob: float = 0.0,
        zero_init_final_gamma: bool = False,
        norm_name: Name = "BN",
        act_name: Name = "relu",
        head: Mapping[str, Any] | None = CLS_HEAD,
        num_classes: int | None = None,
        in_channels: int = 3,
        out_indices: Sequence[int] | None = None,
    ) -> None:
        if isinstance(radix, bool) or not isinstance(radix, int) or radix < 1:
            message = f"ResNeSt: radix must be a whole number of at least 1, not {radix!r}."
            raise OptionError(message)
        super().__init__(
            depths=depths,
            widths=widths,
            strides=strides,
            block_name=functools.partial(ResNeStBlock, radix=radix, avd=avd, avd_first=avd_first),
            stem_name=stem_name,
            stem_w=stem_w,
            bot_muls=bot_muls,
            group_ws=group_ws,
            avg_down=avg_down,
            drop_path_prob=drop_path_prob,
            zero_init_final_gamma=zero_init_final_gamma,
            norm_name=norm_name,
            act_name=act_name,
            head=head,
            num_classes=num_classes,
            in_channels=in_channels,
            out_indices=out_indices,
        )


def _add(name: str, **row: Any) -> Any:
    return variant(NETWORKS, name, ResNeSt, module=__name__, **row)


# The letters are timm's: d for a deep stem of 64 channels, e for one of 128.
resnest14d = _add("resnest14d", depths=(1, 1, 1, 1))
resnest26d = _add("resnest26d", depths=(2, 2, 2, 2))
resnest50d = _add("resnest50d", depths=(3, 4, 6, 3))
resnest101e = _add("resnest101e", depths=(3, 4, 23, 3), stem_w=128)
resnest200e = _add("resnest200e", depths=(3, 24, 36, 3), stem_w=128)
resnest269e = _add("resnest269e", depths=(3, 30, 48, 8), stem_w=128)

# The paper's ablation: splits, cardinal groups and channels of a group, pooling first.
resnest50d_1s4x24d = _add(
    "resnest50d_1s4x24d", depths=(3, 4, 6, 3), radix=1, avd_first=True, bot_muls=0.375, group_ws=(24, 48, 96, 192)
)
resnest50d_4s2x40d = _add(
    "resnest50d_4s2x40d", depths=(3, 4, 6, 3), radix=4, avd_first=True, bot_muls=0.3125, group_ws=(40, 80, 160, 320)
)
