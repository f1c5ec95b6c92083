"""Tensors that a network holds under several names: a module used twice, or weights tied to one another."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np

from polynet.slots import Slot
from polynet.weights.elements import Array


def shared_names(slots: Mapping[str, Slot]) -> list[list[str]]:
    """The names of each tensor that has more than one, in the network's order; no number is read.

    Args:
        slots: The network's places.

    Example:
        >>> import polynet
        >>> class Twice(polynet.nn.Module):
        ...     def __init__(self):
        ...         super().__init__()
        ...         self.first = polynet.nn.Linear(2, 3)
        ...         self.second = self.first
        >>> with polynet.use_backend("shapes") as shapes:
        ...     shared_names(shapes.slots(Twice()))
        [['first.weight', 'second.weight'], ['first.bias', 'second.bias']]
    """
    # The tensors are held while they are told apart by their ids: that of an object let go may be another's next.
    tensors = [slot.tensor for slot in slots.values()]
    ids = list(map(id, tensors))
    if len(set(ids)) == len(ids):
        return []
    names: dict[int, list[str]] = {}
    for name, which in zip(slots, ids, strict=True):
        names.setdefault(which, []).append(name)
    return [several for several in names.values() if len(several) > 1]


def disagreements(shared: Sequence[Sequence[str]], ready: Mapping[str, Array]) -> dict[str, str]:
    """Why arrays for one and the same tensor cannot be loaded, by the name of each, where they are not all equal.

    Args:
        shared: The names of each shared tensor.
        ready: Arrays in the network's shapes and types.
    """
    found: dict[str, str] = {}
    for names in shared:
        given = [name for name in names if name in ready]
        if all(_equal(ready[given[0]], ready[name]) for name in given[1:]):
            continue
        for name in given:
            other = next(each for each in given if not _equal(ready[each], ready[name]))
            found[name] = f"{name} and {other} are one tensor of the network, and their numbers differ"
    return found


def other_names(
    shared: Sequence[Sequence[str]], ready: Mapping[str, Array], slots: Mapping[str, Slot], given: Collection[str]
) -> dict[str, Array]:
    """What goes under the names of shared tensors that a checkpoint lacks: what it has under one of the others.

    Args:
        shared: The names of each shared tensor.
        ready: Arrays in the network's shapes and types.
        slots: The network's places.
        given: Names that the checkpoint has, whether they fit or not.
    """
    found: dict[str, Array] = {}
    for names in shared:
        first = next((name for name in names if name in ready), None)
        if first is not None:
            # Layers may show one native tensor in different canonical shapes.
            found.update({name: ready[first].reshape(slots[name].shape) for name in names if name not in given})
    return found


def _equal(first: Array, second: Array) -> bool:
    return first is second or np.array_equal(first.ravel(), second.ravel(), equal_nan=first.dtype.kind == "f")
