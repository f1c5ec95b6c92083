"""Which layers of a network keep running statistics of batches."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from polynet import nn
from polynet.types import NativeModule

KINDS: tuple[Any, ...] = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, nn.SyncBatchNorm)
"""Batch normalisations of every rank; the frameworks' own layers count as these."""


def batch_norms(module: NativeModule) -> Iterator[NativeModule]:
    """The batch normalisations within a module, each once, the module itself included.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     net = nn.Sequential(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4), nn.LayerNorm(4))
        >>> [type(layer).__name__ for layer in batch_norms(net)]
        ['BatchNorm2d']
    """
    return (layer for layer in module.modules() if isinstance(layer, KINDS))
