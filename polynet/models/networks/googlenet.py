"""GoogLeNet, Inception-v1 (Szegedy et al. 2014, arXiv:1409.4842), with batch normalisation as torchvision has it.

Names are torchvision's.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar

from polynet import nn, ops
from polynet.models.blocks.inception import ConvUnit, Name, checked_width, scaled
from polynet.models.blocks.normalisation import norm2d
from polynet.models.networks.auxiliary import AuxiliaryNetwork
from polynet.models.stage import Stage
from polynet.models.variants import variant
from polynet.nn.initialisers import TruncatedNormal
from polynet.nn.recipe import Recipe
from polynet.registry import NETWORKS
from polynet.types import Tensor

RECIPE = Recipe(convolution=TruncatedNormal(0.01), linear=TruncatedNormal(0.01))
"""As torchvision draws them."""

_BRANCHES: Mapping[str, tuple[int, ...]] = {
    "inception3a": (64, 96, 128, 16, 32, 32),
    "inception3b": (128, 128, 192, 32, 96, 64),
    "inception4a": (192, 96, 208, 16, 48, 64),
    "inception4b": (160, 112, 224, 24, 64, 64),
    "inception4c": (128, 128, 256, 24, 64, 64),
    "inception4d": (112, 144, 288, 32, 64, 64),
    "inception4e": (256, 160, 320, 32, 128, 128),
    "inception5a": (256, 160, 320, 32, 128, 128),
    "inception5b": (384, 192, 384, 48, 128, 128),
}
"""Table 1 of the paper: #1x1, #3x3 reduce, #3x3, #5x5 reduce, #5x5, pool proj."""

_GRID = 4


class InceptionBranches(nn.Module):
    """Four branches whose outputs are stacked: 1x1; 1x1 and 3x3; 1x1 and a wide one; max pooling and 1x1.

    Args:
        w_in: Channels of the input.
        widths: Channels of the six convolutions, as the paper's table has them.
        wide_kernel: Side of the wide convolution.
        unit: What makes a convolution.

    Attributes:
        w_out: Channels of the output.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     block = InceptionBranches(8, (4, 2, 4, 2, 4, 4), 5, ConvUnit)
        >>> tuple(block(ops.ones((1, 8, 7, 7))).shape)
        (1, 16, 7, 7)
    """

    def __init__(self, w_in: int, widths: Sequence[int], wide_kernel: int, unit: Any) -> None:
        super().__init__()
        one, reduced, three, wide_reduced, wide, pooled = widths
        self.branch1 = unit(w_in, one, 1)
        self.branch2 = nn.Sequential(unit(w_in, reduced, 1), unit(reduced, three, 3))
        self.branch3 = nn.Sequential(unit(w_in, wide_reduced, 1), unit(wide_reduced, wide, wide_kernel))
        self.branch4 = nn.Sequential(nn.MaxPool2d(3, stride=1, padding=1), unit(w_in, pooled, 1))
        self.w_out = one + three + wide + pooled

    def forward(self, x: Tensor) -> Tensor:
        """Map `(N, w_in, H, W)` to `(N, w_out, H, W)`."""
        return ops.cat([self.branch1(x), self.branch2(x), self.branch3(x), self.branch4(x)], 1)


class GoogLeNetAux(nn.Module):
    """The classifier on a map of 14x14: mean over a grid of 4x4, a 1x1 convolution, two linear layers.

    Args:
        w_in: Channels of the map.
        num_classes: Classes.
        widths: Channels of the convolution, and width of the hidden layer.
        dropout_prob: Probability of dropping a hidden feature.
        unit: What makes a convolution.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     aux = GoogLeNetAux(8, 10, (4, 16), 0.7, ConvUnit)
        >>> tuple(aux(ops.ones((2, 8, 14, 14))).shape)
        (2, 10)
    """

    classifier_path = "fc2"

    def __init__(self, w_in: int, num_classes: int, widths: tuple[int, int], dropout_prob: float, unit: Any) -> None:
        super().__init__()
        self.avg_pool = nn.AdaptiveAvgPool2d((_GRID, _GRID))
        self.conv = unit(w_in, widths[0], 1)
        self.fc1 = nn.Linear(widths[0] * _GRID * _GRID, widths[1])
        self.fc2 = nn.Linear(widths[1], num_classes)
        self.dropout = nn.Dropout(dropout_prob)

    @property
    def classifier(self) -> Any:
        """The last linear layer."""
        return self.fc2

    def forward(self, x: Tensor) -> Tensor:
        """Logits of a map `(N, w_in, H, W)`."""
        x = ops.flatten(self.conv(self.avg_pool(x)), 1)
        return self.fc2(self.dropout(ops.relu(self.fc1(x))))


