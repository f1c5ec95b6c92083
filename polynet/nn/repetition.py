"""Layers that a network has many of: while it is built, all but the first of those made with equal options are copies.

A framework's constructor takes ten times as long as copying what it made. Whether a layer can be copied its backend
says; nothing is kept once the network is built.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import Any

from polynet.backend import Backend

_PLAIN = frozenset({int, float, bool, str, type(None)})
_INTEGERS = frozenset({int})

Copier = Callable[[], Any]
"""Makes one more layer like the one it was made for, as its constructor would; `None` where it cannot tell any more."""


class Repetition:
    """What has been made so far of one network.

    Args:
        backend: The backend it is built on; layers of others are none of its business.
    """

    def __init__(self, backend: Backend) -> None:
        self.backend = backend
        self._copiers: dict[Any, Copier | None] = {}

    def copy(self, key: Any) -> Any:
        """A copy of the layer that was made for a key; `None` if there was none, or if it cannot be copied."""
        copier = self._copiers.get(key)
        return None if copier is None else copier()

    def keep(self, key: Any, layer: Any) -> None:
        """Have what a layer is like now copied whenever the key comes again."""
        if key is not None and key not in self._copiers:
            self._copiers[key] = self.backend.copier(layer)


_BUILDING: ContextVar[Repetition | None] = ContextVar("polynet_repetition", default=None)


@contextlib.contextmanager
def repeating(backend: Backend) -> Iterator[None]:
    """Context in which a network's equal layers are copies of the first.

    Args:
        backend: The backend that it is built on, within `backend.building()`.

    Example:
        >>> torch = polynet.get_backend("torch")
        >>> with polynet.use_backend(torch), torch.building(), repeating(torch):
        ...     first, second = nn.Linear(2, 3), nn.Linear(2, 3)
        >>> second, second.weight is first.weight
        (Linear(in_features=2, out_features=3, bias=True), False)
    """
    token = _BUILDING.set(Repetition(backend))
    try:
        yield
    finally:
        _BUILDING.reset(token)


def repetition_of(backend: Backend) -> Repetition | None:
    """What has been made so far of the network that is being built on a backend."""
    found = _BUILDING.get()
    return found if found is not None and found.backend is backend else None


def key_of(cls: type, arguments: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """A key that two calls share if, and only if, they make the same layer; `None` for options that may change."""
    values = (*arguments, *options.values())
    # 1, 1.0 and True are equal, and a layer made with one is not the same as one made with another.
    kinds = tuple(map(type, values))
    if not _PLAIN.issuperset(kinds):
        for kind, value in zip(kinds, values, strict=True):
            if kind not in _PLAIN and not (kind is tuple and _INTEGERS.issuperset(map(type, value))):
                return None
    return cls, kinds, values, tuple(options)
