"""Inception-v3 (Szegedy et al. 2015, arXiv:1512.00567), layer for layer torchvision's and timm's, under their names."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar

from polynet import nn, ops
from polynet.errors import InputError
from polynet.models.blocks.inception import ConvUnit, Mixed, Name, checked_width, scaled, scaled_rows
from polynet.models.blocks.normalisation import norm2d
from polynet.models.networks.auxiliary import AuxiliaryNetwork
from polynet.models.stage import Stage
from polynet.models.variants import variant
from polynet.nn.initialisers import TruncatedNormal
from polynet.nn.recipe import Recipe
from polynet.registry import NETWORKS
from polynet.types import Tensor

RECIPE = Recipe(
    convolution=TruncatedNormal(0.1),
    linear=TruncatedNormal(0.1),
    named=(("AuxLogits.conv1.*.weight", TruncatedNormal(0.01)), ("AuxLogits.fc.weight", TruncatedNormal(0.001))),
)
"""As TensorFlow's Slim and torchvision draw them."""

_ROW, _COLUMN = (1, 7), (7, 1)


def _a(pool: int) -> list[Any]:
    """For maps of 35x35: 5x5 in one branch, twice 3x3 in another."""
    return [
        [("branch1x1", 64, 1)],
        [("branch5x5_1", 48, 1), ("branch5x5_2", 64, 5)],
        [("branch3x3dbl_1", 64, 1), ("branch3x3dbl_2", 96, 3), ("branch3x3dbl_3", 96, 3)],
        ["average", ("branch_pool", pool, 1)],
    ]


_B: list[Any] = [
    [("branch3x3", 384, 3, 2)],
    [("branch3x3dbl_1", 64, 1), ("branch3x3dbl_2", 96, 3), ("branch3x3dbl_3", 96, 3, 2)],
    ["max"],
]


def _c(width: int) -> list[Any]:
    """For maps of 17x17: 7x7 as a row and a column, once and twice."""
    return [
        [("branch1x1", 192, 1)],
        [("branch7x7_1", width, 1), ("branch7x7_2", width, _ROW), ("branch7x7_3", 192, _COLUMN)],
        [
            ("branch7x7dbl_1", width, 1),
            ("branch7x7dbl_2", width, _COLUMN),
            ("branch7x7dbl_3", width, _ROW),
            ("branch7x7dbl_4", width, _COLUMN),
            ("branch7x7dbl_5", 192, _ROW),
        ],
        ["average", ("branch_pool", 192, 1)],
    ]


_D: list[Any] = [
    [("branch3x3_1", 192, 1), ("branch3x3_2", 320, 3, 2)],
    [
        ("branch7x7x3_1", 192, 1),
        ("branch7x7x3_2", 192, _ROW),
        ("branch7x7x3_3", 192, _COLUMN),
        ("branch7x7x3_4", 192, 3, 2),
    ],
    ["max"],
]
_E: list[Any] = [
    [("branch1x1", 320, 1)],
    [("branch3x3_1", 384, 1), [("branch3x3_2a", 384, (1, 3)), ("branch3x3_2b", 384, (3, 1))]],
    [
        ("branch3x3dbl_1", 448, 1),
        ("branch3x3dbl_2", 384, 3),
        [("branch3x3dbl_3a", 384, (1, 3)), ("branch3x3dbl_3b", 384, (3, 1))],
    ],
    ["average", ("branch_pool", 192, 1)],
]
_MIXED: tuple[tuple[str, list[Any]], ...] = (
    ("Mixed_5b", _a(32)),
    ("Mixed_5c", _a(64)),
    ("Mixed_5d", _a(64)),
    ("Mixed_6a", _B),
    ("Mixed_6b", _c(128)),
    ("Mixed_6c", _c(160)),
    ("Mixed_6d", _c(160)),
    ("Mixed_6e", _c(192)),
    ("Mixed_7a", _D),
    ("Mixed_7b", _E),
    ("Mixed_7c", _E),
)


class InceptionAux(nn.Module):
    """The classifier on maps of 17x17: average pooling to 5x5, a 1x1 and a 5x5 convolution, a linear layer.

    Args:
        w_in: Channels of the map.
        num_classes: Classes.
        widths: Channels of the two convolutions.
        unit: What makes a convolution.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     aux = InceptionAux(8, 10, (4, 16), ConvUnit)
        >>> tuple(aux(ops.ones((2, 8, 17, 17))).shape)
        (2, 10)
    """

    classifier_path = "fc"

    def __init__(self, w_in: int, num_classes: int, widths: tuple[int, int], unit: Any) -> None:
        super().__init__()
        self.pool = nn.AvgPool2d(5, stride=3)
        self.conv0 = unit(w_in, widths[0], 1)
        self.conv1 = unit(widths[0], widths[1], 5, 1, 0)
        self.fc = nn.Linear(widths[1], num_classes)

    @property
    def classifier(self) -> Any:
        """The linear layer."""
        return self.fc

    def forward(self, x: Tensor) -> Tensor:
        """Logits of a map `(N, w_in, H, W)` of at least 17x17."""
        return self.fc(ops.mean(self.conv1(self.conv0(self.pool(x))), (2, 3)))


