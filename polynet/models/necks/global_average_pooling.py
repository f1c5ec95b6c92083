"""The mean over all positions (Lin et al. 2014, arXiv:1312.4400)."""

from __future__ import annotations

from typing import Any

from polynet import nn, ops
from polynet.errors import InputError, OptionError
from polynet.registry import NECKS
from polynet.types import Tensor

_SHAPES = {1: "(N, C, L)", 2: "(N, C, H, W)", 3: "(N, C, T, H, W)"}


@NECKS.register()
class GlobalAveragePooling(nn.Module):
    """Averages features over their positions.

    Args:
        dim: How many axes positions have: 1 for sequences, 2 for images, 3 for videos.

    Shapes:
        `(N, C, ...)` to `(N, C)`. A tuple of maps gives the tuple of their means. What has no positions, `(N, C)`, is
        returned as it is.

    Raises:
        OptionError: `dim` is not 1, 2 or 3.

    Source: Scepter, EssentialMC2 and MMPretrain, `GlobalAveragePooling`.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     neck = GlobalAveragePooling(dim=2)
        >>> tuple(neck(ops.ones((2, 8, 7, 7))).shape)
        (2, 8)
    """

    def __init__(self, dim: int = 2) -> None:
        super().__init__()
        if isinstance(dim, bool) or dim not in _SHAPES:
            message = f"GlobalAveragePooling: dim is 1, 2 or 3, not {dim!r}."
            raise OptionError(message)
        self.dim = dim

    def forward(self, inputs: Tensor | tuple[Tensor, ...]) -> Any:
        """The means of one map or of several."""
        if isinstance(inputs, (tuple, list)):
            return tuple(self._mean(x) for x in inputs)
        return self._mean(inputs)

    def _mean(self, x: Tensor) -> Tensor:
        if x.ndim == 2:
            return x
        if x.ndim != self.dim + 2:
            message = f"GlobalAveragePooling(dim={self.dim}) takes {_SHAPES[self.dim]}, not {tuple(x.shape)}."
            raise InputError(message)
        return ops.mean(x, dim=tuple(range(2, x.ndim)))

    def out_channels(self, in_channels: int) -> int:
        """The width of what comes out."""
        return in_channels