@NETWORKS.register()
class GoogLeNet(AuxiliaryNetwork):
    """Three convolutions, then nine modules of four branches side by side.

    Its stages end before each halving of the maps: at `conv1`, `conv3`, `inception3b`, `inception4e`, `inception5b`.

    Args:
        aux_logits: Have two auxiliary classifiers, on what `inception4a` and `inception4d` give. In training the
            network then returns three logits: its own, the second's, the first's.
        transform_input: Take images normalised by ImageNet's mean and deviation and normalise them around 0.5, which
            weights from TensorFlow need.
        wide_kernel: Side of the wide convolutions: 3 in torchvision and its weights, 5 in the paper.
        width_mult: Factor on all widths, at least 16 remaining.
        aux_dropout_prob: Probability of dropping a hidden feature of the auxiliary classifiers.
        norm_name: Normalisation; without one, as in the paper, convolutions have biases.
        norm_eps: What batch normalisation adds to the variance.
        act_name: Activation.
        head: Options of the head, `name` first; `None` for none. The paper's dropout is 0.4.
        num_classes: Classes, where `head` does not say; 0 for no head.
        in_channels: Channels of the images.
        out_indices: Stages to return instead of logits.

    Raises:
        OptionError: Options that do not fit together.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     net = GoogLeNet(width_mult=0.1, num_classes=10)
        >>> tuple(net(ops.ones((2, 3, 32, 32))).shape)
        (2, 10)
    """

    family = "googlenet"
    recipe = RECIPE
    default_head = MappingProxyType({"name": "ClsHead", "dropout_prob": 0.2})
    layers = (
        ("conv1",),
        ("maxpool1", "conv2", "conv3"),
        ("maxpool2", "inception3a", "inception3b"),
        ("maxpool3", "inception4a", "inception4b", "inception4c", "inception4d", "inception4e"),
        ("maxpool4", "inception5a", "inception5b"),
    )
    auxiliary: ClassVar[Mapping[str, str]] = MappingProxyType({"inception4a": "aux1", "inception4d": "aux2"})
    auxiliary_weight = 0.3
    minimum_size = 15

    def __init__(
        self,
        aux_logits: bool = False,
        transform_input: bool = False,
        wide_kernel: int = 3,
        width_mult: float = 1.0,
        aux_dropout_prob: float = 0.7,
        norm_name: Name = "BN",
        norm_eps: float = 1e-3,
        act_name: Name = "relu",
        head: Mapping[str, Any] | None = default_head,
        num_classes: int | None = None,
        in_channels: int = 3,
        out_indices: Sequence[int] | None = None,
    ) -> None:
        super().__init__(in_channels)
        self.add_transform(transform_input)
        self._factor = checked_width("GoogLeNet", width_mult)
        self._aux_dropout = aux_dropout_prob
        norm = functools.partial(norm2d, norm_name, eps=norm_eps) if norm_name == "BN" else norm_name
        self._unit = functools.partial(ConvUnit, norm_name=norm, act_name=act_name)
        narrow, w_in = scaled(64, self._factor), scaled(192, self._factor)
        self.conv1 = self._unit(in_channels, narrow, 7, 2)
        self.maxpool1 = nn.MaxPool2d(3, stride=2, ceil_mode=True)
        self.conv2 = self._unit(narrow, narrow, 1)
        self.conv3 = self._unit(narrow, w_in, 3)
        self.maxpool2 = nn.MaxPool2d(3, stride=2, ceil_mode=True)
        self._widths: dict[str, int] = {"conv1": narrow, "conv3": w_in}
        for name, row in _BRANCHES.items():
            block = InceptionBranches(w_in, [scaled(each, self._factor) for each in row], wide_kernel, self._unit)
            setattr(self, name, block)
            self._widths[name] = w_in = block.w_out
        self.maxpool3 = nn.MaxPool2d(3, stride=2, ceil_mode=True)
        self.maxpool4 = nn.MaxPool2d(2, stride=2, ceil_mode=True)
        self.complete(
            [Stage(names[-1], self._widths[names[-1]], 2 << index) for index, names in enumerate(self.layers)],
            head=head,
            num_classes=num_classes,
            out_indices=out_indices,
            norm_name=norm,
            act_name=act_name,
        )
        self.add_auxiliary(aux_logits)

    def make_auxiliary(self, name: str, num_classes: int) -> Any:
        """One of the auxiliary classifiers."""
        after = next(layer for layer, each in self.auxiliary.items() if each == name)
        widths = scaled(128, self._factor), scaled(1024, self._factor)
        return GoogLeNetAux(self._widths[after], num_classes, widths, self._aux_dropout, self._unit)


googlenet = variant(NETWORKS, "googlenet", GoogLeNet)
