"""The few operations that update rules are written in, so that each framework can use its fastest kernels for them."""

from __future__ import annotations

from typing import Protocol

from polynet.types import Tensor


class Arithmetic(Protocol):
    """Operations on a framework's tensors of one device; a factor is a Python number or a tensor of no axes.

    Beside these, rules use the tensors' own `+`, `-`, `*` and `/` between two tensors.
    """

    def scaled(self, tensor: Tensor, factor: float) -> Tensor:
        """`tensor * factor`."""

    def multiply_add(self, tensor: Tensor, factor: float | Tensor, other: Tensor) -> Tensor:
        """`tensor * factor + other`."""

    def moved(self, tensor: Tensor, keep: float, other: Tensor, share: float) -> Tensor:
        """`tensor * keep + other * share`, perhaps in the tensor's own memory: only the result is used afterwards."""

    def affine(self, tensor: Tensor, factor: float, addend: float) -> Tensor:
        """`tensor * factor + addend`."""

    def square_root(self, tensor: Tensor) -> Tensor:
        """The square root of each number."""

    def maximum(self, first: Tensor, second: Tensor) -> Tensor:
        """The larger of each pair of numbers."""

    def norm(self, tensor: Tensor) -> Tensor:
        """The Euclidean norm of all numbers, a tensor of no axes."""

    def ratio(self, numerator: Tensor, denominator: Tensor, *positive: Tensor) -> Tensor:
        """The quotient of two tensors of no axes where all of `positive` are above 0, else 1; nothing is waited for."""

    def at_most(self, tensor: Tensor, bound: float) -> Tensor:
        """Each number, or `bound` where that is less."""

    def full_like(self, tensor: Tensor, value: float) -> Tensor:
        """A tensor of the same shape, type and device, filled with one number."""
