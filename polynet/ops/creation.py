"""New tensors.

Each function takes `dtype` (a neutral name such as `"float32"`, or the framework's own), `device`, and `like`: a tensor
whose framework and device to use, but not its dtype. Without `like` the active backend and its default device are used.
Shapes are one number or a sequence.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from polynet.backend import backend_of_class
from polynet.errors import FrameworkMismatchError
from polynet.ops.arguments import IntOrInts, Scalar
from polynet.ops.dispatch import namespace_like, namespace_of
from polynet.ops.explain import explained
from polynet.types import Tensor

_PLAIN = (np.ndarray, np.generic, list, tuple, int, float)


@explained
def tensor(data: Any, *, dtype: Any = None, device: Any = None, like: Tensor | None = None) -> Tensor:
    """Return a tensor holding a copy of numbers.

    Args:
        data: A number, nested lists of them, or a numpy array.
        dtype: By default that of an array; float32 for Python floats, the index type for integers, bool for bools.
        device: Where to put it.
        like: A tensor whose framework and device to use.

    Raises:
        FrameworkMismatchError: `data` is another framework's tensor.

    Example:
        >>> ops.dtype_name(ops.tensor([1.0, 2.0])), ops.dtype_name(ops.tensor([True]))
        ('float32', 'bool')
    """
    namespace = namespace_like(like)
    if not isinstance(data, _PLAIN) and backend_of_class(type(data)) and namespace_of(data) is not namespace:
        raise FrameworkMismatchError(
            f"ops.tensor was given a {type(data).__module__}.{type(data).__name__}, of another framework. "
            f"Give it the numbers: ops.tensor(ops.to_numpy(x))."
        )
    return namespace.tensor(data, dtype=dtype, device=device, like=like)


@explained
def zeros(size: IntOrInts, *, dtype: Any = None, device: Any = None, like: Tensor | None = None) -> Tensor:
    """Return zeros, float32 by default.

    Example:
        >>> ops.zeros((1, 2)).tolist()
        [[0.0, 0.0]]
    """
    return namespace_like(like).zeros(size, dtype=dtype, device=device, like=like)


@explained
def ones(size: IntOrInts, *, dtype: Any = None, device: Any = None, like: Tensor | None = None) -> Tensor:
    """Return ones, float32 by default.

    Example:
        >>> ops.ones(2, dtype="int32").tolist()
        [1, 1]
    """
    return namespace_like(like).ones(size, dtype=dtype, device=device, like=like)


@explained
def full(
    size: IntOrInts, fill_value: Scalar, *, dtype: Any = None, device: Any = None, like: Tensor | None = None
) -> Tensor:
    """Return one number everywhere; its type decides the dtype, as in `tensor`.

    Example:
        >>> ops.full((2,), 0.5).tolist()
        [0.5, 0.5]
    """
    return namespace_like(like).full(size, fill_value, dtype=dtype, device=device, like=like)


@explained
def zeros_like(input: Tensor, *, dtype: Any = None, device: Any = None) -> Tensor:
    """Return zeros of a tensor's shape, and of its dtype and device unless given.

    Example:
        >>> ops.zeros_like(ops.tensor([1.0, 2.0])).tolist()
        [0.0, 0.0]
    """
    return namespace_of(input).zeros_like(input, dtype=dtype, device=device)


@explained
def ones_like(input: Tensor, *, dtype: Any = None, device: Any = None) -> Tensor:
    """Return ones of a tensor's shape, and of its dtype and device unless given.

    Example:
        >>> ops.ones_like(ops.tensor([1.0, 2.0])).tolist()
        [1.0, 1.0]
    """
    return namespace_of(input).ones_like(input, dtype=dtype, device=device)


@explained
def full_like(input: Tensor, fill_value: Scalar, *, dtype: Any = None, device: Any = None) -> Tensor:
    """Return one number everywhere, in a tensor's shape, and in its dtype and device unless given.

    Example:
        >>> ops.full_like(ops.tensor([1.0, 2.0]), 3).tolist()
        [3.0, 3.0]
    """
    return namespace_of(input).full_like(input, fill_value, dtype=dtype, device=device)


@explained
def arange(
    start: Scalar,
    end: Scalar | None = None,
    step: Scalar = 1,
    *,
    dtype: Any = None,
    device: Any = None,
    like: Tensor | None = None,
) -> Tensor:
    """Return the numbers from `start` (0 where only an end is given) up to but not including `end`.

    They are of the index type where all three are whole numbers, and float32 otherwise, unless `dtype` is given.

    Example:
        >>> ops.arange(3).tolist(), ops.arange(1, 2, 0.5).tolist()
        ([0, 1, 2], [1.0, 1.5])
    """
    if end is None:
        start, end = 0, start
    return namespace_like(like).arange(start, end, step, dtype=dtype, device=device, like=like)


@explained
def linspace(
    start: float, end: float, steps: int, *, dtype: Any = None, device: Any = None, like: Tensor | None = None
) -> Tensor:
    """Return `steps` numbers evenly spaced from `start` to `end`, both included; float32 by default.

    Example:
        >>> ops.linspace(0, 1, 3).tolist()
        [0.0, 0.5, 1.0]
    """
    return namespace_like(like).linspace(start, end, steps, dtype=dtype, device=device, like=like)


@explained
def eye(n: int, m: int | None = None, *, dtype: Any = None, device: Any = None, like: Tensor | None = None) -> Tensor:
    """Return an `(n, m)` matrix, square by default, with 1 on the diagonal; float32 by default.

    Example:
        >>> ops.eye(2).tolist()
        [[1.0, 0.0], [0.0, 1.0]]
    """
    return namespace_like(like).eye(n, n if m is None else m, dtype=dtype, device=device, like=like)
