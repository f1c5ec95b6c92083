"""The tensors and modules among a module's attributes, told from plain values quickly, and their names.

MegEngine asks of every value of every module whether it is an instance of an abstract class, which in Python takes
longer than the rest of naming and listing together.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import megengine
import megengine.module as M
from megengine.module.module import _expand_structure

PLAIN = frozenset({int, float, bool, str, type(None)})


def may_hold_members(value: Any) -> bool:
    """Whether a value is, or may hold, a tensor or a module: it is neither plain nor a collection of what is plain."""
    kind = type(value)
    if kind in PLAIN:
        return False
    if kind is tuple or kind is list:
        return not PLAIN.issuperset(map(type, value))
    return bool(value) if kind is dict or kind is OrderedDict else True


def members_of(module: M.Module) -> list[tuple[str, Any]]:
    """A module's own tensors and modules in the order of their definition, those in lists, tuples and dicts by path."""
    return [
        member
        for name, value in tuple(vars(module).items())
        if type(value) not in PLAIN and may_hold_members(value)
        for member in _expand_structure(name, value)
    ]


def name_tensor(tensor: Any, prefix: str | None, name: str) -> None:
    """Give a tensor the name of its place, as MegEngine's dumps and profiles show it.

    A tensor that has a name of its own, or a place already, keeps it.
    """
    name = tensor.name or name
    if tensor._short_name and tensor._short_name != name:
        return
    path = f"{prefix}.{name}" if prefix else name
    tensor._prefix, tensor._name, tensor._short_name = prefix, path, name
    tensor._set_name(path)


def name_module(module: M.Module, prefix: str | None, name: str) -> None:
    """Give a module, and all that is in it, the name of its place; one that has a place already keeps it."""
    if module._short_name and module._short_name != name:
        return
    path = f"{prefix}.{name}" if prefix else name
    vars(module).update(_name=path, _short_name=name)
    seen = {id(module)}
    for key, member in members_of(module):
        if id(member) in seen:
            continue
        seen.add(id(member))
        if isinstance(member, megengine.Tensor):
            name_tensor(member, path, key)
        else:
            name_module(member, path, key)
