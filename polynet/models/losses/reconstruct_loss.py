"""Scepter's losses of generative models: a plain difference, and one weighed by the signal-to-noise ratio."""

from __future__ import annotations

from polynet import nn, ops
from polynet.errors import LossShapeError, OptionError
from polynet.models.losses.weight_reduce import check_same_shape
from polynet.ops.checks import check_option
from polynet.registry import LOSSES
from polynet.types import Tensor


@LOSSES.register
class ReconstructLoss(nn.Module):
    """Absolute or squared difference; called with `(pred, target, mean=True)`.

    Args:
        loss_type: `"l1"` or `"l2"`. Scepter's code has `"l2"` for its default, its template says `"l1"`.

    Raises:
        OptionError: There is no such type.

    Source: Scepter, `ReconstructLoss`.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     loss = ReconstructLoss()
        >>> loss(ops.tensor([0.0, 3.0]), ops.tensor([1.0, 1.0])).tolist()
        2.5
    """

    def __init__(self, loss_type: str = "l2") -> None:
        super().__init__()
        check_option(type(self).__name__, "loss_type", loss_type, ("l1", "l2"))
        self.loss_type = loss_type

    def forward(self, pred: Tensor, target: Tensor, mean: bool = True) -> Tensor:
        """The loss: a scalar, or that of each element without `mean`."""
        check_same_shape(type(self).__name__, pred, target)
        difference = pred - target
        loss = ops.abs(difference) if self.loss_type == "l1" else difference**2
        return ops.mean(loss) if mean else loss


@LOSSES.register
class MinSNRLoss(nn.Module):
    """A difference weighed by `min(gamma / SNR, 1)` of each sample's step, for networks that predict the noise.

    Called with `(pred, target, alphas_cumprod, timesteps, mean=False)`: `alphas_cumprod` is `(T,)`, `timesteps` are
    `(N,)` whole numbers.

    Args:
        gamma: Largest signal-to-noise ratio that counts in full.
        loss_type: `"l1"` or `"l2"`.

    Raises:
        OptionError: There is no such type, or `gamma` is not positive.

    Source: Hang et al., "Efficient Diffusion Training via Min-SNR Weighting Strategy", arXiv:2303.09556; Scepter,
        `MinSNRLoss`.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     loss = MinSNRLoss(gamma=1.0)
        >>> pred, target = ops.zeros((2, 1, 1, 1)), ops.ones((2, 1, 1, 1))
        >>> loss(pred, target, ops.tensor([0.5, 0.75]), ops.tensor([0, 1]), mean=True).tolist()
        0.6666666865348816
    """

    def __init__(self, gamma: float = 5, loss_type: str = "l2") -> None:
        super().__init__()
        if isinstance(gamma, bool) or not isinstance(gamma, (int, float)) or gamma <= 0:
            message = f"gamma must be a positive number, not {gamma!r}."
            raise OptionError(message)
        self.gamma = gamma
        self.difference = ReconstructLoss(loss_type)

    def forward(
        self, pred: Tensor, target: Tensor, alphas_cumprod: Tensor, timesteps: Tensor, mean: bool = False
    ) -> Tensor:
        """The loss of each element, in the shape of the prediction; their mean where asked."""
        loss = self.difference(pred, target, mean=False)
        if tuple(timesteps.shape) != (pred.shape[0],):
            message = f"timesteps must be ({pred.shape[0]},), one for each sample, not {tuple(timesteps.shape)}."
            raise LossShapeError(message)
        ratio = alphas_cumprod / (1 - alphas_cumprod)
        weight = ops.index_select(ops.clamp(self.gamma / ratio, max=1.0), 0, timesteps)
        loss = loss * ops.reshape(weight, (pred.shape[0], *(1,) * (pred.ndim - 1)))
        return ops.mean(loss) if mean else loss
