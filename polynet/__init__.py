"""PolyNet: define a neural network once, build it as a real PyTorch or MegEngine module, provably the same.

Importing this package imports no framework, and no numpy either: every public name is found when first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from polynet import errors as errors
    from polynet import nn as nn
    from polynet import ops as ops
    from polynet.backend import installed_backends as installed_backends
    from polynet.backend import use_backend as use_backend

_HOMES = {
    "installed_backends": "polynet.backend",
    "use_backend": "polynet.backend",
}
_MODULES = ("errors", "nn", "ops")

__all__ = ["__version__", *_HOMES, *_MODULES]  # noqa: PLE0604 - the table is the single list of names


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used."""
    if name in _MODULES:
        return importlib.import_module(f"polynet.{name}")
    home = _HOMES.get(name)
    if home is None:
        message = f"module 'polynet' has no attribute {name!r}"
        raise AttributeError(message)
    value = getattr(importlib.import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
