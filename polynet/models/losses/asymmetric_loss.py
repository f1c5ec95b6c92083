"""The asymmetric loss for many labels an image, of which few are positive."""

from __future__ import annotations

from polynet import ops
from polynet.models.losses.weighted_module import WeightedLoss, as_distribution
from polynet.registry import LOSSES
from polynet.types import Tensor


@LOSSES.register
class AsymmetricLoss(WeightedLoss):
    """Asymmetric loss of scores `(N, C)`, for labels `(N,)` or of the scores' shape.

    Args:
        gamma_pos: Focusing of the positive labels.
        gamma_neg: Focusing of the negative ones.
        clip: How far the chance of a negative label is shifted towards none before it counts.
        reduction: `"none"`, `"mean"` or `"sum"`.
        loss_weight: Factor of the result.
        use_sigmoid: Judge each class by itself; otherwise the chances are a softmax's.
        eps: Least chance whose logarithm is taken.

    Raises:
        OptionError: There is no such reduction.

    Source: Ridnik et al., "Asymmetric Loss For Multi-Label Classification", arXiv:2009.14119; MMPretrain,
        `AsymmetricLoss`.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     loss = AsymmetricLoss()
        >>> scores = ops.tensor([[2.0, 1.0, 0.0], [0.0, 1.0, 3.0]])
        >>> round(float(loss(scores, ops.tensor([0, 1]))), 5)
        0.38008
    """

    def __init__(
        self,
        gamma_pos: float = 0.0,
        gamma_neg: float = 4.0,
        clip: float | None = 0.05,
        reduction: str = "mean",
        loss_weight: float = 1.0,
        use_sigmoid: bool = True,
        eps: float = 1e-8,
    ) -> None:
        super().__init__(reduction, loss_weight)
        self.gamma_pos = gamma_pos
        self.gamma_neg = gamma_neg
        self.clip = clip
        self.use_sigmoid = use_sigmoid
        self.eps = eps

    def elements(self, pred: Tensor, target: Tensor) -> Tensor:
        """The loss of each class, `(N, C)`."""
        target = as_distribution(type(self).__name__, pred, target)
        chance = ops.sigmoid(pred) if self.use_sigmoid else ops.softmax(pred, -1)
        absent = 1 - chance
        if self.clip:
            absent = ops.clamp(absent + self.clip, max=1.0)
        right = absent * (1 - target) + chance * target
        exponent = self.gamma_pos * target + self.gamma_neg * (1 - target)
        return -ops.log(ops.clamp(right, min=self.eps)) * (1 - right) ** exponent
