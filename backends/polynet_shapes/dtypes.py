"""Element types by their neutral names, and torch's rules for what comes of mixing them."""

from __future__ import annotations

import functools
from typing import Any

from polynet.errors import InputError, OptionError, suggest

_FLOATING_BITS = {"float16": 16, "bfloat16": 16, "float32": 32, "float64": 64}
_SIGNED_BITS = {"int8": 8, "int16": 16, "int32": 32, "int64": 64}
_CATEGORIES = {"bool": 0, "uint8": 1, **dict.fromkeys(_SIGNED_BITS, 1), **dict.fromkeys(_FLOATING_BITS, 2)}

DTYPES = tuple(_CATEGORIES)
"""Names of all element types."""

INDEX = "int64"
"""Element type of indices, as in torch."""

DEFAULT = "float32"
"""Element type of Python's floats."""

_PYTHON_TYPES = {"float": DEFAULT, "int": INDEX}


def dtype_named(dtype: Any) -> str:
    """Neutral name of an element type given as a name, or as any library's own object.

    Raises:
        OptionError: There is no such type.
    """
    if dtype in _CATEGORIES:
        return str(dtype)
    spelt = dtype if isinstance(dtype, str) else getattr(dtype, "name", None) or getattr(dtype, "__name__", None)
    name = str(spelt or dtype).removeprefix("torch.")
    if isinstance(dtype, type):
        name = _PYTHON_TYPES.get(name, name)
    if name not in _CATEGORIES:
        message = f"{dtype!r} is no dtype. The dtypes are {', '.join(DTYPES)}.{suggest(name, DTYPES)}"
        raise OptionError(message)
    return name


def is_floating(dtype: str) -> bool:
    """Whether a type holds fractions."""
    return _CATEGORIES[dtype] == 2


def is_index(dtype: str) -> bool:
    """Whether a type holds whole numbers (bool does not count)."""
    return _CATEGORIES[dtype] == 1


@functools.cache
def promote(first: str, second: str) -> str:
    """The smallest type that holds both, as `torch.promote_types`.

    Float types win over integers whatever their size, and two unequal 16-bit floats become float32.
    """
    if first == second:
        return first
    lower, higher = sorted((first, second), key=_CATEGORIES.__getitem__)
    if _CATEGORIES[lower] < _CATEGORIES[higher]:
        return higher
    if is_floating(first):
        bits = max(_FLOATING_BITS[first], _FLOATING_BITS[second])
        return {16: "float32", 32: "float32", 64: "float64"}[bits]
    if "uint8" in (first, second):
        signed = second if first == "uint8" else first
        return "int16" if signed == "int8" else signed
    return max(first, second, key=_SIGNED_BITS.__getitem__)


def _outrank(higher: str | None, lower: str | None) -> str | None:
    """A type of lower rank (0-d tensors, Python numbers) changes the result only by being of a higher category."""
    if higher is None or lower is None:
        return higher or lower
    return promote(higher, lower) if _CATEGORIES[lower] > _CATEGORIES[higher] else higher


def result_dtype(axes: list[str], scalars: list[str], numbers: list[str]) -> str:
    """Type of an operation's result, as `torch.result_type`.

    Args:
        axes: Types of the tensors that have axes.
        scalars: Types of 0-d tensors.
        numbers: Types of Python numbers.
    """
    ranks = [functools.reduce(promote, names) if names else None for names in (axes, scalars, numbers)]
    return _outrank(ranks[0], _outrank(ranks[1], ranks[2])) or DEFAULT


def number_dtype(number: Any) -> str:
    """Type that a Python number stands for."""
    return "bool" if isinstance(number, bool) else INDEX if isinstance(number, int) else DEFAULT


def floating(dtype: str) -> str:
    """What a function with fractional results makes of a type: float32 of integers and bool."""
    return dtype if is_floating(dtype) else DEFAULT


def summed(dtype: str) -> str:
    """What adding up makes of a type: the index type of integers and bool."""
    return dtype if is_floating(dtype) else INDEX


def check_floating(operation: str, dtype: str) -> None:
    """Refuse integers and bool where only fractions make sense.

    Raises:
        InputError: The type holds no fractions.
    """
    if not is_floating(dtype):
        message = f"{operation} needs a floating-point tensor, and was given {dtype}."
        raise InputError(message)


def check_index(operation: str, dtype: str) -> None:
    """Refuse an index that holds no whole numbers.

    Raises:
        InputError: The type is bool or floating point.
    """
    if not is_index(dtype):
        message = f"{operation} needs an index of whole numbers, and was given {dtype}."
        raise InputError(message)


def check_same(operation: str, *dtypes: str) -> None:
    """Refuse mixed types where frameworks do not promote: products of matrices and convolutions.

    Raises:
        InputError: They differ.
    """
    if len(set(dtypes)) > 1:
        message = f"{operation} needs tensors of one dtype, and was given {', '.join(dtypes)}."
        raise InputError(message)
