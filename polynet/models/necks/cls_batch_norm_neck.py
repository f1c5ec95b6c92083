"""Batch normalisation of the class token (He et al. 2022, arXiv:2111.06377, for linear probing)."""

from __future__ import annotations

from typing import Any

from polynet import nn
from polynet.models.base_module import BaseModule
from polynet.registry import NECKS
from polynet.types import Tensor


@NECKS.register()
class ClsBatchNormNeck(BaseModule):
    """Normalises class tokens over the batch.

    Args:
        input_features: Width of a token.
        affine: Whether to scale and shift.
        eps: Added to the variance.
        init_cfg: How weights start; see `BaseModule`.

    Shapes:
        A tuple of `(N, C)`, unchanged; a tensor alone stays one.

    Source: MMPretrain, `ClsBatchNormNeck`.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     neck = ClsBatchNormNeck(8)
        >>> [tuple(out.shape) for out in neck((ops.ones((2, 8)),))]
        [(2, 8)]
    """

    def __init__(self, input_features: int, affine: bool = False, eps: float = 1e-6, init_cfg: Any = None) -> None:
        super().__init__(init_cfg)
        self.bn = nn.BatchNorm1d(input_features, eps=eps, affine=affine)

    def forward(self, inputs: Tensor | tuple[Tensor, ...]) -> Any:
        """Normalise one token of each image, or several."""
        if isinstance(inputs, (tuple, list)):
            return tuple(self.bn(each) for each in inputs)
        return self.bn(inputs)

    def out_channels(self, in_channels: int) -> int:
        """The width of what comes out: that of what goes in."""
        return in_channels
