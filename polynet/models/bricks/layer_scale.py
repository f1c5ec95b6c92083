"""A trained factor for each feature (Touvron et al. 2021, arXiv:2103.17239)."""

from __future__ import annotations

import numpy as np

from polynet import nn, ops
from polynet.errors import OptionError
from polynet.types import Tensor


class LayerScale(nn.Module):
    """Multiply each feature by a factor of its own.

    Args:
        dim: Features.
        layer_scale_init_value: What the factors start at.
        data_format: `"channels_last"` for tokens `(N, L, C)`, `"channels_first"` for maps `(N, C, H, W)`.

    Raises:
        OptionError: There is no such format.

    Source: MMPretrain, `LayerScale`.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     scale = LayerScale(2, 0.5)
        >>> scale(ops.ones((1, 2))).tolist()
        [[0.5, 0.5]]
    """

    def __init__(self, dim: int, layer_scale_init_value: float = 1e-5, data_format: str = "channels_last") -> None:
        super().__init__()
        if data_format not in ("channels_last", "channels_first"):
            message = f"LayerScale: data_format is 'channels_last' or 'channels_first', not {data_format!r}."
            raise OptionError(message)
        self.channels_first = data_format == "channels_first"
        self.weight = nn.Parameter(np.full((dim,), layer_scale_init_value, np.float32))

    def forward(self, x: Tensor) -> Tensor:
        """Scale; the shape stays."""
        return x * (ops.reshape(self.weight, (-1, 1, 1)) if self.channels_first else self.weight)


def layer_scale(dim: int, value: float) -> LayerScale | None:
    """A `LayerScale` that starts at `value`, or `None` where that is 0.

    Example:
        >>> layer_scale(8, 0.0) is None
        True
    """
    return LayerScale(dim, value) if value > 0 else None
