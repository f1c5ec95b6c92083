"""Training: one loop for every framework, and the faces under which other libraries know it."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from polynet.errors import unknown_attribute

if TYPE_CHECKING:
    from polynet.train.engine import Engine as Engine
    from polynet.train.hook import Hook as Hook
    from polynet.train.optim_wrapper import OptimWrapper as OptimWrapper
    from polynet.train.optim_wrapper import build_optim_wrapper as build_optim_wrapper
    from polynet.train.registry import HOOKS as HOOKS
    from polynet.train.registry import SCHEDULES as SCHEDULES
    from polynet.train.runner import Runner as Runner

_HOMES = {
    "Engine": "polynet.train.engine",
    "HOOKS": "polynet.train.registry",
    "Hook": "polynet.train.hook",
    "OptimWrapper": "polynet.train.optim_wrapper",
    "Runner": "polynet.train.runner",
    "SCHEDULES": "polynet.train.registry",
    "build_optim_wrapper": "polynet.train.optim_wrapper",
}
"""Public names, and the module each is found in when first used."""

__all__ = [*_HOMES]


def __getattr__(name: str) -> Any:
    """Import what is asked for, and nothing before."""
    if name not in _HOMES:
        raise unknown_attribute(__name__, name, __all__)
    return getattr(importlib.import_module(_HOMES[name]), name)
