"""The matrix product's shape and its multiply-adds, shared by the operator `@` and the ops."""

from __future__ import annotations

from polynet.errors import InputError
from polynet_shapes import counting
from polynet_shapes.rules import Shape, broadcast, product


def product_shape(operation: str, first: Shape, second: Shape) -> Shape:
    """Shape of a matrix product, 1-d shapes being vectors; counts its multiply-adds.

    Raises:
        InputError: The two do not multiply.
    """
    left = (1, *first) if len(first) == 1 else first
    right = (*second, 1) if len(second) == 1 else second
    if not first or not second or left[-1] != right[-2]:
        message = (
            f"{operation}: {list(first)} and {list(second)} do not multiply: the last axis of the first must be as "
            f"long as the last but one of the second."
        )
        raise InputError(message)
    batch = broadcast(operation, left[:-2], right[:-2])
    rows, inner, columns = left[-2], left[-1], right[-1]
    counting.add(product(batch) * rows * inner * columns)
    return (*batch, *(() if len(first) == 1 else (rows,)), *(() if len(second) == 1 else (columns,)))
