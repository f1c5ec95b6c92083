"""Generalised mean pooling (Radenović et al. 2018, arXiv:1711.02512)."""

from __future__ import annotations

from typing import Any

import numpy as np

from polynet import nn, ops
from polynet.errors import InputError, OptionError
from polynet.registry import NECKS
from polynet.types import Tensor


@NECKS.register
class GeneralizedMeanPooling(nn.Module):
    """The p-th root of the mean p-th power over positions: the mean for p = 1, towards the maximum as p grows.

    Args:
        p: The power, at least 1.
        eps: What smaller features are raised to first.
        clamp: Whether they are.
        p_trainable: Whether the power is learnt.

    Shapes:
        `(N, C, H, W)` to `(N, C)`; a tuple of maps gives a tuple.

    Raises:
        OptionError: The power is below 1.

    Source: MMPretrain, `GeneralizedMeanPooling`.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     neck = GeneralizedMeanPooling(p=2.0)
        >>> round(neck(ops.tensor([[[[1.0, 7.0]]]])).tolist()[0][0], 4)
        5.0
    """

    p: Tensor

    def __init__(self, p: float = 3.0, eps: float = 1e-6, clamp: bool = True, p_trainable: bool = True) -> None:
        super().__init__()
        if isinstance(p, bool) or not isinstance(p, (int, float)) or p < 1:
            message = f"GeneralizedMeanPooling: p is a number of at least 1, not {p!r}."
            raise OptionError(message)
        self.p = nn.Parameter(np.full(1, p, np.float32), requires_grad=p_trainable)
        self.eps = eps
        self.clamp = clamp
        self.p_trainable = p_trainable

    def forward(self, inputs: Tensor | tuple[Tensor, ...]) -> Any:
        """The means of one map or of several."""
        if isinstance(inputs, (tuple, list)):
            return tuple(self._mean(x) for x in inputs)
        return self._mean(inputs)

    def _mean(self, x: Tensor) -> Tensor:
        if x.ndim != 4:
            message = f"GeneralizedMeanPooling takes maps (N, C, H, W), not {tuple(x.shape)}."
            raise InputError(message)
        x = ops.clamp(x, min=self.eps) if self.clamp else x
        return ops.pow(ops.mean(ops.pow(x, self.p), dim=(2, 3)), 1.0 / self.p)

    def out_channels(self, in_channels: int) -> int:
        """The width of what comes out."""
        return in_channels
