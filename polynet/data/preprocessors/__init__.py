"""What turns a loader's batch into what a network is called with: moved, normalised, augmented."""

from __future__ import annotations

import importlib
from typing import Any

from polynet.errors import unknown_attribute

_HOMES = {
    "BaseDataPreprocessor": "polynet.data.preprocessors.base",
    "BatchDataPreprocessor": "polynet.data.preprocessors.batch",
    "ClsDataPreprocessor": "polynet.data.preprocessors.classification",
    "ImgDataPreprocessor": "polynet.data.preprocessors.image",
    "SelfSupDataPreprocessor": "polynet.data.preprocessors.self_supervised",
    "TwoNormDataPreprocessor": "polynet.data.preprocessors.self_supervised",
    "build_preprocessor": "polynet.data.preprocessors.base",
}
__all__ = [*_HOMES]


def __getattr__(name: str) -> Any:
    """Import what is asked for, and nothing before."""
    if name not in _HOMES:
        raise unknown_attribute(__name__, name, __all__)
    return getattr(importlib.import_module(_HOMES[name]), name)
