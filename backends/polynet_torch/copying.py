"""Copies of layers, made without torch's constructors, most of whose time goes into setting attributes one by one."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import torch
from torch.nn.modules import module as native
from torch.overrides import _get_current_function_mode_stack
from torch.utils._python_dispatch import _get_current_dispatch_mode

from polynet_torch.initialisation import Skip

_UNCHANGING = frozenset({int, float, bool, str, type(None), torch.dtype, torch.device})
_COLLECTIONS = frozenset({dict, OrderedDict, set, list})
_MOST_KEPT = 1 << 16
"""Numbers in a tensor that a layer begins with, above which they are not kept for its copies."""

_register_parameter = torch.nn.Module.register_parameter


def copier(layer: torch.nn.Module) -> Callable[[], torch.nn.Module | None] | None:
    """What makes layers like one just made, each with tensors of its own; see `Backend.copier`.

    A layer can be copied if beside its own tensors it holds nothing but numbers, words, and tuples and lists of them.
    What torch's initialisation would have drawn at random is left as it comes, and noted as skipped, as it was for the
    first.
    """
    modes = _get_current_function_mode_stack()
    if not modes or not isinstance(modes[-1], Skip) or not _is_usual():
        return None
    skip, dtype = modes[-1], torch.get_default_dtype()
    rest = dict(vars(layer))
    parameters, buffers = rest.pop("_parameters"), rest.pop("_buffers")
    if not all(_is_plain(value) for value in rest.values()):
        return None
    collections = [(name, value.copy().copy) for name, value in rest.items() if type(value) in _COLLECTIONS]
    made = [(leaf, _parameter_copier(each, skip)) for leaf, each in parameters.items()]
    kept = [(leaf, _buffer_copier(each)) for leaf, each in buffers.items()]
    if any(make is None for _, make in (*made, *kept)):
        return None
    kind = type(layer)

    def copy() -> torch.nn.Module | None:
        if torch.get_default_dtype() is not dtype or not _is_usual():
            return None
        another = kind.__new__(kind)
        # No function mode has anything to do with these calls, and each takes longer than they do.
        with torch._C.DisableTorchFunction():
            another.__dict__.update(rest)
            for name, another_of in collections:
                another.__dict__[name] = another_of()
            another.__dict__["_parameters"] = {leaf: make() for leaf, make in made}
            another.__dict__["_buffers"] = {leaf: make() for leaf, make in kept}
        return another

    return copy


def _is_usual() -> bool:
    """Whether nothing but PolyNet changes what torch's constructors do: no mode, no hook and no patch."""
    return (
        all(isinstance(mode, Skip) for mode in _get_current_function_mode_stack())
        and _get_current_dispatch_mode() is None
        and torch.nn.Module.register_parameter is _register_parameter
        and not native._global_parameter_registration_hooks
        and not native._global_buffer_registration_hooks
    )


def _is_plain(value: Any) -> bool:
    """Whether a copy can hold the same value, or a new collection of the same."""
    kind = type(value)
    if kind in _UNCHANGING:
        return True
    if kind is dict or kind is OrderedDict:
        return not value
    return (kind is tuple or kind in _COLLECTIONS) and all(type(each) in _UNCHANGING for each in value)


def _parameter_copier(parameter: torch.nn.Parameter | None, skip: Skip) -> Callable[[], Any] | None:
    if parameter is None:
        return _nothing
    if type(parameter) is not torch.nn.Parameter:
        return None
    fills = skip.fills_of(parameter)
    needs_gradient = parameter.requires_grad
    if not fills:
        numbers = _buffer_copier(parameter.detach())
        return None if numbers is None else lambda: torch.nn.Parameter(numbers(), needs_gradient)
    shape, dtype, device = parameter.shape, parameter.dtype, parameter.device

    def drawn_later() -> torch.nn.Parameter:
        another = torch.nn.Parameter(torch.empty(shape, dtype=dtype, device=device), needs_gradient)
        skip.note(another, fills)
        return another

    return drawn_later


def _buffer_copier(buffer: torch.Tensor | None) -> Callable[[], Any] | None:
    if buffer is None:
        return _nothing
    if type(buffer) is not torch.Tensor or buffer.numel() > _MOST_KEPT:
        return None
    return buffer.detach().clone().clone


def _nothing() -> None:
    return None
