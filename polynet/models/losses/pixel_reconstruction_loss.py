"""What a masked image model is trained by: the difference of the patches that were hidden."""

from __future__ import annotations

from polynet import nn, ops
from polynet.errors import OptionError
from polynet.models.losses.weight_reduce import check_same_shape
from polynet.ops.checks import check_option
from polynet.registry import LOSSES
from polynet.types import Tensor


def masked_mean(loss: Tensor, mask: Tensor | None) -> Tensor:
    """The mean of a loss, where a mask is given of what it marks; not a number where it marks nothing.

    Args:
        loss: Any shape.
        mask: Ones where it counts and zeros elsewhere, of the loss's shape; or none.

    Example:
        >>> masked_mean(ops.tensor([1.0, 2.0, 6.0]), ops.tensor([1.0, 0.0, 1.0])).tolist()
        3.5
    """
    if mask is None:
        return ops.mean(loss)
    mask = ops.cast(mask, ops.dtype_name(loss))
    return ops.sum(loss * mask) / ops.sum(mask)


@LOSSES.register
class PixelReconstructionLoss(nn.Module):
    """Absolute or squared difference of patches, averaged over what a mask marks.

    A loss of three axes, `(N, L, D)`, is averaged over the last one first. Call it with `(pred, target, mask=None)`;
    the mask is `(N, L)`, 1 where a patch was hidden.

    Args:
        criterion: `"L1"` or `"L2"`.
        channel: What a masked mean is divided by besides.

    Raises:
        OptionError: There is no such criterion, or `channel` is below 1.

    Source: MMPretrain, `PixelReconstructionLoss`, for MAE (He et al., arXiv:2111.06377) and SimMIM (arXiv:2111.09886).

    Example:
        >>> with polynet.use_backend("torch"):
        ...     loss = PixelReconstructionLoss("L2")
        >>> pred, target = ops.zeros((1, 2, 3)), ops.tensor([[[1.0, 1.0, 1.0], [3.0, 3.0, 3.0]]])
        >>> loss(pred, target, ops.tensor([[0.0, 1.0]])).tolist()
        9.0
    """

    def __init__(self, criterion: str, channel: int | None = None) -> None:
        super().__init__()
        check_option("PixelReconstructionLoss", "criterion", criterion, ("L1", "L2"))
        if channel is not None and (isinstance(channel, bool) or not isinstance(channel, int) or channel < 1):
            message = f"channel must be a whole number of at least 1, not {channel!r}."
            raise OptionError(message)
        self.criterion = criterion
        self.channel = 1 if channel is None else channel

    def forward(self, pred: Tensor, target: Tensor, mask: Tensor | None = None) -> Tensor:
        """The loss, a scalar."""
        check_same_shape(type(self).__name__, pred, target)
        difference = pred - target
        loss = ops.abs(difference) if self.criterion == "L1" else difference**2
        if loss.ndim == 3:
            loss = ops.mean(loss, dim=-1)
        mean = masked_mean(loss, mask)
        return mean if mask is None else mean / self.channel
