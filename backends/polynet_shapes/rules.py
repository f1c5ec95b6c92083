"""How shapes follow from shapes: axes, broadcasting, reductions and sliding windows, as torch has them."""

from __future__ import annotations

import numbers
import operator
from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

from polynet.errors import InputError, InputIndexError, OptionError

Shape: TypeAlias = tuple[int, ...]


def product(lengths: Iterable[int]) -> int:
    """All lengths multiplied; 1 of none."""
    result = 1
    for length in lengths:
        result *= length
    return result


def as_int(value: Any, operation: str, name: str) -> int:
    """A whole number, of whatever integer type.

    Raises:
        OptionError: It is none.
    """
    try:
        return operator.index(value)
    except TypeError as error:
        message = f"{operation}: {name} must be a whole number, not {value!r}."
        raise OptionError(message) from error


def as_ints(value: Any, operation: str, name: str) -> Shape:
    """One whole number, or a sequence of them, as a tuple.

    Raises:
        OptionError: It is neither.
    """
    if isinstance(value, Sequence) and not isinstance(value, str):
        return tuple(as_int(item, operation, name) for item in value)
    return (as_int(value, operation, name),)


def check_numbers(operation: str, **arguments: Any) -> None:
    """Refuse what must be a number and is none.

    Raises:
        OptionError: One is.
    """
    for name, value in arguments.items():
        if not isinstance(value, numbers.Real):
            message = f"{operation}: {name} must be a number, not {value!r}."
            raise OptionError(message)


def as_shape(size: Any, operation: str) -> Shape:
    """A shape given as one length or a sequence of lengths.

    Raises:
        InputError: A length is negative.
        OptionError: A length is no whole number.
    """
    shape = as_ints(size, operation, "size")
    if any(length < 0 for length in shape):
        message = f"{operation}: a shape has no negative lengths; {list(shape)} was given."
        raise InputError(message)
    return shape


def per_axis(value: Any, count: int, operation: str, name: str) -> Shape:
    """An argument given once for all axes, or once for each.

    Raises:
        OptionError: It has another number of entries.
    """
    given = as_ints(value, operation, name)
    if len(given) == count:
        return given
    if len(given) == 1:
        return given * count
    message = f"{operation}: {name} must be one number or {count}, not {list(given)}."
    raise OptionError(message)


def as_axis(dim: Any, ndim: int, operation: str) -> int:
    """An axis counted from the front.

    Raises:
        InputIndexError: There is no such axis.
    """
    index = as_int(dim, operation, "dim")
    # A 0-d tensor has, for this purpose, one axis: torch's own convention.
    bound = max(ndim, 1)
    if not -bound <= index < bound:
        message = f"{operation}: there is no axis {index} in a tensor of {ndim} axes; allowed: {-bound} to {bound - 1}."
        raise InputIndexError(message)
    return index % bound


def as_axes(dims: Any, ndim: int, operation: str) -> Shape:
    """Several axes counted from the front; all of them for `None` or an empty sequence.

    Raises:
        InputError: An axis is named twice.
        InputIndexError: There is no such axis.
    """
    if dims is None or (isinstance(dims, Sequence) and not dims):
        return tuple(range(ndim))
    axes = tuple(as_axis(dim, ndim, operation) for dim in as_ints(dims, operation, "dim"))
    if len(set(axes)) < len(axes):
        message = f"{operation}: an axis is named twice in {dims}."
        raise InputError(message)
    return axes


def reduced(shape: Shape, axes: Shape, keepdim: bool) -> Shape:
    """A shape after a reduction over some axes."""
    if keepdim:
        return tuple(1 if axis in axes else length for axis, length in enumerate(shape))
    return tuple(length for axis, length in enumerate(shape) if axis not in axes)


def replaced(shape: Shape, axis: int, *lengths: int) -> Shape:
    """A shape with one axis's length replaced by others."""
    return (*shape[:axis], *lengths, *shape[axis + 1 :])


def broadcast(operation: str, *shapes: Shape) -> Shape:
    """The shape which several stretch to, aligned at the last axis.

    Raises:
        InputError: Two lengths differ and neither is 1.
    """
    first = shapes[0]
    if all(shape == first for shape in shapes):
        return first
    ndim = max(map(len, shapes))
    aligned = [(1,) * (ndim - len(shape)) + shape for shape in shapes]
    result = []
    for lengths in zip(*aligned, strict=True):
        longer = {length for length in lengths if length != 1}
        if len(longer) > 1:
            message = f"{operation}: the shapes {', '.join(str(list(shape)) for shape in shapes)} do not broadcast."
            raise InputError(message)
        result.append(longer.pop() if longer else 1)
    return tuple(result)


def inferred(operation: str, elements: int, sizes: Shape) -> Shape:
    """A shape in which one length may be -1, worked out so that it holds so many elements.

    Raises:
        InputError: It cannot hold them.
    """
    unknown = sizes.count(-1)
    known = product(size for size in sizes if size != -1)
    fits = known == elements if unknown == 0 else unknown == 1 and known > 0 and elements % known == 0
    if not fits or any(size < -1 for size in sizes):
        message = f"{operation}: {elements} elements do not fit the shape {list(sizes)}."
        raise InputError(message)
    return tuple(elements // known if size == -1 else size for size in sizes)


def split_spatial(shape: Shape, spatial: int, operation: str) -> tuple[Shape, int, Shape]:
    """Batch (one axis or none), channels and spatial lengths of a convolution's or pooling's input.

    Raises:
        InputError: The number of axes is neither `spatial + 2` nor `spatial + 1`.
    """
    if len(shape) not in (spatial + 1, spatial + 2):
        message = f"{operation} needs an input of {spatial + 2} axes (N, C, …), and was given {list(shape)}."
        raise InputError(message)
    return shape[: -spatial - 1], shape[-spatial - 1], shape[-spatial:]


def check_positive(operation: str, **arguments: Shape) -> None:
    """Refuse strides, dilations and kernels below 1.

    Raises:
        OptionError: One is.
    """
    for name, amounts in arguments.items():
        if any(amount < 1 for amount in amounts):
            message = f"{operation}: {name} must be at least 1, not {list(amounts)}."
            raise OptionError(message)


def windows(
    operation: str,
    lengths: Shape,
    kernel: Shape,
    stride: Shape,
    padding: Shape,
    dilation: Shape,
    *,
    ceil_mode: bool = False,
) -> Shape:
    """How many windows fit along each axis.

    Args:
        operation: What to call the operation in messages.
        lengths: Of the input, each axis.
        kernel: Elements of a window.
        stride: Distance between windows.
        padding: Elements added on either side.
        dilation: Distance between a window's elements.
        ceil_mode: Let a last window reach over the edge, if it starts within the input or the padding before it.

    Raises:
        InputError: No window fits along an axis.
        OptionError: An argument is out of range.
    """
    check_positive(operation, kernel_size=kernel, stride=stride, dilation=dilation)
    counts = []
    for length, size, step, pad, spread in zip(lengths, kernel, stride, padding, dilation, strict=True):
        if pad < 0:
            message = f"{operation}: padding must not be negative; {list(padding)} was given."
            raise OptionError(message)
        room = length + 2 * pad - spread * (size - 1) - 1
        count = (room + (step - 1 if ceil_mode else 0)) // step + 1
        if ceil_mode and (count - 1) * step >= length + pad:
            count -= 1
        if count < 1:
            message = (
                f"{operation}: a window of {list(kernel)} (dilation {list(dilation)}) does not fit an input of "
                f"{list(lengths)} with padding {list(padding)}."
            )
            raise InputError(message)
        counts.append(count)
    return tuple(counts)
