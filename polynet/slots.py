"""A slot: one parameter or buffer of a built network, seen in the canonical layout."""

from __future__ import annotations

import abc
from collections.abc import Iterator
from typing import Any

import numpy as np

from polynet.types import NativeModule, Tensor


class Slot(abc.ABC):
    """Access to one tensor of a network by its canonical name and shape.

    Attributes:
        name: Canonical name: the attribute path, as torch's `state_dict` spells it.
        owner: The native module that holds the tensor.
        leaf: The tensor's name within its owner.
        kind: `"parameter"` or `"buffer"`.
        shape: Canonical shape: torch's.
        dtype: Neutral name of the element type.
        trainable: Whether an optimiser should step it.
    """

    __slots__ = ("dtype", "kind", "leaf", "name", "owner", "shape", "trainable")

    def __init__(
        self, name: str, owner: NativeModule, leaf: str, kind: str, shape: tuple[int, ...], dtype: str, trainable: bool
    ) -> None:
        self.name = name
        self.owner = owner
        self.leaf = leaf
        self.kind = kind
        self.shape = shape
        self.dtype = dtype
        self.trainable = trainable

    def __repr__(self) -> str:
        """Show name, kind, dtype and shape."""
        return f"<{self.kind} {self.name} {self.dtype}{list(self.shape)}>"

    @property
    @abc.abstractmethod
    def tensor(self) -> Tensor:
        """The native tensor."""

    @abc.abstractmethod
    def canonical(self, tensor: Tensor) -> np.ndarray[Any, Any]:
        """An array, in the canonical shape, of a native tensor laid out like this slot's (a gradient, say)."""

    @abc.abstractmethod
    def write(self, array: np.ndarray[Any, Any]) -> None:
        """Overwrite the tensor in place with an array of the canonical shape."""

    @abc.abstractmethod
    def view(self) -> np.ndarray[Any, Any] | None:
        """A writable array over the tensor's own memory, in the canonical shape; `None` where there can be none."""

    def read(self) -> np.ndarray[Any, Any]:
        """A copy of the tensor's numbers, in the canonical shape."""
        return self.canonical(self.tensor)

    def peek(self) -> np.ndarray[Any, Any]:
        """The numbers in the canonical shape, copied only where they must be: to be read at once."""
        view = self.view()
        return self.read() if view is None else view

    def pieces(self, size: int) -> Iterator[np.ndarray[Any, Any]]:
        """The numbers in order, in arrays of about `size` bytes where the framework can read a part alone."""
        yield self.peek()
