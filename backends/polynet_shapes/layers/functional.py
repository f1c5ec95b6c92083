"""Layers that are one op with arguments kept from construction, and the check of constructor arguments."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from polynet.errors import OptionError
from polynet_shapes.module import Module
from polynet_shapes.rules import Shape, per_axis
from polynet_shapes.tensor import ShapeParameter


class Functional(Module):
    """A layer without parameters.

    Attributes:
        operation: The op.
        kept: Names of the attributes given to it, in its argument order after the input.
    """

    operation: ClassVar[Callable[..., Any]]
    kept: ClassVar[tuple[str, ...]] = ()

    def forward(self, input: Any) -> Any:
        """Apply the op."""
        return type(self).operation(input, *(getattr(self, name) for name in self.kept))

    def extra_repr(self) -> str:
        """Show the arguments kept."""
        return ", ".join(f"{name}={getattr(self, name)}" for name in self.kept if name != "training")


def numbers(owner: Module, name: str, value: Any, count: int) -> Shape:
    """An argument given once for all axes or once for each, as a tuple.

    Raises:
        InputError: It has another number of entries.
    """
    return per_axis(value, count, type(owner).__name__, name)


def require(holds: bool, owner: Module, problem: str) -> None:
    """Refuse constructor arguments.

    Raises:
        OptionError: The condition does not hold.
    """
    if not holds:
        message = f"{type(owner).__name__}: {problem}"
        raise OptionError(message)


def register(owner: Module, name: str, shape: Shape, wanted: bool = True) -> None:
    """Register a parameter of a shape, or `None` in its place where it is not wanted."""
    owner.register_parameter(name, ShapeParameter(shape) if wanted else None)
