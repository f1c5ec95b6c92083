"""DenseNet: Huang et al. 2017, arXiv:1608.06993. The 264-layer one with a deep stem is timm's."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any

from polynet import nn, ops
from polynet.errors import OptionError
from polynet.models.blocks.activation import activation
from polynet.models.blocks.choice import choose
from polynet.models.blocks.convolution import conv2d
from polynet.models.blocks.normalisation import norm2d, overwritable
from polynet.models.network import CLS_HEAD, ImageNetwork, Name
from polynet.models.networks.plan import per_stage
from polynet.models.stage import Stage
from polynet.models.variants import variant
from polynet.nn.initialisers import Constant, KaimingNormal
from polynet.nn.recipe import Recipe
from polynet.registry import NETWORKS
from polynet.types import Tensor


class DenseLayer(nn.Module):
    """A bottleneck that adds a few channels to those it is given: a 1x1, then a 3x3 convolution, normalised before.

    Args:
        w_in: Channels of the input.
        growth_rate: Channels it adds.
        bottleneck: Channels between the convolutions as a multiple of those added.
        drop_rate: Probability of dropping an added feature.
        norm_name: Normalisation.
        act_name: Activation.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     layer = DenseLayer(8, 4)
        >>> tuple(layer(ops.ones((1, 8, 5, 5))).shape)
        (1, 12, 5, 5)
    """

    def __init__(
        self,
        w_in: int,
        growth_rate: int,
        bottleneck: int = 4,
        drop_rate: float = 0.0,
        norm_name: Name = "BN",
        act_name: Name = "relu",
    ) -> None:
        super().__init__()
        w_mid = bottleneck * growth_rate
        self.norm1 = norm2d(norm_name, w_in)
        self.act1 = activation(act_name, owned=norm_name is not None and overwritable(norm_name))
        self.conv1 = conv2d(w_in, w_mid, 1)
        self.norm2 = norm2d(norm_name, w_mid)
        self.act2 = activation(act_name, owned=norm_name is not None and overwritable(norm_name))
        self.conv2 = conv2d(w_mid, growth_rate, 3)
        self.dropout = nn.Dropout(drop_rate) if drop_rate else None

    def forward(self, x: Tensor) -> Tensor:
        """Map `(N, w_in, H, W)` to `(N, w_in + growth_rate, H, W)`: the input, then what is new."""
        new = self.conv1(self.act1(self.norm1(x)))
        new = self.conv2(self.act2(self.norm2(new)))
        return ops.cat([x, new if self.dropout is None else self.dropout(new)], 1)


def _unit(number: int, convolution: Any, width: int, norm_name: Name, act_name: Name) -> dict[str, Any]:
    """A convolution of a stem with what follows it, under their names."""
    return {
        f"conv{number}": convolution,
        f"norm{number}": norm2d(norm_name, width),
        f"act{number}": activation(act_name, owned=norm_name is not None and overwritable(norm_name)),
    }


def _simple_stem(in_channels: int, growth_rate: int, norm_name: Name, act_name: Name) -> dict[str, Any]:
    width = 2 * growth_rate
    return _unit(0, conv2d(in_channels, width, 7, stride=2), width, norm_name, act_name)


def _deep_stem(in_channels: int, growth_rate: int, norm_name: Name, act_name: Name) -> dict[str, Any]:
    widths = (growth_rate, growth_rate, 2 * growth_rate)
    parts: dict[str, Any] = {}
    w_in = in_channels
    for number, width in enumerate(widths):
        convolution = conv2d(w_in, width, 3, stride=1 if number else 2)
        parts.update(_unit(number, convolution, width, norm_name, act_name))
        w_in = width
    return parts


STEMS = {"simple": _simple_stem, "deep": _deep_stem}


@NETWORKS.register()
class DenseNet(ImageNetwork):
    """A network whose layers see the outputs of all layers before them, in stages `s1` …; by default DenseNet-121.

    Between stages a transition halves the channels and the sides; it belongs to the later stage.

    Args:
        depths: Dense layers of each stage.
        growth_rate: Channels that each layer adds; the stem has twice as many.
        bottleneck: Channels between a layer's convolutions as a multiple of those it adds.
        stem_name: `"simple"`: a 7x7 convolution; `"deep"`: three of 3x3.
        drop_rate: Probability of dropping a feature that a layer adds.
        norm_name: Normalisation.
        act_name: Activation.
        head: Options of the head, `name` first; `None` for none.
        num_classes: Classes, where `head` does not say; 0 for no head.
        in_channels: Channels of the images.
        out_indices: Stages to return instead of logits.

    Raises:
        OptionError: Options that do not fit together.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     net = DenseNet(depths=(2, 2), growth_rate=4, num_classes=10)
        >>> [(stage.name, stage.channels, stage.stride) for stage in net.stages]
        [('s1', 16, 4), ('s2', 16, 8)]
        >>> tuple(net(ops.ones((1, 3, 32, 32))).shape)
        (1, 10)
    """

    family = "densenet"
    recipe = Recipe(convolution=KaimingNormal("fan_in"), bias=Constant(0.0))

    def __init__(
        self,
        depths: Sequence[int] = (6, 12, 24, 16),
        growth_rate: int = 32,
        bottleneck: int = 4,
        stem_name: str = "simple",
        drop_rate: float = 0.0,
        norm_name: Name = "BN",
        act_name: Name = "relu",
        head: Mapping[str, Any] | None = CLS_HEAD,
        num_classes: int | None = None,
        in_channels: int = 3,
        out_indices: Sequence[int] | None = None,
    ) -> None:
        super().__init__(in_channels)
        for name, value in (("growth_rate", growth_rate), ("bottleneck", bottleneck)):
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                message = f"DenseNet: {name} must be a whole number of at least 1, not {value!r}."
                raise OptionError(message)
        parts = choose("stem", stem_name, STEMS)(in_channels, growth_rate, norm_name, act_name)
        self.stem = nn.Sequential(OrderedDict(parts, pool0=nn.MaxPool2d(3, stride=2, padding=1)))
        plan = per_stage("DenseNet", depths=depths)
        # Convolution and pooling of the stem round sides up, the transitions round them down.
        self.minimum_size = 4 * 2 ** (len(plan) - 1) - 3
        layer: dict[str, Any] = {"drop_rate": drop_rate, "norm_name": norm_name, "act_name": act_name}
        width, stride, stages = 2 * growth_rate, 4, []
        for index, row in enumerate(plan, start=1):
            members: OrderedDict[str, Any] = OrderedDict()
            if index > 1:
                stride *= 2
                members["transition"] = _transition(width, norm_name, act_name)
                width //= 2
            depth = row["depths"]
            starts = [width + number * growth_rate for number in range(depth)]
            members["layers"] = nn.Sequential(*[DenseLayer(w_in, growth_rate, bottleneck, **layer) for w_in in starts])
            width += depth * growth_rate
            if index == len(plan):
                members["norm"] = norm2d(norm_name, width)
                members["act"] = activation(act_name, owned=norm_name is not None and overwritable(norm_name))
            setattr(self, f"s{index}", nn.Sequential(members))
            stages.append(Stage(f"s{index}", width, stride))
        self.complete(
            stages,
            head=head,
            num_classes=num_classes,
            out_indices=out_indices,
            norm_name=norm_name,
            act_name=act_name,
        )


def _transition(w_in: int, norm_name: Name, act_name: Name) -> Any:
    """Halve the channels and the sides."""
    return nn.Sequential(
        OrderedDict(
            norm=norm2d(norm_name, w_in),
            act=activation(act_name, owned=norm_name is not None and overwritable(norm_name)),
            conv=conv2d(w_in, w_in // 2, 1),
            pool=nn.AvgPool2d(2, stride=2),
        )
    )


def _add(name: str, base: Any = None, **row: Any) -> Any:
    return variant(NETWORKS, name, DenseNet, base=base, module=__name__, **row)


densenet121 = _add("densenet121", depths=(6, 12, 24, 16))
densenet169 = _add("densenet169", depths=(6, 12, 32, 32))
densenet201 = _add("densenet201", depths=(6, 12, 48, 32))
densenet161 = _add("densenet161", depths=(6, 12, 36, 24), growth_rate=48)
densenet264d = _add("densenet264d", depths=(6, 12, 64, 48), growth_rate=48, stem_name="deep")
