"""How far features point away from those they should be."""

from __future__ import annotations

from polynet import nn, ops
from polynet.models.losses.pixel_reconstruction_loss import masked_mean
from polynet.models.losses.weight_reduce import check_same_shape
from polynet.registry import LOSSES
from polynet.types import Tensor


@LOSSES.register
class CosineSimilarityLoss(nn.Module):
    """`shift_factor - scale_factor * cos(pred, target)` along the last axis, averaged over what a mask marks.

    Args:
        shift_factor: What the similarity is taken from.
        scale_factor: Factor of the similarity.

    Source: MMPretrain, `CosineSimilarityLoss`.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     loss = CosineSimilarityLoss(shift_factor=1.0)
        >>> loss(ops.tensor([[1.0, 0.0], [0.0, 2.0]]), ops.tensor([[0.0, 1.0], [0.0, 1.0]])).tolist()
        0.5
    """

    def __init__(self, shift_factor: float = 0.0, scale_factor: float = 1.0) -> None:
        super().__init__()
        self.shift_factor = shift_factor
        self.scale_factor = scale_factor

    def forward(self, pred: Tensor, target: Tensor, mask: Tensor | None = None) -> Tensor:
        """The loss, a scalar; `mask` has the shape of the features without the last axis."""
        check_same_shape(type(self).__name__, pred, target)
        similarity = ops.sum(ops.normalize(pred, dim=-1) * ops.normalize(target, dim=-1), dim=-1)
        return masked_mean(self.shift_factor - self.scale_factor * similarity, mask)