@NETWORKS.register()
class Inception(AuxiliaryNetwork):
    """Six convolutions, then modules of branches side by side; by default Inception-v3 for images of 299x299.

    Its stages end where maps are last 147, 71, 35, 17 and 8 pixels wide. Convolutions of the stem and poolings pad
    nothing, so that maps are a little smaller than the strides say.

    Args:
        aux_logits: Have an auxiliary classifier on the maps of 17x17. In training the network then returns a pair of
            logits, its own and that one's, and takes images of at least 299x299.
        transform_input: Take images normalised by ImageNet's mean and deviation and normalise them around 0.5, which
            weights from TensorFlow need.
        width_mult: Factor on all widths, at least 16 remaining: Slim's depth multiplier.
        norm_name: Normalisation; without one convolutions have biases.
        norm_eps: What batch normalisation adds to the variance.
        act_name: Activation.
        head: Options of the head, `name` first; `None` for none.
        num_classes: Classes, where `head` does not say; 0 for no head.
        in_channels: Channels of the images.
        out_indices: Stages to return instead of logits.

    Raises:
        OptionError: Options that do not fit together.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     net = Inception(width_mult=0.1, num_classes=10)
        >>> tuple(net(ops.ones((2, 3, 75, 75))).shape)
        (2, 10)
    """

    family = "inception"
    recipe = RECIPE
    input_size = (3, 299, 299)
    minimum_size = 75
    default_head = MappingProxyType({"name": "ClsHead", "dropout_prob": 0.5})
    layers = (
        ("Conv2d_1a_3x3", "Conv2d_2a_3x3", "Conv2d_2b_3x3"),
        ("pool1", "Conv2d_3b_1x1", "Conv2d_4a_3x3"),
        ("pool2", "Mixed_5b", "Mixed_5c", "Mixed_5d"),
        ("Mixed_6a", "Mixed_6b", "Mixed_6c", "Mixed_6d", "Mixed_6e"),
        ("Mixed_7a", "Mixed_7b", "Mixed_7c"),
    )
    auxiliary: ClassVar[Mapping[str, str]] = MappingProxyType({"Mixed_6e": "AuxLogits"})
    auxiliary_weight = 0.4

    def __init__(
        self,
        aux_logits: bool = False,
        transform_input: bool = False,
        width_mult: float = 1.0,
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
        self._factor = checked_width("Inception", width_mult)
        norm = functools.partial(norm2d, norm_name, eps=norm_eps) if norm_name == "BN" else norm_name
        self._unit = functools.partial(ConvUnit, norm_name=norm, act_name=act_name)
        w_in = self._add_stem(in_channels)
        widths = [self.Conv2d_2b_3x3.conv.out_channels, w_in]
        for name, branches in _MIXED:
            mixed = Mixed(w_in, scaled_rows(branches, self._factor), self._unit)
            setattr(self, name, mixed)
            w_in = mixed.w_out
            if name == self.layers[len(widths)][-1]:
                widths.append(w_in)
        self._aux_width = widths[3]
        self.complete(
            [Stage(names[-1], widths[index], 2 << index) for index, names in enumerate(self.layers)],
            head=head,
            num_classes=num_classes,
            out_indices=out_indices,
            norm_name=norm,
            act_name=act_name,
        )
        self.add_auxiliary(aux_logits)

    def _add_stem(self, in_channels: int) -> int:
        """Make the layers before the branches; the channels they give are returned."""
        first, second, third, fourth, fifth = (scaled(width, self._factor) for width in (32, 32, 64, 80, 192))
        self.Conv2d_1a_3x3 = self._unit(in_channels, first, 3, 2, 0)
        self.Conv2d_2a_3x3 = self._unit(first, second, 3, 1, 0)
        self.Conv2d_2b_3x3 = self._unit(second, third, 3)
        self.pool1 = nn.MaxPool2d(3, stride=2)
        self.Conv2d_3b_1x1 = self._unit(third, fourth, 1)
        self.Conv2d_4a_3x3 = self._unit(fourth, fifth, 3, 1, 0)
        self.pool2 = nn.MaxPool2d(3, stride=2)
        return fifth

    def make_auxiliary(self, name: str, num_classes: int) -> Any:
        """The auxiliary classifier."""
        widths = scaled(128, self._factor), scaled(768, self._factor)
        return InceptionAux(self._aux_width, num_classes, widths, self._unit)

    def check_input(self, x: Tensor) -> None:
        """Refuse images the network cannot work on; see `ImageNetwork.check_input`."""
        super().check_input(x)
        if self.aux_logits and self.training and min(x.shape[2:]) < 299:
            message = (
                f"Inception: with aux_logits it is trained on images of at least 299x299 pixels, which the auxiliary "
                f"classifier needs, not {x.shape[2]}x{x.shape[3]}. Build it with aux_logits=False for smaller ones."
            )
            raise InputError(message)


inception_v3 = variant(NETWORKS, "inception_v3", Inception)
