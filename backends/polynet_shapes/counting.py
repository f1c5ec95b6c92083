"""Counting multiply-adds and activations while a network runs without numbers.

One multiplication with the addition that follows it counts as 1, as papers, timm and fvcore count. Counted are
convolutions, linear layers, products of matrices (`matmul`, `bmm`, `einsum`), both products of attention, and the
gates of recurrent layers. Biases, normalisation, activation functions, pooling, resizing, element-by-element
arithmetic and table look-ups count nothing. Activations are the elements that convolutions and linear layers put out
(Radosavovic et al. 2020).
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Any


class Figures:
    """What one module did itself, its children's part excluded.

    Attributes:
        multiply_adds: Counted multiply-adds.
        activations: Elements put out by convolutions and linear layers.
        calls: How often the module was called.
        output: What its last call returned.
    """

    __slots__ = ("activations", "calls", "multiply_adds", "output")

    def __init__(self) -> None:
        self.multiply_adds = 0
        self.activations = 0
        self.calls = 0
        self.output: Any = None


class Counter:
    """Figures of a network, by module path. The path of the network itself is `""`.

    Args:
        root: The network whose modules are named; by default the first module called.

    Attributes:
        figures: What each module did itself, in the order of the first calls.
        failed: Path of the module in which the first error arose; `None` as long as there is none.
    """

    def __init__(self, root: Any = None) -> None:
        self.figures: dict[str, Figures] = {"": Figures()}
        self.failed: str | None = None
        self._paths: dict[int, str] = {}
        self._stack: list[Figures] = [self.figures[""]]
        if root is not None:
            self._name(root)

    def _name(self, root: Any) -> None:
        self._paths = {id(module): path for path, module in root.named_modules()}

    def add(self, multiply_adds: int, activations: int = 0) -> None:
        """Count work of the module that is running."""
        figures = self._stack[-1]
        figures.multiply_adds += multiply_adds
        figures.activations += activations

    def enter(self, module: Any) -> None:
        """Count from now on for a module; one outside the network counts for its caller."""
        if not self._paths:
            self._name(module)
        path = self._paths.get(id(module))
        figures = self._stack[-1] if path is None else self.figures.setdefault(path, Figures())
        if path is not None:
            figures.calls += 1
        self._stack.append(figures)

    def leave(self, module: Any, output: Any) -> None:
        """Count for the caller again, and keep what the module returned."""
        figures = self._stack.pop()
        if id(module) in self._paths:
            figures.output = output

    def fail(self, module: Any) -> None:
        """Keep where an error arose: the innermost module passes it on first."""
        if self.failed is None:
            self.failed = self._paths.get(id(module))

    def within(self, path: str) -> tuple[int, int]:
        """Multiply-adds and activations of a module with all its children."""
        prefix = f"{path}." if path else ""
        own = [figures for name, figures in self.figures.items() if name == path or name.startswith(prefix)]
        return sum(figures.multiply_adds for figures in own), sum(figures.activations for figures in own)

    @property
    def multiply_adds(self) -> int:
        """Multiply-adds of everything counted."""
        return self.within("")[0]

    @property
    def activations(self) -> int:
        """Activations of everything counted."""
        return self.within("")[1]


ACTIVE: ContextVar[Counter | None] = ContextVar("polynet_shapes_counter", default=None)


@contextlib.contextmanager
def count(root: Any = None) -> Iterator[Counter]:
    """Context in which multiply-adds and activations are counted.

    Args:
        root: The network whose modules are named; by default the first module called.

    Example:
        >>> with polynet.use_backend("shapes"), count() as counter:
        ...     net = polynet.nn.Linear(3, 5)
        ...     y = net(ops.zeros((2, 3)))
        >>> counter.multiply_adds, counter.activations
        (30, 10)
    """
    counter = Counter(root)
    token = ACTIVE.set(counter)
    try:
        yield counter
    finally:
        ACTIVE.reset(token)


def add(multiply_adds: int, activations: int = 0) -> None:
    """Count work, where a count is being taken."""
    counter = ACTIVE.get()
    if counter is not None:
        counter.add(multiply_adds, activations)
