"""Copies of layers, made without MegEngine's constructors.

Tensors share their numbers until one of them is changed: MegEngine never writes to numbers that two tensors hold.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import megengine
import megengine.module as M

from polynet_megengine.layers.initialisation import is_drawn_later
from polynet_megengine.members import PLAIN, may_hold_members, name_tensor

_TENSORS = (megengine.Tensor, megengine.Parameter)
_COLLECTIONS = frozenset({list, dict, OrderedDict})

Copier = Callable[[], Any]


def copier(layer: M.Module) -> Copier | None:
    """What makes layers like one just made, each with tensors of its own; see `Backend.copier`.

    A layer can be copied if beside its own tensors it holds nothing but numbers, words, and tuples and lists of them,
    and if MegEngine was not to draw any of the tensors.
    """
    rest = dict(vars(layer))
    tensors = [(name, type(value), value) for name, value in rest.items() if type(value) in _TENSORS]
    for name, _, _ in tensors:
        del rest[name]
    if not all(map(_is_plain, rest.values())) or any(is_drawn_later(tensor) for _, _, tensor in tensors):
        return None
    collections = [(name, value.copy().copy) for name, value in rest.items() if type(value) in _COLLECTIONS]
    # The layer's own tensors may change before the next copy is made.
    kept = [(name, kind, kind(tensor)) for name, kind, tensor in tensors]
    layer_kind: Any = type(layer)
    device = megengine.get_default_device()

    def copy() -> Any:
        if megengine.get_default_device() != device:
            return None
        another = layer_kind.__new__(layer_kind)
        attributes = vars(another)
        attributes.update(rest)
        for name, another_of in collections:
            attributes[name] = another_of()
        for name, kind, tensor in kept:
            attributes[name] = same = kind(tensor)
            name_tensor(same, None, name)
        return another

    return copy


def _is_plain(value: Any) -> bool:
    """Whether a copy can hold the same value, or a new collection of the same."""
    return type(value) in PLAIN or (
        (type(value) is tuple or type(value) in _COLLECTIONS) and not may_hold_members(value)
    )
