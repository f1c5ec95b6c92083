"""PolyNet: define a neural network once, build it as a real PyTorch or MegEngine module, provably the same.

Importing this package imports no framework, and no numpy either: every public name is found when first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from polynet import config as config
    from polynet import errors as errors
    from polynet import nn as nn
    from polynet import ops as ops
    from polynet import registry as registry
    from polynet import weights as weights
    from polynet.backend import active_backend as active_backend
    from polynet.backend import backend_of as backend_of
    from polynet.backend import get_backend as get_backend
    from polynet.backend import installed_backends as installed_backends
    from polynet.backend import use_backend as use_backend
    from polynet.builder import build as build
    from polynet.config import Config as Config
    from polynet.description import describe as describe
    from polynet.listing import list_models as list_models
    from polynet.placement import devices as devices
    from polynet.pretrained import preprocessing_of as preprocessing_of
    from polynet.proof import Report as Report
    from polynet.proof import Tolerance as Tolerance
    from polynet.proof import parity as parity
    from polynet.weights import load as load
    from polynet.weights import load_state as load_state
    from polynet.weights import save as save
    from polynet.weights import state as state

_HOMES = {
    "Config": "polynet.config",
    "Report": "polynet.proof",
    "Tolerance": "polynet.proof",
    "active_backend": "polynet.backend",
    "backend_of": "polynet.backend",
    "build": "polynet.builder",
    "describe": "polynet.description",
    "devices": "polynet.placement",
    "get_backend": "polynet.backend",
    "installed_backends": "polynet.backend",
    "list_models": "polynet.listing",
    "load": "polynet.weights",
    "load_state": "polynet.weights",
    "parity": "polynet.proof",
    "preprocessing_of": "polynet.pretrained",
    "save": "polynet.weights",
    "state": "polynet.weights",
    "use_backend": "polynet.backend",
}
"""Public functions and classes, and the module each is found in.

No module may bear a function's name: importing it would put the module in the function's place.
"""

_MODULES = ("config", "errors", "nn", "ops", "registry", "weights")

__all__ = ["__version__", *_HOMES, *_MODULES]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used."""
    if name in _MODULES:
        return importlib.import_module(f"polynet.{name}")
    home = _HOMES.get(name)
    if home is None:
        # Looked for only now: this package imports nothing until it is needed.
        errors = importlib.import_module("polynet.errors")
        raise errors.unknown_attribute("polynet", name, __all__)
    value = getattr(importlib.import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
