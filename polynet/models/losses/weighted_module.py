"""Base of the losses with `reduction`, `loss_weight`, and OpenMMLab's arguments at each call."""

from __future__ import annotations

from polynet import nn, ops
from polynet.errors import LossShapeError, OptionError
from polynet.models.losses.weight_reduce import check_reduction, weight_reduce_loss
from polynet.types import Tensor


class WeightedLoss(nn.Module):
    """A loss whose elements are weighed, reduced and scaled.

    A subclass implements `elements(pred, target)`, the loss of each element, or of each sample where `per_sample`.

    Args:
        reduction: `"none"`, `"mean"` or `"sum"`.
        loss_weight: Factor of the result.

    Raises:
        OptionError: There is no such reduction, or the factor is no number.
    """

    per_sample = False
    """Whether `elements` gives one value a sample; a weight is then one of each sample."""

    def __init__(self, reduction: str = "mean", loss_weight: float = 1.0) -> None:
        super().__init__()
        if isinstance(loss_weight, bool) or not isinstance(loss_weight, (int, float)):
            message = f"loss_weight must be a number, not {loss_weight!r}."
            raise OptionError(message)
        self.reduction = check_reduction(reduction)
        self.loss_weight = loss_weight

    def elements(self, pred: Tensor, target: Tensor) -> Tensor:
        """The loss of each element."""
        raise NotImplementedError

    def forward(
        self,
        pred: Tensor,
        target: Tensor,
        weight: Tensor | None = None,
        avg_factor: float | None = None,
        reduction_override: str | None = None,
    ) -> Tensor:
        """The loss.

        Args:
            pred: The prediction.
            target: What it should be.
            weight: Factors of the elements; of shape `(N,)` they are factors of the samples.
            avg_factor: What a mean divides by, instead of the number of elements.
            reduction_override: The reduction of this call.

        Returns:
            A scalar; for `"none"` the loss of each element.

        Raises:
            OptionError: There is no such reduction.
            LossShapeError: The shapes do not go together.
        """
        reduction = self.reduction if reduction_override is None else reduction_override
        check_reduction(reduction, "reduction_override")
        loss = self.elements(pred, target)
        if weight is not None:
            weight = spread(weight, loss)
        return self.loss_weight * weight_reduce_loss(loss, weight, reduction, avg_factor)


def spread(weight: Tensor, loss: Tensor) -> Tensor:
    """Factors of samples, `(N,)`, in a shape that broadcasts to the loss's; others unchanged.

    Raises:
        LossShapeError: There are not as many as samples.
    """
    if weight.ndim == 1 and loss.ndim > 1:
        weight = ops.reshape(weight, (weight.shape[0], *(1,) * (loss.ndim - 1)))
    if weight.shape[0] not in (1, loss.shape[0]):
        message = f"weight has {weight.shape[0]} factors for {loss.shape[0]} samples."
        raise LossShapeError(message)
    return weight


def check_labels(owner: str, scores: Tensor, labels: Tensor) -> None:
    """Refuse labels that are not one whole number for each row of the scores.

    Raises:
        LossShapeError: They are not.
    """
    if scores.ndim != 2 or tuple(labels.shape) != (scores.shape[0],) or "int" not in ops.dtype_name(labels):
        message = (
            f"{owner} takes scores (N, C) and whole labels (N,); it was given {tuple(scores.shape)} and "
            f"{ops.dtype_name(labels)} {tuple(labels.shape)}."
        )
        raise LossShapeError(message)


def as_distribution(owner: str, scores: Tensor, labels: Tensor) -> Tensor:
    """Labels as one-hot rows in the scores' dtype; what has the scores' shape already is only cast.

    Raises:
        LossShapeError: They are neither labels of the scores' rows nor of their shape.
    """
    if scores.ndim == 2 and tuple(labels.shape) == (scores.shape[0], 1) != tuple(scores.shape):
        labels = ops.flatten(labels)
    if labels.ndim == 1 and scores.ndim == 2:
        check_labels(owner, scores, labels)
        labels = ops.one_hot(labels, scores.shape[1])
    elif tuple(labels.shape) != tuple(scores.shape):
        message = f"{owner} takes labels (N,) or of the scores' shape {tuple(scores.shape)}, not {tuple(labels.shape)}."
        raise LossShapeError(message)
    return ops.cast(labels, ops.dtype_name(scores))
