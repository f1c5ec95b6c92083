"""Copies of layers, made without torch's constructors, most of whose time goes into setting attributes one by one."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import torch
from torch.nn.modules.module import _global_buffer_registration_hooks, _global_parameter_registration_hooks
from torch.overrides import _get_current_function_mode_stack
from torch.utils._python_dispatch import _get_current_dispatch_mode

from polynet_torch.initialisation import Skip

_UNCHANGING = frozenset({int, float, bool, str, type(None), torch.dtype, torch.device})
_COLLECTIONS = frozenset({dict, OrderedDict, set, list})
Copier = Callable[[], Any]

_register_parameter = torch.nn.Module.register_parameter


def copier(layer: torch.nn.Module) -> Copier | None:
    """What makes layers like one just made, each with tensors of its own; see `Backend.copier`.

    A layer can be copied if beside its own tensors it holds nothing but numbers, words, and tuples and lists of them.
    What torch's initialisation would have drawn at random is left as it comes, and noted as skipped, as it was for the
    first.
    """
    modes = _get_current_function_mode_stack()
    if not modes or not isinstance(modes[-1], Skip) or not _is_usual():
        return None
    skip = modes[-1]
    # No function mode has anything to do with what is called from here on, and each takes longer than the calls do.
    with torch._C.DisableTorchFunction():
        return _copier(layer, skip)


def _copier(layer: torch.nn.Module, skip: Skip) -> Copier | None:
    dtype = torch.get_default_dtype()
    rest = dict(vars(layer))
    parameters, buffers = rest.pop("_parameters"), rest.pop("_buffers")
    if not all(_is_plain(value) for value in rest.values()):
        return None
    collections = [(name, value.copy().copy) for name, value in rest.items() if type(value) in _COLLECTIONS]
    if not all(map(_is_copied, (*parameters.values(), *buffers.values()))):
        return None
    made = [(leaf, _parameter_copier(each, skip)) for leaf, each in parameters.items()]
    kept = [(leaf, _buffer_copier(each)) for leaf, each in buffers.items()]
    kind: Any = type(layer)

    def copy() -> Any:
        if torch.get_default_dtype() is not dtype or not _is_usual():
            return None
        another = kind.__new__(kind)
        with torch._C.DisableTorchFunction():
            another.__dict__.update(rest)
            for name, another_of in collections:
                another.__dict__[name] = another_of()
            another.__dict__["_parameters"] = type(parameters)((leaf, make()) for leaf, make in made)
            another.__dict__["_buffers"] = type(buffers)((leaf, make()) for leaf, make in kept)
        return another

    return copy


def _is_usual() -> bool:
    """Whether nothing but PolyNet changes what torch's constructors do: no other mode, no hook and no patch."""
    return (
        all(isinstance(mode, Skip) for mode in _get_current_function_mode_stack())
        and _get_current_dispatch_mode() is None
        and torch.nn.Module.register_parameter is _register_parameter
        and not _global_parameter_registration_hooks
        and not _global_buffer_registration_hooks
    )


def _is_plain(value: Any) -> bool:
    """Whether a copy can hold the same value, or a new collection of the same."""
    kind = type(value)
    if kind in _UNCHANGING:
        return True
    if kind is dict or kind is OrderedDict:
        return not value
    return (kind is tuple or kind in _COLLECTIONS) and all(type(each) in _UNCHANGING for each in value)


def _is_copied(tensor: torch.Tensor | None) -> bool:
    return tensor is None or type(tensor) in (torch.Tensor, torch.nn.Parameter)


def _parameter_copier(parameter: torch.nn.Parameter | None, skip: Skip) -> Copier:
    if parameter is None:
        return _nothing
    fills, needs_gradient = skip.fills_of(parameter), parameter.requires_grad
    if not fills:
        numbers = _buffer_copier(parameter.detach())
        return lambda: torch.nn.Parameter(numbers(), needs_gradient)
    shape, dtype, device = parameter.shape, parameter.dtype, parameter.device

    def drawn_later() -> torch.nn.Parameter:
        another = torch.nn.Parameter(torch.empty(shape, dtype=dtype, device=device), needs_gradient)
        skip.note(another, fills)
        return another

    return drawn_later


def _buffer_copier(buffer: torch.Tensor | None) -> Copier:
    return _nothing if buffer is None else buffer.detach().clone().clone


def _nothing() -> None:
    return None
