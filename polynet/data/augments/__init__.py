"""Augmentation of whole batches: mixing images with one another, and erasing parts of them.

An augmentation is called with images `(N, C, H, W)` and targets, as numpy arrays or as a framework's tensors, and gives
both of the same kind. What is random is drawn by a numpy generator alone, so that every framework sees the same batch.
"""

from __future__ import annotations

import importlib
from typing import Any

from polynet.errors import unknown_attribute

_HOMES = {
    "BatchAugment": "polynet.data.augments.base",
    "CutMix": "polynet.data.augments.mix",
    "Mixup": "polynet.data.augments.mix",
    "MixupCutmix": "polynet.data.augments.mixup_cutmix",
    "RandomBatchAugment": "polynet.data.augments.choice",
    "RandomErasing": "polynet.data.augments.random_erasing",
    "ResizeMix": "polynet.data.augments.mix",
    "build_augments": "polynet.data.augments.choice",
}
__all__ = [*_HOMES]


def __getattr__(name: str) -> Any:
    """Import what is asked for, and nothing before."""
    if name not in _HOMES:
        raise unknown_attribute(__name__, name, __all__)
    return getattr(importlib.import_module(_HOMES[name]), name)
