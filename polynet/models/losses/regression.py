"""Losses of differences, weighed and reduced as OpenMMLab does."""

from __future__ import annotations

from polynet import ops
from polynet.models.losses.weight_reduce import check_same_shape
from polynet.models.losses.weighted_module import WeightedLoss
from polynet.registry import LOSSES
from polynet.types import Tensor


@LOSSES.register
class L1Loss(WeightedLoss):
    """Absolute differences of tensors of one shape.

    Args:
        reduction: `"none"`, `"mean"` or `"sum"`.
        loss_weight: Factor of the result.

    Raises:
        OptionError: There is no such reduction.

    Source: MMPretrain's guide to custom models, `L1Loss`.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     loss = L1Loss(reduction="sum", loss_weight=0.5)
        >>> loss(ops.tensor([0.0, 3.0]), ops.tensor([1.0, 1.0])).tolist()
        1.5
    """

    def elements(self, pred: Tensor, target: Tensor) -> Tensor:
        """The difference of each element."""
        check_same_shape(type(self).__name__, pred, target)
        return ops.abs(pred - target)


@LOSSES.register
class MSELoss(WeightedLoss):
    """Squared differences of tensors of one shape.

    Args:
        reduction: `"none"`, `"mean"` or `"sum"`.
        loss_weight: Factor of the result.

    Raises:
        OptionError: There is no such reduction.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     loss = MSELoss()
        >>> loss(ops.tensor([0.0, 3.0]), ops.tensor([1.0, 1.0])).tolist()
        2.5
    """

    def elements(self, pred: Tensor, target: Tensor) -> Tensor:
        """The squared difference of each element."""
        check_same_shape(type(self).__name__, pred, target)
        return (pred - target) ** 2
