"""Res2Net: Gao et al. 2019, arXiv:1904.01169.

A ResNet whose 3x3 convolution is a ladder of narrow ones, each of which sees what the one before it made, so that one
block looks at several scales. Names of the parts are those of BaseCls's ResNet, on which it is built.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from polynet import nn, ops
from polynet.errors import OptionError
from polynet.models.blocks.activation import activation
from polynet.models.blocks.convolution import conv2d
from polynet.models.blocks.normalisation import norm2d, overwritable
from polynet.models.blocks.residual import ResidualBlock
from polynet.models.network import CLS_HEAD, Name
from polynet.models.networks.resnet import ResNet
from polynet.models.variants import variant
from polynet.registry import NETWORKS
from polynet.types import Tensor


class Res2NetBlock(ResidualBlock):
    """A bottleneck whose channels are split into scales: each but the last goes through a 3x3 convolution.

    Where the block keeps its shape, every convolution but the first also gets the result of the one before it, and the
    last scale passes unchanged; where it does not, the scales are independent and the last is average-pooled.

    Args:
        w_in: Channels of the input.
        w_out: Channels of the output.
        stride: Stride of the 3x3 convolutions.
        bot_mul: Channels of all scales together as a share of `w_out`.
        group_w: Channels of a group of the 3x3 convolutions; `None` for one group.
        se_r: Width of a squeeze-and-excitation as a share of `w_out`; 0 for none.
        avg_down: Pool in the shortcut where the stride is not 1, instead of striding its convolution.
        drop_path_prob: Probability of dropping the residual branch.
        norm_name: Normalisation.
        act_name: Activation.
        scale: Scales; at least 2.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     block = Res2NetBlock(16, 16, stride=1, bot_mul=0.5, scale=4)
        >>> len(block.b), tuple(block(ops.ones((1, 16, 4, 4))).shape)
        (3, (1, 16, 4, 4))
    """

    final_norm = "c_bn"

    def __init__(
        self,
        w_in: int,
        w_out: int,
        stride: int,
        bot_mul: float = 0.40625,
        group_w: int | None = None,
        se_r: float = 0.0,
        avg_down: bool = False,
        drop_path_prob: float = 0.0,
        norm_name: Name = "BN",
        act_name: Name = "relu",
        scale: int = 4,
    ) -> None:
        super().__init__()
        width = round(w_out * bot_mul)
        self.width = width // scale
        if self.width * scale != width or not width:
            message = f"Res2NetBlock: {width} channels cannot be divided into {scale} scales."
            raise OptionError(message)
        groups = 1 if group_w is None else self.width // group_w
        if group_w is not None and groups * group_w != self.width:
            message = f"Res2NetBlock: {self.width} channels cannot be divided into groups of {group_w}."
            raise OptionError(message)
        self.add_shortcut(w_in, w_out, stride, avg_down, norm_name)
        self.a = conv2d(w_in, width, 1)
        self.a_bn = norm2d(norm_name, width)
        self.a_act = activation(act_name, owned=overwritable(norm_name))
        rungs = range(scale - 1)
        self.b = nn.ModuleList([conv2d(self.width, self.width, 3, stride=stride, groups=groups) for _ in rungs])
        self.b_bn = nn.ModuleList([norm2d(norm_name, self.width) for _ in rungs])
        self.b_act = activation(act_name, owned=overwritable(norm_name))
        self.b_pool = nn.AvgPool2d(3, stride, padding=1) if self.proj is not None else None
        self.c = conv2d(width, w_out, 1)
        self.c_bn = norm2d(norm_name, w_out)
        self.add_ending(w_out, se_r, drop_path_prob, act_name)

    def forward(self, x: Tensor) -> Tensor:
        """Map `(N, w_in, H, W)` to `(N, w_out, H / stride, W / stride)`."""
        entrance = x
        x = self.a_act(self.a_bn(self.a(x)))
        scales = ops.split(x, self.width, dim=1)
        made: list[Tensor] = []
        # Tracers can index what split returns, and cannot iterate over it.
        for index, (conv, norm) in enumerate(zip(self.b, self.b_bn, strict=True)):
            part = scales[index]
            if made and self.b_pool is None:
                part = made[-1] + part
            made.append(self.b_act(norm(conv(part))))
        last = scales[len(made)]
        made.append(last if self.b_pool is None else self.b_pool(last))
        x = self.c(ops.cat(made, dim=1))
        x = self.c_bn(x)
        return self.join(x, entrance)


@NETWORKS.register()
class Res2Net(ResNet):
    """A ResNet of blocks of several scales, in stages `s1`, `s2` and so on.

    Args:
        depths: Blocks of each stage.
        widths: Channels of each stage.
        strides: Stride of each stage's first block.
        scale: Scales of a block; at least 2.
        bot_muls: Channels of all scales of a block together as a share of the stage's, for all stages or each. The
            paper's 26w in 4 scales is 26 * 4 / 256.
        group_ws: Channels of a group of the 3x3 convolutions, for each stage; `None` for one group.
        stem_name: `"ResStem"`, `"ResDeepStem"`, `"SimpleStem"`, or a class or function that makes a stem.
        stem_w: Channels of the stem.
        se_r: Width of a squeeze-and-excitation as a share of the channels; 0 for none.
        avg_down: Pool in shortcuts that shrink (ResNet-D).
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
        ...     net = Res2Net(depths=(1, 1), widths=(16, 32), strides=(1, 2), bot_muls=0.5, stem_w=8, num_classes=10)
        >>> tuple(net(ops.ones((1, 3, 32, 32))).shape)
        (1, 10)
    """

    family = "res2net"

    def __init__(
        self,
        depths: Sequence[int] = (3, 4, 6, 3),
        widths: Sequence[int] = (256, 512, 1024, 2048),
        strides: Sequence[int] = (1, 2, 2, 2),
        scale: int = 4,
        bot_muls: float | Sequence[float] = 26 * 4 / 256,
        group_ws: Sequence[int | None] | None = None,
        stem_name: str | Callable[..., Any] = "ResStem",
        stem_w: int = 64,
        se_r: float = 0.0,
        avg_down: bool = False,
        drop_path_prob: float = 0.0,
        zero_init_final_gamma: bool = False,
        norm_name: Name = "BN",
        act_name: Name = "relu",
        head: Mapping[str, Any] | None = CLS_HEAD,
        num_classes: int | None = None,
        in_channels: int = 3,
        out_indices: Sequence[int] | None = None,
    ) -> None:
        if isinstance(scale, bool) or not isinstance(scale, int) or scale < 2:
            message = f"Res2Net: scale must be a whole number of at least 2, not {scale!r}; with one it is a ResNet."
            raise OptionError(message)
        super().__init__(
            depths=depths,
            widths=widths,
            strides=strides,
            block_name=functools.partial(Res2NetBlock, scale=scale),
            stem_name=stem_name,
            stem_w=stem_w,
            bot_muls=bot_muls,
            group_ws=group_ws,
            se_r=se_r,
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


def _add(name: str, base: Any = None, **row: Any) -> Any:
    return variant(NETWORKS, name, Res2Net, base=base, module=__name__, **row)


def _add_50(name: str, width: int, scale: int) -> Any:
    """Res2Net-50 with scales of `width` channels in the first stage."""
    return _add(name, depths=(3, 4, 6, 3), scale=scale, bot_muls=width * scale / 256)


_D: dict[str, Any] = {"stem_name": "ResDeepStem", "avg_down": True}

res2net50_14w_8s = _add_50("res2net50_14w_8s", 14, 8)
res2net50_26w_4s = _add_50("res2net50_26w_4s", 26, 4)
res2net50_26w_6s = _add_50("res2net50_26w_6s", 26, 6)
res2net50_26w_8s = _add_50("res2net50_26w_8s", 26, 8)
res2net50_48w_2s = _add_50("res2net50_48w_2s", 48, 2)
res2net101_26w_4s = _add("res2net101_26w_4s", depths=(3, 4, 23, 3))

res2net50d = _add("res2net50d", res2net50_26w_4s, **_D)
res2net101d = _add("res2net101d", res2net101_26w_4s, **_D)
res2next50 = _add("res2next50", depths=(3, 4, 6, 3), bot_muls=0.5, group_ws=(4, 8, 16, 32))
