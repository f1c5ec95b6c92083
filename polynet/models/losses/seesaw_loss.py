"""The seesaw loss for classes of which some have many samples and most have few."""

from __future__ import annotations

import numpy as np

from polynet import ops
from polynet.errors import LossShapeError, OptionError
from polynet.models.losses.weighted_module import WeightedLoss, check_labels
from polynet.registry import LOSSES
from polynet.types import Tensor


@LOSSES.register
class SeesawLoss(WeightedLoss):
    """Softmax cross entropy that spares rare classes the pressure of frequent ones.

    While it trains it counts the samples of each class in the buffer `cum_samples`.

    Args:
        use_sigmoid: For OpenMMLab's signature; only False is possible.
        p: Exponent of the mitigation by the ratio of the classes' counts; 0 for none.
        q: Exponent of the compensation for samples that are judged wrong; 0 for none.
        num_classes: Classes.
        eps: Least chance that is divided by.
        reduction: `"none"`, `"mean"` or `"sum"`.
        loss_weight: Factor of the result.

    Raises:
        OptionError: `use_sigmoid` is set, or there is no such reduction.

    Source: Wang et al., "Seesaw Loss for Long-Tailed Instance Segmentation", arXiv:2008.10032; MMPretrain,
        `SeesawLoss`, which counts while it evaluates, too.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     loss = SeesawLoss(num_classes=3)
        >>> scores = ops.tensor([[2.0, 1.0, 0.0], [0.0, 1.0, 3.0]])
        >>> value = loss(scores, ops.tensor([0, 1]))
        >>> loss.cum_samples.tolist()
        [1.0, 1.0, 0.0]
    """

    cum_samples: Tensor

    def __init__(
        self,
        use_sigmoid: bool = False,
        p: float = 0.8,
        q: float = 2.0,
        num_classes: int = 1000,
        eps: float = 1e-2,
        reduction: str = "mean",
        loss_weight: float = 1.0,
    ) -> None:
        super().__init__(reduction, loss_weight)
        if use_sigmoid:
            message = "SeesawLoss is a loss over a softmax; use_sigmoid=True is not possible."
            raise OptionError(message)
        self.p = p
        self.q = q
        self.num_classes = num_classes
        self.eps = eps
        self.register_buffer("cum_samples", ops.tensor(np.zeros(num_classes, np.float32)))

    def elements(self, pred: Tensor, target: Tensor) -> Tensor:
        """The loss of each sample, `(N,)`."""
        check_labels(type(self).__name__, pred, target)
        if pred.shape[1] != self.num_classes:
            message = f"SeesawLoss was made for {self.num_classes} classes; the scores have {pred.shape[1]}."
            raise LossShapeError(message)
        one_hot = ops.cast(ops.one_hot(target, self.num_classes), ops.dtype_name(pred))
        if self.training:
            counted = ops.stop_gradient(ops.sum(one_hot, dim=0))
            self.cum_samples = self.cum_samples + ops.cast(counted, "float32")
        factors = self._mitigation(target) * self._compensation(pred, one_hot)
        return ops.cross_entropy(pred + ops.log(factors) * (1 - one_hot), target, reduction="none")

    def _mitigation(self, target: Tensor) -> Tensor:
        """Less pressure on classes that have had fewer samples than the sample's own, `(N, C)`."""
        counts = ops.clamp(self.cum_samples, min=1.0)
        ratio = ops.clamp(ops.unsqueeze(counts, 0) / ops.unsqueeze(counts, 1), max=1.0)
        return ops.index_select(ratio**self.p, 0, target)

    def _compensation(self, pred: Tensor, one_hot: Tensor) -> Tensor:
        """More pressure on classes that are thought likelier than the sample's own, `(N, C)`."""
        chance = ops.softmax(ops.stop_gradient(pred), 1)
        own = ops.sum(chance * one_hot, dim=1, keepdim=True)
        return ops.clamp(chance / ops.clamp(own, min=self.eps), min=1.0) ** self.q
