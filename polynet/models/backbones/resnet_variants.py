"""Backbones that derive from `ResNet`: for CIFAR, ResNeXt, SE-ResNet and SE-ResNeXt.

ResNeXt: Xie et al. 2017, arXiv:1611.05431. SE: Hu et al. 2018, arXiv:1709.01507.
"""

from __future__ import annotations

from typing import Any

from polynet import nn
from polynet.errors import OptionError
from polynet.models.backbones.residual import Bottleneck, ResLayer, SEBottleneck
from polynet.models.backbones.resnet import ResNet
from polynet.models.bricks.convolution import build_conv_layer
from polynet.models.bricks.normalisation import build_norm_layer
from polynet.registry import BACKBONES
from polynet.types import Tensor


@BACKBONES.register()
@BACKBONES.register(name="mmpretrain.ResNet_CIFAR")
class ResNet_CIFAR(ResNet):  # noqa: N801 - MMPretrain's name
    """ResNet for images of 32x32 pixels: its stem is one 3x3 convolution, which keeps the size.

    Args:
        depth: 18, 34, 50, 101 or 152.
        deep_stem: Must be false.
        **options: Those of `ResNet`.

    Raises:
        OptionError: `deep_stem` is true.

    Source: MMPretrain, `ResNet_CIFAR`.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     net = ResNet_CIFAR(18)
        >>> [tuple(out.shape) for out in net(ops.ones((1, 3, 32, 32)))]
        [(1, 512, 4, 4)]
    """

    def __init__(self, depth: int, deep_stem: bool = False, **options: Any) -> None:
        if deep_stem:
            message = "ResNet_CIFAR does not support deep_stem: its stem is one 3x3 convolution."
            raise OptionError(message)
        super().__init__(depth, deep_stem=deep_stem, **options)

    def _make_stem_layer(self, in_channels: int, base_channels: int) -> None:
        self.conv1 = build_conv_layer(
            self.conv_cfg, in_channels, base_channels, kernel_size=3, stride=1, padding=1, bias=False
        )
        self.norm1_name, norm1 = build_norm_layer(self.norm_cfg, base_channels, postfix=1)
        self.add_module(self.norm1_name, norm1)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Maps of the stages in `out_indices`, of images `(N, in_channels, H, W)`."""
        return self.forward_stages(self.relu(self.norm1(self.conv1(x))))


@BACKBONES.register()
@BACKBONES.register(name="mmpretrain.ResNeXt")
class ResNeXt(ResNet):
    """ResNet of grouped bottlenecks.

    Args:
        depth: 50, 101 or 152.
        groups: Groups of the 3x3 convolutions.
        width_per_group: Channels of a group in the first stage.
        **options: Those of `ResNet`.

    Source: MMPretrain, `ResNeXt`.

    Example:
        >>> with polynet.use_backend("shapes"):
        ...     net = ResNeXt(50)
        ...     out = net(ops.zeros((1, 3, 64, 64)))
        >>> [tuple(each.shape) for each in out]
        [(1, 2048, 2, 2)]
    """

    arch_settings = {
        50: (Bottleneck, (3, 4, 6, 3)),
        101: (Bottleneck, (3, 4, 23, 3)),
        152: (Bottleneck, (3, 8, 36, 3)),
    }

    def __init__(self, depth: int, groups: int = 32, width_per_group: int = 4, **options: Any) -> None:
        self.groups = groups
        self.width_per_group = width_per_group
        super().__init__(depth, **options)

    def make_res_layer(self, **options: Any) -> Any:
        """Make a stage of grouped bottlenecks."""
        return ResLayer(
            groups=self.groups, width_per_group=self.width_per_group, base_channels=self.base_channels, **options
        )


@BACKBONES.register()
@BACKBONES.register(name="mmpretrain.SEResNet")
class SEResNet(ResNet):
    """ResNet of bottlenecks with squeeze-and-excitation.

    Args:
        depth: 50, 101 or 152.
        se_ratio: Output channels of a block as a multiple of the squeeze's.
        **options: Those of `ResNet`.

    Source: MMPretrain, `SEResNet`.

    Example:
        >>> with polynet.use_backend("shapes"):
        ...     net = SEResNet(50)
        ...     out = net(ops.zeros((1, 3, 64, 64)))
        >>> [tuple(each.shape) for each in out]
        [(1, 2048, 2, 2)]
    """

    arch_settings = {
        50: (SEBottleneck, (3, 4, 6, 3)),
        101: (SEBottleneck, (3, 4, 23, 3)),
        152: (SEBottleneck, (3, 8, 36, 3)),
    }

    def __init__(self, depth: int, se_ratio: int = 16, **options: Any) -> None:
        self.se_ratio = se_ratio
        super().__init__(depth, **options)

    def make_res_layer(self, **options: Any) -> Any:
        """Make a stage of bottlenecks with squeeze-and-excitation."""
        return ResLayer(se_ratio=self.se_ratio, **options)


@BACKBONES.register()
@BACKBONES.register(name="mmpretrain.SEResNeXt")
class SEResNeXt(ResNeXt):
    """ResNet of grouped bottlenecks with squeeze-and-excitation.

    Args:
        depth: 50, 101 or 152.
        groups: Groups of the 3x3 convolutions.
        width_per_group: Channels of a group in the first stage.
        se_ratio: Output channels of a block as a multiple of the squeeze's.
        **options: Those of `ResNet`.

    Source: MMPretrain, `SEResNeXt`, which takes `se_ratio` and uses 16.

    Example:
        >>> with polynet.use_backend("shapes"):
        ...     net = SEResNeXt(50)
        ...     out = net(ops.zeros((1, 3, 64, 64)))
        >>> [tuple(each.shape) for each in out]
        [(1, 2048, 2, 2)]
    """

    arch_settings = SEResNet.arch_settings

    def __init__(
        self, depth: int, groups: int = 32, width_per_group: int = 4, se_ratio: int = 16, **options: Any
    ) -> None:
        self.se_ratio = se_ratio
        super().__init__(depth, groups, width_per_group, **options)

    def make_res_layer(self, **options: Any) -> Any:
        """Make a stage of grouped bottlenecks with squeeze-and-excitation."""
        return super().make_res_layer(se_ratio=self.se_ratio, **options)
