"""The focal loss: binary cross entropy in which what is judged well already counts for little."""

from __future__ import annotations

from polynet import ops
from polynet.models.losses.weighted_module import WeightedLoss, as_distribution
from polynet.registry import LOSSES
from polynet.types import Tensor


@LOSSES.register
class FocalLoss(WeightedLoss):
    """Sigmoid focal loss of scores `(N, C)`, for labels `(N,)` or of the scores' shape.

    Args:
        gamma: How fast the weight of what is judged well falls.
        alpha: Weight of the positive labels; the negative ones have 1 - alpha.
        reduction: `"none"`, `"mean"` or `"sum"`.
        loss_weight: Factor of the result.

    Raises:
        OptionError: There is no such reduction.

    Source: Lin et al., "Focal Loss for Dense Object Detection", arXiv:1708.02002; MMPretrain, `FocalLoss`.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     loss = FocalLoss()
        >>> scores = ops.tensor([[2.0, 1.0, 0.0], [0.0, 1.0, 3.0]])
        >>> round(float(loss(scores, ops.tensor([0, 1]))), 5)
        0.47786
    """

    def __init__(
        self, gamma: float = 2.0, alpha: float = 0.25, reduction: str = "mean", loss_weight: float = 1.0
    ) -> None:
        super().__init__(reduction, loss_weight)
        self.gamma = gamma
        self.alpha = alpha

    def elements(self, pred: Tensor, target: Tensor) -> Tensor:
        """The loss of each class, `(N, C)`."""
        target = as_distribution(type(self).__name__, pred, target)
        chance = ops.sigmoid(pred)
        wrong = (1 - chance) * target + chance * (1 - target)
        weight = (self.alpha * target + (1 - self.alpha) * (1 - target)) * wrong**self.gamma
        return ops.binary_cross_entropy_with_logits(pred, target, reduction="none") * weight
