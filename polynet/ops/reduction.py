"""Sums, means, extremes and the like over some axes or all, with `keepdim`.

`dim=None` reduces every axis. Whole numbers and bool add up to the backend's index type (int64; int32 on MegEngine).
"""

from __future__ import annotations

from polynet.ops.arguments import Dims, ValuesIndices
from polynet.ops.dispatch import namespace_of
from polynet.ops.explain import explained
from polynet.types import Tensor


@explained
def sum(input: Tensor, dim: Dims = None, keepdim: bool = False) -> Tensor:
    """Return the sum over `dim`.

    Example:
        >>> ops.sum(ops.tensor([[1.0, 2.0], [3.0, 4.0]]), dim=1).tolist()
        [3.0, 7.0]
    """
    return namespace_of(input).sum(input, dim, keepdim)


@explained
def mean(input: Tensor, dim: Dims = None, keepdim: bool = False) -> Tensor:
    """Return the mean over `dim`, of floating-point elements.

    Example:
        >>> ops.mean(ops.tensor([[1.0, 2.0], [3.0, 4.0]]), dim=0, keepdim=True).tolist()
        [[2.0, 3.0]]
    """
    return namespace_of(input).mean(input, dim, keepdim)


@explained
def var(
    input: Tensor, dim: Dims = None, unbiased: bool | None = None, keepdim: bool = False, *, correction: float = 1
) -> Tensor:
    """Return the variance over `dim`: squared deviations over `n - correction`.

    Args:
        input: Any shape, floating point.
        dim: The axes; `None` for all.
        unbiased: `True` stands for `correction=1`, `False` for `correction=0`; `None` leaves it to `correction`.
        keepdim: Keep the reduced axes, with length 1.
        correction: Taken off the number of elements; 1, the default, makes the estimate unbiased.

    Example:
        >>> ops.var(ops.tensor([1.0, 3.0])).tolist(), ops.var(ops.tensor([1.0, 3.0]), unbiased=False).tolist()
        (2.0, 1.0)
    """
    correction = correction if unbiased is None else int(unbiased)
    return namespace_of(input).var(input, dim, correction=correction, keepdim=keepdim)


@explained
def std(
    input: Tensor, dim: Dims = None, unbiased: bool | None = None, keepdim: bool = False, *, correction: float = 1
) -> Tensor:
    """Return the standard deviation over `dim`: the square root of `var`, with the same arguments.

    Example:
        >>> ops.std(ops.tensor([1.0, 3.0]), correction=0).tolist()
        1.0
    """
    correction = correction if unbiased is None else int(unbiased)
    return namespace_of(input).std(input, dim, correction=correction, keepdim=keepdim)


@explained
def prod(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor:
    """Return the product over one axis, or all.

    Example:
        >>> ops.prod(ops.tensor([2.0, 3.0])).tolist()
        6.0
    """
    return namespace_of(input).prod(input, dim, keepdim)


@explained
def max(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor | ValuesIndices:
    """Return the largest element; along one axis, the pair `(values, indices)`.

    Over all elements a tie shares the gradient; along an axis the element at the index takes it.

    Example:
        >>> values, indices = ops.max(ops.tensor([[1.0, 3.0], [5.0, 2.0]]), dim=1)
        >>> values.tolist(), indices.tolist()
        ([3.0, 5.0], [1, 0])
    """
    return namespace_of(input).max(input, dim, keepdim)


@explained
def min(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor | ValuesIndices:
    """Return the smallest element; along one axis, the pair `(values, indices)`. Ties as in `max`.

    Example:
        >>> ops.min(ops.tensor([[1.0, 3.0], [5.0, 2.0]])).tolist()
        1.0
    """
    return namespace_of(input).min(input, dim, keepdim)


@explained
def amax(input: Tensor, dim: Dims = None, keepdim: bool = False) -> Tensor:
    """Return the largest element over `dim`; a tie shares the gradient equally.

    Example:
        >>> ops.amax(ops.tensor([[1.0, 3.0], [5.0, 2.0]]), dim=(0, 1)).tolist()
        5.0
    """
    return namespace_of(input).amax(input, dim, keepdim)


@explained
def amin(input: Tensor, dim: Dims = None, keepdim: bool = False) -> Tensor:
    """Return the smallest element over `dim`; a tie shares the gradient equally.

    Example:
        >>> ops.amin(ops.tensor([[1.0, 3.0], [5.0, 2.0]]), dim=0).tolist()
        [1.0, 2.0]
    """
    return namespace_of(input).amin(input, dim, keepdim)


@explained
def any(input: Tensor, dim: Dims = None, keepdim: bool = False) -> Tensor:
    """Return, as bool, whether any element over `dim` is true (not 0).

    Example:
        >>> ops.any(ops.tensor([[True, False], [False, False]]), dim=1).tolist()
        [True, False]
    """
    return namespace_of(input).any(input, dim, keepdim)


@explained
def all(input: Tensor, dim: Dims = None, keepdim: bool = False) -> Tensor:
    """Return, as bool, whether all elements over `dim` are true (not 0).

    Example:
        >>> ops.all(ops.tensor([[True, False], [True, True]]), dim=1).tolist()
        [False, True]
    """
    return namespace_of(input).all(input, dim, keepdim)


@explained
def cumsum(input: Tensor, dim: int) -> Tensor:
    """Return running sums along an axis.

    Example:
        >>> ops.cumsum(ops.tensor([1.0, 2.0, 3.0]), dim=0).tolist()
        [1.0, 3.0, 6.0]
    """
    return namespace_of(input).cumsum(input, dim)


@explained
def logsumexp(input: Tensor, dim: Dims = None, keepdim: bool = False) -> Tensor:
    """Return `log(sum(exp(input)))` over `dim`, without overflow.

    Example:
        >>> round(ops.logsumexp(ops.tensor([1000.0, 1000.0]), dim=0).tolist(), 3)
        1000.693
    """
    return namespace_of(input).logsumexp(input, dim, keepdim)


@explained
def norm(input: Tensor, p: float = 2.0, dim: Dims = None, keepdim: bool = False) -> Tensor:
    """Return the vector p-norm over `dim`: `sum(abs(input) ** p) ** (1 / p)`, or the extremes for `p=±inf`.

    Example:
        >>> ops.norm(ops.tensor([3.0, 4.0])).tolist()
        5.0
    """
    return namespace_of(input).norm(input, p, dim, keepdim)
