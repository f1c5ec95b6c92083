"""Cross entropy with smoothed labels, in the three ways that MMPretrain knows."""

from __future__ import annotations

from collections.abc import Sequence

from polynet import ops
from polynet.errors import LossShapeError, OptionError
from polynet.models.losses.cross_entropy_loss import CrossEntropyLoss
from polynet.models.losses.weighted_module import as_distribution
from polynet.ops.checks import check_option
from polynet.registry import LOSSES
from polynet.types import Tensor

MODES = ("original", "classy_vision", "multi_label")


@LOSSES.register
class LabelSmoothLoss(CrossEntropyLoss):
    """Cross entropy of labels smoothed by e over K classes.

    Args:
        label_smooth_val: e, in [0, 1).
        num_classes: K; by default that of the scores of the first call.
        use_sigmoid: Judge each class by itself. By default as the mode says: `multi_label` does, the others do not.
        mode: `"original"`: (1 - e) y + e / K (Szegedy et al., arXiv:1512.00567); `"classy_vision"`: (y + e / K) /
            (1 + e) (Facebook's ClassyVision); `"multi_label"`: (1 - 2 e) y + e.
        reduction: `"none"`, `"mean"` or `"sum"`.
        loss_weight: Factor of the result.
        class_weight: A factor of each class.
        pos_weight: Factors of the positive labels, where each class is judged by itself.

    Raises:
        OptionError: There is no such mode or reduction, or e lies outside [0, 1).

    Source: MMPretrain, `LabelSmoothLoss`.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     loss = LabelSmoothLoss(0.1)
        >>> scores = ops.tensor([[2.0, 1.0, 0.0], [0.0, 1.0, 3.0]])
        >>> round(float(loss(scores, ops.tensor([0, 1]))), 6)
        1.322059
    """

    def __init__(
        self,
        label_smooth_val: float,
        num_classes: int | None = None,
        use_sigmoid: bool | None = None,
        mode: str = "original",
        reduction: str = "mean",
        loss_weight: float = 1.0,
        class_weight: Sequence[float] | None = None,
        pos_weight: float | Sequence[float] | None = None,
    ) -> None:
        check_option("LabelSmoothLoss", "mode", mode, MODES)
        if isinstance(label_smooth_val, bool) or not isinstance(label_smooth_val, (int, float)):
            message = f"label_smooth_val must be a number in [0, 1), not {label_smooth_val!r}."
            raise OptionError(message)
        if not 0 <= label_smooth_val < 1:
            message = f"label_smooth_val={label_smooth_val} must lie in [0, 1)."
            raise OptionError(message)
        sigmoid = mode == "multi_label" if use_sigmoid is None else use_sigmoid
        super().__init__(sigmoid, not sigmoid, reduction, loss_weight, class_weight, pos_weight)
        self.label_smooth_val = label_smooth_val
        self.mode = mode
        self.num_classes = num_classes

    def elements(self, pred: Tensor, target: Tensor) -> Tensor:
        """The loss of each sample `(N,)`, or with `use_sigmoid` of each class `(N, C)`."""
        if self.num_classes is None:
            self.num_classes = int(pred.shape[1])
        if self.num_classes != pred.shape[1]:
            message = f"LabelSmoothLoss smooths over {self.num_classes} classes; the scores have {pred.shape[1]}."
            raise LossShapeError(message)
        return super().elements(pred, self._smoothed(as_distribution(type(self).__name__, pred, target)))

    def _smoothed(self, labels: Tensor) -> Tensor:
        share = self.label_smooth_val
        if self.mode == "multi_label":
            return ops.where(labels > 0, ops.full_like(labels, 1 - share), ops.full_like(labels, share))
        if self.mode == "classy_vision":
            share = share / (1 + share)
        return labels * (1 - share) + share / labels.shape[1]
