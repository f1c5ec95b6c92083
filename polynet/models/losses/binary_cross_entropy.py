"""Binary cross entropy under BaseCls's name."""

from __future__ import annotations

from polynet import ops
from polynet.models.losses.weighted_module import WeightedLoss, as_distribution
from polynet.registry import LOSSES
from polynet.types import Tensor


@LOSSES.register
class BinaryCrossEntropy(WeightedLoss):
    """Binary cross entropy of scores that no sigmoid has touched, for labels `(N,)` or of the scores' shape.

    Args:
        reduction: `"none"`, `"mean"` or `"sum"`.
        loss_weight: Factor of the result.

    Raises:
        OptionError: There is no such reduction.

    Source: BaseCls, `BinaryCrossEntropy`.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     loss = BinaryCrossEntropy()
        >>> scores = ops.tensor([[2.0, 1.0, 0.0], [0.0, 1.0, 3.0]])
        >>> round(float(loss(scores, ops.tensor([0, 1]))), 6)
        1.031389
    """

    def elements(self, pred: Tensor, target: Tensor) -> Tensor:
        """The loss of each class, in the shape of the scores."""
        target = as_distribution(type(self).__name__, pred, target)
        return ops.binary_cross_entropy_with_logits(pred, target, reduction="none")
