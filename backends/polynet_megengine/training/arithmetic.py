"""MegEngine's kernels for the operations that update rules are written in; see `polynet.train.rules.arithmetic`.

A multiplication and an addition run as one kernel, in one pass over the memory. Numbers become tensors on the
parameters' own device, since MegEngine would put them on the default one, and devices do not mix.
"""

from __future__ import annotations

from typing import Any

import megengine
import megengine.functional as F
from megengine.core._imperative_rt.core2 import apply
from megengine.core.ops.builtin import Elemwise, InplaceAdd

from polynet.types import Tensor

_MULTIPLY_ADD = Elemwise(Elemwise.Mode.FUSE_MUL_ADD3)
_ADD_IN_PLACE = InplaceAdd()
_SQUARE_ROOT = Elemwise(Elemwise.Mode.SQRT)


class MegEngineArithmetic:
    """The operations of update rules on tensors of one device.

    Args:
        device: MegEngine's name of the device.
    """

    def __init__(self, device: Any) -> None:
        self._device = device
        self._scalars: dict[float, Tensor] = {}

    def _scalar(self, value: float) -> Tensor:
        found = self._scalars.get(value)
        if found is None:
            found = self._scalars[value] = megengine.Tensor(value, dtype="float32", device=self._device)
        return found

    def scaled(self, tensor: Tensor, factor: float) -> Tensor:
        """`tensor * factor`."""
        return tensor * self._scalar(factor)

    def multiply_add(self, tensor: Tensor, factor: float | Tensor, other: Tensor) -> Tensor:
        """`tensor * factor + other`, in one pass."""
        if not isinstance(factor, megengine.Tensor):
            factor = self._scalar(factor)
        return apply(_MULTIPLY_ADD, tensor, factor, other)[0]

    def moved(self, tensor: Tensor, keep: float, other: Tensor, share: float) -> Tensor:
        """`tensor * keep + other * share`, in the tensor's own memory unless another tensor shares it.

        Memory that is new costs more than the arithmetic: without it, a large parameter's step takes a tenth.
        """
        return apply(_ADD_IN_PLACE, tensor, other, self._scalar(keep), self._scalar(share))[0]

    def affine(self, tensor: Tensor, factor: float, addend: float) -> Tensor:
        """`tensor * factor + addend`, in one pass."""
        return apply(_MULTIPLY_ADD, tensor, self._scalar(factor), self._scalar(addend))[0]

    def square_root(self, tensor: Tensor) -> Tensor:
        """The square root of each number."""
        return apply(_SQUARE_ROOT, tensor)[0]

    def maximum(self, first: Tensor, second: Tensor) -> Tensor:
        """The larger of each pair of numbers."""
        return F.maximum(first, second)

    def norm(self, tensor: Tensor) -> Tensor:
        """The Euclidean norm of all numbers."""
        return self.square_root(F.sum(tensor * tensor))

    def ratio(self, numerator: Tensor, denominator: Tensor, *positive: Tensor) -> Tensor:
        """The quotient where all of `positive` are above 0, else 1."""
        quotient, one, zero = numerator / denominator, self._scalar(1.0), self._scalar(0.0)
        for condition in positive:
            quotient = F.where(condition > zero, quotient, one)
        return quotient

    def at_most(self, tensor: Tensor, bound: float) -> Tensor:
        """Each number, or `bound` where that is less."""
        return F.minimum(tensor, self._scalar(bound))

    def full_like(self, tensor: Tensor, value: float) -> Tensor:
        """A tensor like another, filled with one number."""
        return F.broadcast_to(self._scalar(value), tensor.shape)
