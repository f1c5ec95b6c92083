"""torch's kernels for the operations that update rules are written in; see `polynet.train.rules.arithmetic`."""

from __future__ import annotations

import torch


class TorchArithmetic:
    """The operations of update rules on tensors of any device."""

    def scaled(self, tensor: torch.Tensor, factor: float) -> torch.Tensor:
        """`tensor * factor`."""
        return tensor * factor

    def multiply_add(self, tensor: torch.Tensor, factor: float | torch.Tensor, other: torch.Tensor) -> torch.Tensor:
        """`tensor * factor + other`, in one pass."""
        if isinstance(factor, torch.Tensor):
            return torch.addcmul(other, tensor, factor)
        return torch.add(other, tensor, alpha=factor)

    def moved(self, tensor: torch.Tensor, keep: float, other: torch.Tensor, share: float) -> torch.Tensor:
        """`tensor * keep + other * share`."""
        return torch.add(tensor if keep == 1.0 else tensor * keep, other, alpha=share)

    def affine(self, tensor: torch.Tensor, factor: float, addend: float) -> torch.Tensor:
        """`tensor * factor + addend`."""
        return (tensor if factor == 1.0 else tensor * factor) + addend

    def square_root(self, tensor: torch.Tensor) -> torch.Tensor:
        """The square root of each number."""
        return tensor.sqrt()

    def maximum(self, first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
        """The larger of each pair of numbers."""
        return torch.maximum(first, second)

    def norm(self, tensor: torch.Tensor) -> torch.Tensor:
        """The Euclidean norm of all numbers."""
        return torch.linalg.vector_norm(tensor)

    def ratio(self, numerator: torch.Tensor, denominator: torch.Tensor, *positive: torch.Tensor) -> torch.Tensor:
        """The quotient where all of `positive` are above 0, else 1."""
        quotient = numerator / denominator
        for condition in positive:
            quotient = torch.where(condition > 0, quotient, 1.0)
        return quotient

    def at_most(self, tensor: torch.Tensor, bound: float) -> torch.Tensor:
        """Each number, or `bound` where that is less."""
        return tensor.clamp(max=bound)

    def full_like(self, tensor: torch.Tensor, value: float) -> torch.Tensor:
        """A tensor like another, filled with one number."""
        return torch.full_like(tensor, value)
