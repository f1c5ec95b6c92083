"""One row of the table of ops: how to call it, on what, and what must come out."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Case:
    """A call of one op.

    Attributes:
        name: The op, and what is special about this call.
        call: Calls `polynet.ops` on native tensors.
        inputs: The arrays to make those tensors from.
        numpy: The answer in closed form, from the same arrays with floats widened to float64.
        torch: The answer by torch's own functions, from the torch module and tensors.
        differentiable: Whether floating-point results have gradients worth comparing.
        constants: How many of the last inputs are constants, for which the op has no gradient.
        traceable: Whether a compiler can know the result's shape beforehand.
    """

    name: str
    call: Callable[..., Any]
    inputs: tuple[Array, ...]
    numpy: Callable[..., Any] | None = None
    torch: Callable[..., Any] | None = None
    differentiable: bool = True
    constants: int = 0
    traceable: bool = True

    @property
    def op(self) -> str:
        """The op's bare name."""
        return self.name.split()[0]


def normal(*shape: int, seed: int = 0, scale: float = 1.0) -> Array:
    """Normally distributed float32 numbers, the same for the same arguments."""
    key = hashlib.sha256(repr((shape, seed)).encode()).digest()
    generator = np.random.default_rng(int.from_bytes(key[:8], "little"))
    return (generator.standard_normal(shape) * scale).astype(np.float32)


def uniform(low: float, high: float, *shape: int, seed: int = 0) -> Array:
    """Evenly distributed float32 numbers."""
    key = hashlib.sha256(repr((low, high, shape, seed)).encode()).digest()
    return np.random.default_rng(int.from_bytes(key[:8], "little")).uniform(low, high, shape).astype(np.float32)


def distinct(*shape: int) -> Array:
    """Float32 numbers all well apart from one another, in no order, so that their ranking is beyond doubt."""
    count = int(np.prod(shape))
    return ((np.arange(count) * 7919 % 1009).argsort() / 8.0 - count / 20.0).astype(np.float32).reshape(shape)


def values(*numbers: float) -> Array:
    """These numbers, as float32."""
    return np.array(numbers, dtype=np.float32)


def whole(low: int, high: int, *shape: int) -> Array:
    """Whole numbers, int64."""
    return np.random.default_rng(5).integers(low, high, shape, dtype=np.int64)


def widened(array: Array) -> Array:
    """The array with floats as float64, in which closed forms are computed."""
    return array.astype(np.float64) if array.dtype.kind == "f" else array


def as_list(result: Any) -> list[Any]:
    """An op's results, of which there may be several."""
    return list(result) if isinstance(result, (tuple, list)) else [result]
