"""What a layer is called in `init_cfg`: its class's name and those of its direct bases, the same on every framework."""

from __future__ import annotations

import functools
from typing import Any

from polynet import nn

_BASES: dict[str, tuple[str, ...]] = {
    "_ConvNd": ("Conv1d", "Conv2d", "Conv3d"),
    "_ConvTransposeNd": ("ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d"),
    "_BatchNorm": ("BatchNorm1d", "BatchNorm2d", "BatchNorm3d", "SyncBatchNorm"),
    "_InstanceNorm": ("InstanceNorm1d", "InstanceNorm2d", "InstanceNorm3d"),
    "RNNBase": ("LSTM", "GRU", "RNN"),
}
"""torch's base classes, which configs name, and their layers; every other layer derives from `Module`."""

_BASE_OF = {layer: base for base, layers in _BASES.items() for layer in layers}


@functools.lru_cache(maxsize=4096)
def layer_names(kind: type) -> frozenset[str]:
    """The names by which `layer` matches modules of a class.

    Grandparents do not count: `_NormBase` matches no batch normalisation, `Module` matches `Linear` and not `Conv2d`.

    Args:
        kind: The class of a built module.

    Source: MMEngine, `_get_bases_name`.

    Example:
        >>> sorted(layer_names(type(nn.BatchNorm2d(4))))
        ['BatchNorm2d', '_BatchNorm']
    """
    written: Any = getattr(kind, "_polynet_neutral", kind)
    name = written.__name__
    neutral = getattr(nn, name, None) if written is kind else None
    if isinstance(neutral, type) and issubclass(kind, neutral):
        return frozenset((name, _BASE_OF.get(name, "Module")))
    return frozenset((name, *(base.__name__ for base in written.__bases__)))
