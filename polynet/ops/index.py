"""Choosing, ordering and placing elements.

Indices that ops return have the backend's index type: int64, but int32 on MegEngine. Indices given to them may be
either. An index out of range is an error, never a wrong value.
"""

from __future__ import annotations

from polynet.ops.arguments import Scalar, ValuesIndices, namespace_of_all
from polynet.ops.dispatch import namespace_of
from polynet.ops.explain import explained
from polynet.types import Tensor


@explained
def gather(input: Tensor, dim: int, index: Tensor) -> Tensor:
    """Return, at each position of `index`, the element of `input` with that index along `dim`.

    Args:
        input: The values.
        dim: The axis which `index` counts along.
        index: As many axes as `input`, no longer than it but along `dim`.

    Example:
        >>> ops.gather(ops.tensor([[1, 2], [3, 4]]), 1, ops.tensor([[1], [0]])).tolist()
        [[2], [3]]
    """
    return namespace_of_all(input, index).gather(input, dim, index)


@explained
def scatter(input: Tensor, dim: int, index: Tensor, src: Tensor | Scalar) -> Tensor:
    """Return `input` with `src` written where `index` points along `dim`; the inverse of `gather`.

    Args:
        input: The tensor to write over a copy of.
        dim: The axis which `index` counts along.
        index: As many axes as `input`. Where it names a place twice, either value may win.
        src: A tensor no smaller than `index`, or one number.

    Example:
        >>> ops.scatter(ops.zeros((2, 2)), 1, ops.tensor([[1], [0]]), 5.0).tolist()
        [[0.0, 5.0], [5.0, 0.0]]
    """
    return namespace_of_all(input, index, src).scatter(input, dim, index, src)


@explained
def scatter_add(input: Tensor, dim: int, index: Tensor, src: Tensor) -> Tensor:
    """Return `input` with `src` added where `index` points along `dim`; every value counts.

    Example:
        >>> ops.scatter_add(ops.zeros((3,)), 0, ops.tensor([1, 1]), ops.tensor([2.0, 3.0])).tolist()
        [0.0, 5.0, 0.0]
    """
    return namespace_of_all(input, index, src).scatter_add(input, dim, index, src)


@explained
def index_select(input: Tensor, dim: int, index: Tensor) -> Tensor:
    """Return the slices of `input` along `dim` which the 1-d `index` lists.

    Example:
        >>> ops.index_select(ops.tensor([[1, 2], [3, 4]]), 0, ops.tensor([1, 1])).tolist()
        [[3, 4], [3, 4]]
    """
    return namespace_of_all(input, index).index_select(input, dim, index)


@explained
def where(condition: Tensor, input: Tensor | Scalar, other: Tensor | Scalar) -> Tensor:
    """Return elements of `input` where `condition` (bool) is true, and of `other` elsewhere; all broadcast.

    Example:
        >>> x = ops.tensor([-1.0, 2.0])
        >>> ops.where(x > 0, x, 0.0).tolist()
        [0.0, 2.0]
    """
    return namespace_of_all(condition, input, other).where(condition, input, other)


@explained
def masked_fill(input: Tensor, mask: Tensor, value: Scalar) -> Tensor:
    """Return `input` with one number where `mask` (bool, broadcast) is true.

    Example:
        >>> ops.masked_fill(ops.tensor([1.0, 2.0]), ops.tensor([False, True]), float("-inf")).tolist()
        [1.0, -inf]
    """
    return namespace_of_all(input, mask).masked_fill(input, mask, value)


@explained
def topk(input: Tensor, k: int, dim: int = -1, largest: bool = True, sorted: bool = True) -> ValuesIndices:
    """Return the k largest, or smallest, elements along an axis, best first, and their indices.

    Args:
        input: Any shape.
        k: How many; at most the axis's length.
        dim: The axis.
        largest: `False` for the smallest.
        sorted: `False` lets the framework choose the order.

    Example:
        >>> values, indices = ops.topk(ops.tensor([1.0, 5.0, 3.0]), 2)
        >>> values.tolist(), indices.tolist()
        ([5.0, 3.0], [1, 2])
    """
    result: ValuesIndices = namespace_of(input).topk(input, k, dim, largest, sorted)
    return result


@explained
def sort(input: Tensor, dim: int = -1, descending: bool = False) -> ValuesIndices:
    """Return the elements in order along an axis, and the indices they came from.

    Example:
        >>> values, indices = ops.sort(ops.tensor([3.0, 1.0, 2.0]))
        >>> values.tolist(), indices.tolist()
        ([1.0, 2.0, 3.0], [1, 2, 0])
    """
    result: ValuesIndices = namespace_of(input).sort(input, dim, descending)
    return result


@explained
def argsort(input: Tensor, dim: int = -1, descending: bool = False) -> Tensor:
    """Return the indices that put an axis in order.

    Example:
        >>> ops.argsort(ops.tensor([3.0, 1.0, 2.0]), descending=True).tolist()
        [0, 2, 1]
    """
    return namespace_of(input).argsort(input, dim, descending)


@explained
def argmax(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor:
    """Return the index of the largest element along an axis, or in the flat tensor.

    Example:
        >>> ops.argmax(ops.tensor([[1.0, 3.0], [5.0, 2.0]]), dim=1).tolist()
        [1, 0]
    """
    return namespace_of(input).argmax(input, dim, keepdim)


@explained
def argmin(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor:
    """Return the index of the smallest element along an axis, or in the flat tensor.

    Example:
        >>> ops.argmin(ops.tensor([[4.0, 3.0], [5.0, 2.0]])).tolist()
        3
    """
    return namespace_of(input).argmin(input, dim, keepdim)


@explained
def one_hot(tensor: Tensor, num_classes: int = -1) -> Tensor:
    """Return, in a new last axis, 1 at each class's place and 0 elsewhere, in the index type.

    Args:
        tensor: Classes, whole numbers from 0.
        num_classes: The new axis's length; -1 for one more than the largest class.

    Example:
        >>> ops.one_hot(ops.tensor([0, 2]), 3).tolist()
        [[1, 0, 0], [0, 0, 1]]
    """
    return namespace_of(tensor).one_hot(tensor, num_classes)


@explained
def nonzero(input: Tensor) -> Tensor:
    """Return the coordinates of the elements that are not 0: `(count, number of axes)`, in row order.

    Example:
        >>> ops.nonzero(ops.tensor([[0, 1], [2, 0]])).tolist()
        [[0, 1], [1, 0]]
    """
    return namespace_of(input).nonzero(input)


@explained
def tril(input: Tensor, diagonal: int = 0) -> Tensor:
    """Return the last two axes' lower triangle, up to and including a diagonal, and 0 above.

    Example:
        >>> ops.tril(ops.ones((2, 2))).tolist()
        [[1.0, 0.0], [1.0, 1.0]]
    """
    return namespace_of(input).tril(input, diagonal)


@explained
def triu(input: Tensor, diagonal: int = 0) -> Tensor:
    """Return the last two axes' upper triangle, from a diagonal on, and 0 below.

    Example:
        >>> ops.triu(ops.ones((2, 2)), 1).tolist()
        [[0.0, 1.0], [0.0, 0.0]]
    """
    return namespace_of(input).triu(input, diagonal)
