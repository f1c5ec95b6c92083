"""AlexNet in its one-tower form (Krizhevsky 2014, arXiv:1404.5997), layer for layer torchvision's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from polynet import nn, ops
from polynet.models.heads.head import Head
from polynet.models.network import ImageNetwork
from polynet.models.stage import Stage
from polynet.models.variants import variant
from polynet.nn.initialisers import Constant, Normal
from polynet.nn.recipe import Recipe
from polynet.registry import HEADS, NETWORKS
from polynet.types import Tensor

ALEXNET_HEAD: Mapping[str, Any] = MappingProxyType({"name": "AlexNetHead"})

_SIDE = 6
_ENDS = (3, 6, 13)
"""Where in `features` each stage ends: after its pooling."""


@HEADS.register()
class AlexNetHead(Head):
    """Mean over a grid of 6x6, then three linear layers with dropout before the first two.

    Args:
        w_in: Channels of the feature map.
        w_out: Classes.
        width: Width of the two hidden layers.
        dropout_prob: Probability of dropping a feature.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     head = AlexNetHead(8, 10, width=16)
        >>> tuple(head(ops.ones((2, 8, 6, 6))).shape)
        (2, 10)
    """

    classifier_path = "classifier.6"

    def __init__(self, w_in: int, w_out: int = 1000, width: int = 4096, dropout_prob: float = 0.5) -> None:
        super().__init__()
        self.avg_pool = nn.AdaptiveAvgPool2d((_SIDE, _SIDE))
        self.classifier = nn.Sequential(
            nn.Dropout(dropout_prob),
            nn.Linear(w_in * _SIDE * _SIDE, width),
            nn.ReLU(),
            nn.Dropout(dropout_prob),
            nn.Linear(width, width),
            nn.ReLU(),
            nn.Linear(width, w_out),
        )

    def pre_logits(self, x: Tensor) -> Tensor:
        """What the last linear layer is given: `(N, width)`."""
        x = ops.flatten(self.avg_pool(x), 1)
        for layer in list(self.classifier)[:-1]:
            x = layer(x)
        return x

    def forward(self, x: Tensor) -> Tensor:
        """Logits `(N, w_out)` of a feature map `(N, w_in, H, W)`."""
        return self.classifier(ops.flatten(self.avg_pool(x), 1))


_ONES = ("features.3", "features.8", "features.10", "*.classifier.1", "*.classifier.4")

RECIPE = Recipe(
    convolution=Normal(0.01),
    linear=Normal(0.01),
    bias=Constant(0.0),
    named=tuple((f"{layer}.bias", Constant(1.0)) for layer in _ONES),
)
"""That of Krizhevsky, Sutskever and Hinton 2012, section 5: weights normal with 0.01; biases 1 in the second, fourth
and fifth convolution and the hidden linear layers, which gives their rectifiers positive inputs at first, else 0."""


@NETWORKS.register()
class AlexNet(ImageNetwork):
    """Five convolutions with three max poolings, `features`, and a head of three linear layers.

    Args:
        head: Options of the head, `name` first; `None` for none.
        num_classes: Classes, where `head` does not say; 0 for no head.
        in_channels: Channels of the images.
        out_indices: Stages to return instead of logits; a stage ends with each pooling.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     net = AlexNet(head={"width": 16}, num_classes=10)
        >>> tuple(net(ops.ones((1, 3, 63, 63))).shape)
        (1, 10)
    """

    family = "alexnet"
    recipe = RECIPE
    minimum_size = 63
    default_head = ALEXNET_HEAD

    def __init__(
        self,
        head: Mapping[str, Any] | None = ALEXNET_HEAD,
        num_classes: int | None = None,
        in_channels: int = 3,
        out_indices: Sequence[int] | None = None,
    ) -> None:
        super().__init__(in_channels)
        self.features = nn.Sequential(
            nn.Conv2d(in_channels, 64, kernel_size=11, stride=4, padding=2),
            nn.ReLU(),
            nn.MaxPool2d(kernel_size=3, stride=2),
            nn.Conv2d(64, 192, kernel_size=5, padding=2),
            nn.ReLU(),
            nn.MaxPool2d(kernel_size=3, stride=2),
            nn.Conv2d(192, 384, kernel_size=3, padding=1),
            nn.ReLU(),
            nn.Conv2d(384, 256, kernel_size=3, padding=1),
            nn.ReLU(),
            nn.Conv2d(256, 256, kernel_size=3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(kernel_size=3, stride=2),
        )
        stages = (Stage("features.2", 64, 8), Stage("features.5", 192, 16), Stage("features.12", 256, 32))
        self.complete(stages, head=head, num_classes=num_classes, out_indices=out_indices)

    def forward_features(self, x: Tensor) -> Tensor:
        """The last map, `(N, 256, 6, 6)` of images of 224x224."""
        self.check_input(x)
        return self.features(x)

    def forward_stem(self, x: Tensor) -> Tensor:
        """Nothing: the first stage takes the image."""
        return x

    def forward_stage(self, index: int, x: Tensor) -> Tensor:
        """The layers of `features` up to and with a pooling."""
        start = _ENDS[index - 1] if index else 0
        for layer in list(self.features)[start : _ENDS[index]]:
            x = layer(x)
        return x


alexnet = variant(NETWORKS, "alexnet", AlexNet)
