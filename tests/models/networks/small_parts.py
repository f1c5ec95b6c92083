"""Small parts of networks, which tests put together."""

from __future__ import annotations

from typing import Any

import numpy as np

from polynet import nn, ops


class SmallBackbone(nn.Module):
    """A convolution with normalisation and dropout, on images."""

    out_channels = 6

    def __init__(self, dropout: float = 0.0) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 6, 3, 2, 1)
        self.bn = nn.BatchNorm2d(6)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Any) -> Any:
        return self.dropout(ops.relu(self.bn(self.conv(x))))


class VideoBackbone(nn.Module):
    """The same on videos."""

    out_channels = 6

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv3d(3, 6, 3, 2, 1)
        self.bn = nn.BatchNorm3d(6)

    def forward(self, x: Any) -> Any:
        return ops.relu(self.bn(self.conv(x)))


IMAGES = {
    "backbone": {"name": SmallBackbone},
    "neck": {"name": "GlobalAveragePooling"},
    "head": {"name": "ClassifierHead", "dim": 6, "num_classes": 4},
}
VIDEOS = {
    "backbone": {"name": VideoBackbone},
    "neck": {"name": "GlobalAveragePooling", "dim": 3},
    "head": {"name": "VideoClassifierHead", "dim": 6, "num_classes": 4, "dropout_rate": 0},
}


def images(rows: int = 5) -> Any:
    return np.random.default_rng(1).standard_normal((rows, 3, 8, 8)).astype(np.float32)


def videos(rows: int = 5) -> Any:
    return np.random.default_rng(2).standard_normal((rows, 3, 4, 8, 8)).astype(np.float32)


def labels(rows: int = 5) -> Any:
    return np.arange(rows) % 4
