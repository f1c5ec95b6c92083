"""Residual networks of videos under names that EssentialMC2 alone has."""

from __future__ import annotations

from typing import Any

from polynet.models.backbones.resnet3d import ResNet3D, ResNet3D_2plus1d
from polynet.registry import BACKBONES


@BACKBONES.register()
class ResNetR2D3D(ResNet3D):
    """`ResNet3D`.

    Args:
        depth: Depth.
        **options: Others of `ResNet3D`.

    Source: EssentialMC2, `ResNetR2D3D`.

    Example:
        >>> with polynet.use_backend("shapes"):
        ...     net = ResNetR2D3D()
        >>> net.out_channels
        256
    """

    def __init__(self, depth: int = 18, **options: Any) -> None:
        super().__init__(depth, **options)


@BACKBONES.register()
class ResNet2Plus1d(ResNet3D_2plus1d):
    """`ResNet3D_2plus1d` with ten layers where nothing else is said.

    Args:
        depth: Depth.
        **options: Others of `ResNet3D_2plus1d`.

    Source: EssentialMC2, `ResNet2Plus1d`.

    Example:
        >>> with polynet.use_backend("shapes"):
        ...     net = ResNet2Plus1d()
        >>> net.out_channels
        512
    """

    def __init__(self, depth: int = 10, **options: Any) -> None:
        super().__init__(depth, **options)
