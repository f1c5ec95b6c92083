"""What the losses of OpenMMLab share: weights per element, a reduction, and another divisor than the element count."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from polynet import ops
from polynet.errors import LossShapeError, OptionError, ReductionError, suggest
from polynet.types import Tensor

REDUCTIONS = ("none", "mean", "sum")


def check_reduction(reduction: Any, what: str = "reduction") -> str:
    """Return a reduction unchanged.

    Raises:
        ReductionError: It is none of `none`, `mean`, `sum`.
    """
    if reduction not in REDUCTIONS:
        message = f"{what}={reduction!r} is not a valid reduction: none, mean or sum.{suggest(reduction, REDUCTIONS)}"
        raise ReductionError(message)
    return str(reduction)


def weight_reduce_loss(
    loss: Tensor, weight: Tensor | None = None, reduction: str = "mean", avg_factor: float | None = None
) -> Tensor:
    """Weigh a loss element by element and reduce it.

    Args:
        loss: The loss of each element, any shape.
        weight: Factors, of a shape that broadcasts to the loss's.
        reduction: `"none"`, `"mean"` or `"sum"`. The mean divides by the number of elements, not by the sum of the
            weights.
        avg_factor: What the mean divides by instead; `"none"` takes no notice of it.

    Returns:
        A scalar, or for `"none"` the shape of the loss.

    Raises:
        OptionError: There is no such reduction, or `avg_factor` is given with `"sum"`.

    Source: MMPretrain, `weight_reduce_loss`.

    Example:
        >>> loss = ops.tensor([1.0, 1.0, 2.0])
        >>> float(weight_reduce_loss(loss, ops.tensor([1.0, 0.0, 1.0]), avg_factor=2))
        1.5
    """
    check_reduction(reduction)
    if weight is not None:
        loss = loss * ops.cast(weight, ops.dtype_name(loss))
    if avg_factor is not None:
        if reduction == "sum":
            message = 'avg_factor can not be used with reduction="sum": a sum is divided by nothing.'
            raise OptionError(message)
        return ops.sum(loss) / avg_factor if reduction == "mean" else loss
    if reduction == "none":
        return loss
    return ops.mean(loss) if reduction == "mean" else ops.sum(loss)


def weighted_loss(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """Give a function that computes the loss of each element `weight`, `reduction` and `avg_factor`.

    Args:
        function: `(pred, target, **options)` to a loss of each element.

    Returns:
        `(pred, target, weight=None, reduction="mean", avg_factor=None, **options)` to a reduced loss.

    Source: MMPretrain, `weighted_loss`.

    Example:
        >>> @weighted_loss
        ... def absolute(pred, target):
        ...     return ops.abs(pred - target)
        >>> pred, target = ops.tensor([0.0, 2.0, 3.0]), ops.tensor([1.0, 1.0, 1.0])
        >>> round(float(absolute(pred, target)), 4), absolute(pred, target, reduction="none").tolist()
        (1.3333, [1.0, 1.0, 2.0])
    """

    @functools.wraps(function)
    def weighted(
        pred: Tensor,
        target: Tensor,
        weight: Tensor | None = None,
        reduction: str = "mean",
        avg_factor: float | None = None,
        **options: Any,
    ) -> Tensor:
        return weight_reduce_loss(function(pred, target, **options), weight, reduction, avg_factor)

    return weighted


def check_same_shape(owner: str, pred: Tensor, target: Tensor) -> None:
    """Refuse a prediction and a target of different shapes, and empty ones.

    Raises:
        LossShapeError: They are.
    """
    if tuple(pred.shape) != tuple(target.shape) or 0 in tuple(target.shape):
        message = (
            f"{owner} compares tensors of one shape that are not empty; the prediction is {tuple(pred.shape)} and the "
            f"target {tuple(target.shape)}."
        )
        raise LossShapeError(message)
