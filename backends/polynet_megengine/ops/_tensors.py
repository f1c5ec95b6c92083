"""Shapes, axes and constants of MegEngine tensors, read and made the same way in eager and traced code."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import megengine.functional as F
import numpy as np
from megengine import tensor as make_tensor
from megengine.core._imperative_rt.core2 import Const, is_tracing_module
from megengine.jit.tracing import is_tracing

from polynet.errors import InputError
from polynet.types import Tensor
from polynet_megengine.broadcasting import stretched


def shape_of(x: Tensor) -> tuple[int, ...]:
    """The shape as Python integers; `x.shape` is a tensor while `jit.trace` records."""
    shape: tuple[int, ...] = x._tuple_shape
    return shape


def values_are_readable() -> bool:
    """Whether reading a tensor's numbers is safe: not while a tracer records (a symbolic one ends the process)."""
    return not is_tracing() and not is_tracing_module()


def scalar_like(value: Any, x: Tensor, dtype: Any = None) -> Tensor:
    """A number as a tensor without dimensions on the device of `x`, of its dtype unless another is named."""
    return Const(value, x.dtype if dtype is None else dtype, x.device)


def array_like(array: np.ndarray[Any, Any], x: Tensor) -> Tensor:
    """An array as a tensor on the device of `x`."""
    return make_tensor(array, device=x.device)


def is_tensor(value: Any) -> bool:
    """Whether a value is a MegEngine tensor, not a Python or numpy number."""
    return hasattr(value, "_tuple_shape")


def python_number(value: Any) -> Any:
    """A Python number from a numpy one; MegEngine's operators refuse numpy scalars."""
    return value.item() if isinstance(value, np.generic) else value


def is_floating(x: Tensor) -> bool:
    """Whether a tensor holds floating-point numbers."""
    return x.dtype.kind == "f"  # type: ignore[no-any-return]  # numpy dtypes of an untyped library


def integral_as_float(x: Tensor) -> Tensor:
    """Integers and booleans as float32, as torch promotes them in functions of the reals; floats unchanged."""
    return x if x.dtype.kind == "f" else x.astype("float32")


def broadcast_shape(*shapes: tuple[int, ...]) -> tuple[int, ...]:
    """The common shape of operands.

    Raises:
        InputError: They do not broadcast.
    """
    try:
        return tuple(np.broadcast_shapes(*shapes))
    except ValueError as error:
        message = f"Shapes {' and '.join(map(str, shapes))} do not broadcast to a common one."
        raise InputError(message) from error


def as_scalar(result: Tensor, *operands: Tensor) -> Tensor:
    """A result without dimensions where no operand has any: comparisons, `where` and `full_like` add one."""
    if result.ndim == 1 and all(operand.ndim == 0 for operand in operands):
        return F.reshape(result, ())
    return result


def broadcast(x: Tensor, shape: Sequence[int]) -> Tensor:
    """`F.broadcast_to`, in memory of its own where MegEngine would compute with it wrongly.

    A product or sum of two tensors that are both broadcast along their first dimension, `y * y` for one, leaves all but
    the first slice of the result unwritten.
    """
    given, wanted = x._tuple_shape, tuple(shape)
    if given == wanted:
        return x
    result = F.broadcast_to(stretched(x, wanted), wanted)
    if math.prod(given) <= 1 or not _repeats_leading(given, wanted):
        return result
    if x.dtype.kind == "b":
        return broadcast(x.astype("int32"), wanted) != 0
    return result * 1


def materialise(x: Tensor) -> Tensor:
    """A copy in memory of its own, for a slice: MegEngine adds or multiplies it and a smaller tensor wrongly.

    The strides of a slice are lost where the other operand is broadcast along the first dimension, a bias for one.
    """
    return (x.astype("int32") * 1) != 0 if x.dtype.kind == "b" else x * 1


def is_leading(axis: int, shape: tuple[int, ...]) -> bool:
    """Whether slices along an axis are whole blocks of memory: nothing but lengths of 1 comes before it."""
    return all(length == 1 for length in shape[:axis])


def aligned(first: Tensor, second: Any) -> tuple[Tensor, Any]:
    """Two operands in their common shape, so that a slice among them is read rightly; a number stays a number."""
    if not is_tensor(second) or first._tuple_shape == second._tuple_shape or not first.ndim or not second.ndim:
        return first, second
    shape = broadcast_shape(first._tuple_shape, second._tuple_shape)
    return broadcast(first, shape), broadcast(second, shape)


def _repeats_leading(given: tuple[int, ...], wanted: tuple[int, ...]) -> bool:
    aligned = (1,) * (len(wanted) - len(given)) + given
    first = next((place for place, length in enumerate(wanted) if length != 1), 0)
    return aligned[first] == 1


def select(condition: Tensor, chosen: Tensor, rest: Tensor) -> Tensor:
    """`F.where`, which by itself sums no gradient over broadcast dimensions and adds one where there is none."""
    first, second = chosen._tuple_shape, rest._tuple_shape
    if first != second or (condition._tuple_shape != first and (first or condition._tuple_shape != (1,))):
        shape = broadcast_shape(condition._tuple_shape, first, second)
        return F.where(*(broadcast(each, shape) for each in (condition, chosen, rest)))
    if first:
        return F.where(condition, chosen, rest)
    one = (1,)
    return F.reshape(F.where(F.reshape(condition, one), F.reshape(chosen, one), F.reshape(rest, one)), ())


def for_reduction(x: Tensor, axes: Sequence[int]) -> Tensor:
    """`x`, or a copy where what a reduction leaves of it, or its gradient, is broadcast along the first dimension.

    MegEngine adds two such gradients wrongly, as `broadcast` says, and computes wrongly with a slice and such a tensor.
    A copy is no slice, and its gradient is in memory of its own.
    """
    shape = x._tuple_shape
    first = next((place for place, length in enumerate(shape) if length != 1), None)
    if first not in axes or all(shape[place] == 1 for place in range(len(shape)) if place not in axes):
        return x
    return x * 1


def drop_axes(x: Tensor, axes: Sequence[int]) -> Tensor:
    """Remove axes of length 1; one at a time, for removing several at once has a wrong gradient natively."""
    if x.ndim > 0:
        for axis in sorted(axes, reverse=True):
            x = F.squeeze(x, axis)
    return x


def in_float32(function: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """Run a function in float32 where `x` is float16, and return its result in float16."""
    if x.dtype == np.float16:
        return function(x.astype("float32")).astype("float16")
    return function(x)


def tuple_of(value: int | Sequence[int], count: int, name: str) -> tuple[int, ...]:
    """One integer for each spatial dimension, from one for all or one each.

    Raises:
        InputError: The count is wrong.
    """
    if not isinstance(value, Sequence):
        return (int(value),) * count
    if len(value) == 1:
        return (int(value[0]),) * count
    if len(value) != count:
        message = f"{name}={tuple(value)} must be one integer or {count}."
        raise InputError(message)
    return tuple(int(each) for each in value)
