"""Cross entropy as MMPretrain has it: of labels, of distributions, or of each class by itself."""

from __future__ import annotations

from collections.abc import Sequence

from polynet import ops
from polynet.errors import LossShapeError, OptionError
from polynet.models.losses.weighted_module import WeightedLoss, as_distribution, check_labels
from polynet.registry import LOSSES
from polynet.types import Tensor


@LOSSES.register
class CrossEntropyLoss(WeightedLoss):
    """Cross entropy of scores that no softmax or sigmoid has touched.

    Args:
        use_sigmoid: Judge each class by itself, by the binary cross entropy; the loss then has the scores' shape.
        use_soft: The labels are distributions `(N, C)`. Labels of that shape count as such without it, too.
        reduction: `"none"`, `"mean"` or `"sum"`.
        loss_weight: Factor of the result.
        class_weight: A factor of each class. The mean still divides by the number of samples.
        pos_weight: Factors of the positive labels, one for each class or one for all; with `use_sigmoid` alone.

    Raises:
        OptionError: `use_soft` and `use_sigmoid` at once, `pos_weight` without `use_sigmoid`, or no such reduction.

    Source: MMPretrain, `CrossEntropyLoss`.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     loss = CrossEntropyLoss()
        >>> scores = ops.tensor([[2.0, 1.0, 0.0], [0.0, 1.0, 3.0]])
        >>> round(float(loss(scores, ops.tensor([0, 1]))), 6)
        1.288726
    """

    def __init__(
        self,
        use_sigmoid: bool = False,
        use_soft: bool = False,
        reduction: str = "mean",
        loss_weight: float = 1.0,
        class_weight: Sequence[float] | None = None,
        pos_weight: float | Sequence[float] | None = None,
    ) -> None:
        super().__init__(reduction, loss_weight)
        if use_sigmoid and use_soft:
            message = "use_sigmoid and use_soft cannot both be set: one judges classes singly, the other together."
            raise OptionError(message)
        if pos_weight is not None and not use_sigmoid:
            message = "pos_weight is for use_sigmoid=True alone; class_weight weighs the classes of a softmax."
            raise OptionError(message)
        self.use_sigmoid = use_sigmoid
        self.use_soft = use_soft
        self.class_weight = class_weight
        self.pos_weight = pos_weight

    def elements(self, pred: Tensor, target: Tensor) -> Tensor:
        """The loss of each sample `(N,)`, or with `use_sigmoid` of each class `(N, C)`."""
        if self.use_sigmoid:
            return self._binary(pred, target)
        if target.ndim == pred.ndim:
            target = as_distribution(type(self).__name__, pred, target)
            return -ops.sum(self._weighed(target) * ops.log_softmax(pred, 1), dim=1)
        if self.use_soft:
            message = f"use_soft=True takes distributions of shape {tuple(pred.shape)}, not {tuple(target.shape)}."
            raise LossShapeError(message)
        check_labels(type(self).__name__, pred, target)
        loss = ops.cross_entropy(pred, target, reduction="none")
        if self.class_weight is None:
            return loss
        return loss * ops.index_select(self._factors(pred), 0, target)

    def _binary(self, pred: Tensor, target: Tensor) -> Tensor:
        target = as_distribution(type(self).__name__, pred, target)
        factors = None if self.pos_weight is None else ops.tensor(self.pos_weight, dtype="float32", like=pred)
        loss = ops.binary_cross_entropy_with_logits(pred, target, reduction="none", pos_weight=factors)
        return self._weighed(loss)

    def _weighed(self, values: Tensor) -> Tensor:
        """Values `(N, C)` times the factors of the classes."""
        return values if self.class_weight is None else values * self._factors(values)

    def _factors(self, like: Tensor) -> Tensor:
        classes = like.shape[1]
        if self.class_weight is None or len(self.class_weight) != classes:
            message = f"class_weight has {len(self.class_weight or ())} factors for {classes} classes."
            raise LossShapeError(message)
        return ops.tensor(self.class_weight, dtype="float32", like=like)
