"""Data sets, how they are read, and what is done to images and batches."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from polynet.errors import unknown_attribute

if TYPE_CHECKING:
    from polynet.data.digits import Digits as Digits
    from polynet.data.digits import load_digits as load_digits
    from polynet.data.loader import DataLoader as DataLoader
    from polynet.data.loader import build_loader as build_loader
    from polynet.data.registry import AUGMENTS as AUGMENTS
    from polynet.data.registry import DATASETS as DATASETS
    from polynet.data.registry import PREPROCESSORS as PREPROCESSORS
    from polynet.data.registry import SAMPLERS as SAMPLERS
    from polynet.data.registry import TRANSFORMS as TRANSFORMS

_HOMES = {
    "AUGMENTS": "registry",
    "DATASETS": "registry",
    "DataLoader": "loader",
    "Digits": "digits",
    "PREPROCESSORS": "registry",
    "SAMPLERS": "registry",
    "TRANSFORMS": "registry",
    "build_loader": "loader",
    "load_digits": "digits",
}

__all__ = [
    "AUGMENTS",
    "DATASETS",
    "PREPROCESSORS",
    "SAMPLERS",
    "TRANSFORMS",
    "DataLoader",
    "Digits",
    "build_loader",
    "load_digits",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise unknown_attribute(__name__, name, _HOMES)
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
