"""What the ops share: names for their argument types, and the choice of backend when there are several tensors."""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType
from typing import Any, NamedTuple, TypeAlias

from polynet.errors import FrameworkMismatchError, InputError
from polynet.ops.dispatch import namespace_of
from polynet.types import Tensor

IntOrInts: TypeAlias = int | Sequence[int]
"""One number for every axis, or one for each."""

Dims: TypeAlias = int | Sequence[int] | None
"""One axis, several, or `None` for all; negative ones count from the end."""

Scalar: TypeAlias = float | int | bool
"""A Python number."""


class ValuesIndices(NamedTuple):
    """Values and where they were found; the shape of answer which `max`, `min`, `sort` and `topk` give.

    torch returns its own named tuple, with the same two fields in the same order.
    """

    values: Tensor
    indices: Tensor


def namespace_of_all(first: Tensor, *others: Tensor | Scalar | None) -> ModuleType | Any:
    """Return the ops of the backend to which every tensor given belongs.

    Args:
        first: The tensor that chooses the backend.
        *others: More tensors; numbers and `None` are let through for the op itself to judge.

    Raises:
        FrameworkMismatchError: An argument is no tensor, or one of another framework.
    """
    expected = type(first)
    for other in others:
        # Nearly always the types are the same one, and the cheap test settles it.
        if type(other) is not expected and other is not None:
            _check_operand(first, other)
    return namespace_of(first)


def namespace_of_sequence(tensors: Sequence[Tensor], operation: str) -> ModuleType | Any:
    """Return the ops of the backend to which every tensor in a sequence belongs.

    Args:
        tensors: A list or tuple of tensors. Anything else is judged as one tensor, so that a traced stand-in for
            a sequence (a `torch.fx.Proxy`) reaches its own framework.
        operation: The op's name, for the message.

    Raises:
        InputError: The sequence is empty.
        FrameworkMismatchError: A member is no tensor, or one of another framework.
    """
    if not isinstance(tensors, (list, tuple)):
        return namespace_of(tensors)
    if not tensors:
        raise InputError(f"{operation} needs at least one tensor, and was given an empty sequence.")
    return namespace_of_all(*tensors)


def _check_operand(first: Tensor, other: Tensor | Scalar) -> None:
    if isinstance(other, (int, float)) or namespace_of(other) is namespace_of(first):
        return
    raise FrameworkMismatchError(
        f"One operation was given tensors of two frameworks: {type(first).__module__}.{type(first).__name__} and "
        f"{type(other).__module__}.{type(other).__name__}. Convert one of them first, for instance with "
        f"ops.tensor(ops.to_numpy(x), like=y)."
    )
