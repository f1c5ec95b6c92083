"""SqueezeNet (Iandola et al. 2016, arXiv:1602.07360), layer for layer torchvision's."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from polynet import nn, ops
from polynet.errors import OptionError, suggest
from polynet.models.heads.head import Head
from polynet.models.network import ImageNetwork
from polynet.models.stage import Stage
from polynet.models.variants import variant
from polynet.nn.initialisers import Constant, KaimingUniform, Normal
from polynet.nn.recipe import Recipe
from polynet.registry import HEADS, NETWORKS
from polynet.types import Tensor

SQUEEZE_HEAD: Mapping[str, Any] = MappingProxyType({"name": "SqueezeNetHead"})


@HEADS.register()
class SqueezeNetHead(Head):
    """Dropout, a 1x1 convolution to the classes, ReLU, mean over positions: logits are never negative.

    The ReLU after the classifier makes the head as a whole what maps features to classes, so `get_classifier` gives it.

    Args:
        w_in: Channels of the feature map.
        w_out: Classes.
        dropout_prob: Probability of dropping a value before the classifier.

    Attributes:
        out_features: Classes.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     head = SqueezeNetHead(8, 10)
        >>> tuple(head(ops.ones((2, 8, 7, 7))).shape)
        (2, 10)
    """

    classifier_path = ""

    def __init__(self, w_in: int, w_out: int = 1000, dropout_prob: float = 0.5) -> None:
        super().__init__()
        self.out_features = w_out
        self.classifier = nn.Sequential(
            nn.Dropout(dropout_prob), nn.Conv2d(w_in, w_out, 1), nn.ReLU(), nn.AdaptiveAvgPool2d(1)
        )

    def pre_logits(self, x: Tensor) -> Tensor:
        """The feature map itself: nothing comes before the classifier."""
        return x

    def forward(self, x: Tensor) -> Tensor:
        """Logits `(N, w_out)` of a feature map `(N, w_in, H, W)`."""
        return ops.flatten(self.classifier(x), 1)


class Fire(nn.Module):
    """A 1x1 convolution that narrows, then a 1x1 and a 3x3 one beside each other that widen.

    Args:
        w_in: Channels of the input.
        w_squeeze: Channels between.
        w_expand: Channels of each of the two at the end.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     fire = Fire(8, 4, 16)
        >>> tuple(fire(ops.ones((1, 8, 4, 4))).shape)
        (1, 32, 4, 4)
    """

    def __init__(self, w_in: int, w_squeeze: int, w_expand: int) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(w_in, w_squeeze, 1)
        self.expand1x1 = nn.Conv2d(w_squeeze, w_expand, 1)
        self.expand3x3 = nn.Conv2d(w_squeeze, w_expand, 3, padding=1)
        self.act = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        """Map `(N, w_in, H, W)` to `(N, 2 * w_expand, H, W)`."""
        x = self.act(self.squeeze(x))
        return self.act(ops.cat((self.expand1x1(x), self.expand3x3(x)), 1))


RECIPE = Recipe(
    convolution=KaimingUniform(a=0.0),
    bias=Constant(0.0),
    named=(("*classifier.1.weight", Normal(0.01)),),
)
"""That of torchvision: uniform over the fan-in, the classifier normal with 0.01."""

_VERSIONS: dict[str, tuple[int, int, tuple[int, ...]]] = {"1_0": (96, 7, (3, 4, 1)), "1_1": (64, 3, (2, 2, 4))}
"""Channels and side of the first convolution, and the fires between the poolings."""

_FIRES = ((16, 64), (16, 64), (32, 128), (32, 128), (48, 192), (48, 192), (64, 256), (64, 256))
_LEAST = {"1_0": 21, "1_1": 17}


@NETWORKS.register()
class SqueezeNet(ImageNetwork):
    """A convolution and eight fires with three max poolings between them, `features`; no padding but in the fires.

    Args:
        version: `"1_0"`, that of the paper, or `"1_1"`, as good with less than half of the operations.
        width_mult: Factor on the fires' widths.
        head: Options of the head, `name` first; `None` for none.
        num_classes: Classes, where `head` does not say; 0 for no head.
        in_channels: Channels of the images.
        out_indices: Stages to return instead of logits; a stage ends before each pooling, and the last with the fires.

    Raises:
        OptionError: There is no such version, or a width that cannot be.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     net = SqueezeNet("1_1", num_classes=10)
        >>> [(stage.name, stage.channels, stage.stride) for stage in net.stages]
        [('features.1', 64, 2), ('features.4', 128, 4), ('features.7', 256, 8), ('features.12', 512, 16)]
        >>> tuple(net(ops.ones((1, 3, 33, 33))).shape)
        (1, 10)
    """

    family = "squeezenet"
    recipe = RECIPE
    default_head = SQUEEZE_HEAD

    def __init__(
        self,
        version: str = "1_0",
        width_mult: float = 1.0,
        head: Mapping[str, Any] | None = SQUEEZE_HEAD,
        num_classes: int | None = None,
        in_channels: int = 3,
        out_indices: Sequence[int] | None = None,
    ) -> None:
        super().__init__(in_channels)
        if version not in _VERSIONS or width_mult <= 0:
            message = (
                f"SqueezeNet: version must be one of {', '.join(_VERSIONS)} and width_mult positive, "
                f"not {version!r} and {width_mult!r}.{suggest(version, _VERSIONS)}"
            )
            raise OptionError(message)
        width, side, groups = _VERSIONS[version]
        self.minimum_size = _LEAST[version]
        layers: list[Any] = [nn.Conv2d(in_channels, width, side, stride=2), nn.ReLU()]
        ends, stages = [len(layers)], [Stage("features.1", width, 2)]
        fires = iter(_FIRES)
        for index, count in enumerate(groups, start=2):
            layers.append(nn.MaxPool2d(3, stride=2, ceil_mode=True))
            for _ in range(count):
                squeeze, expand = (max(1, math.ceil(each * width_mult)) for each in next(fires))
                layers.append(Fire(width, squeeze, expand))
                width = 2 * expand
            ends.append(len(layers))
            stages.append(Stage(f"features.{len(layers) - 1}", width, 2**index))
        self.features = nn.Sequential(*layers)
        self.ends = tuple(ends)
        self.complete(stages, head=head, num_classes=num_classes, out_indices=out_indices)

    def forward_features(self, x: Tensor) -> Tensor:
        """The last map, `(N, 512, 13, 13)` of images of 224x224."""
        self.check_input(x)
        return self.features(x)

    def forward_stem(self, x: Tensor) -> Tensor:
        """Nothing: the first stage takes the image."""
        return x

    def forward_stage(self, index: int, x: Tensor) -> Tensor:
        """The layers of `features` from after one stage to the end of the next."""
        start = self.ends[index - 1] if index else 0
        for layer in list(self.features)[start : self.ends[index]]:
            x = layer(x)
        return x


squeezenet1_0 = variant(NETWORKS, "squeezenet1_0", SqueezeNet, version="1_0")
squeezenet1_1 = variant(NETWORKS, "squeezenet1_1", SqueezeNet, version="1_1")
