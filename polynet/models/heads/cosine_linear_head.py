"""A classifier by angles (Luo et al. 2018, arXiv:1702.05870; Hou et al., CVPR 2019)."""

from __future__ import annotations

import numpy as np

from polynet import nn, ops
from polynet.models.fit import last_of
from polynet.registry import HEADS
from polynet.types import Tensor


class CosineLinear(nn.Linear):
    """The cosine of the angle between features and each class's weights, times a factor that is learned.

    Args:
        in_features: Width of the features.
        out_features: Classes.
        sigma: Whether there is the factor; it starts at 1.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     layer = CosineLinear(8, 3)
        >>> bool((abs(layer(ops.ones((2, 8)))) <= 1).all())
        True
    """

    def __init__(self, in_features: int, out_features: int, sigma: bool = True) -> None:
        super().__init__(in_features, out_features, bias=False)
        self.sigma = nn.Parameter(np.ones(1, np.float32)) if sigma else None

    def forward(self, x: Tensor) -> Tensor:
        """Scaled cosines `(N, out_features)` of features `(N, in_features)`."""
        cosines = ops.linear(ops.normalize(x, dim=1), ops.normalize(self.weight, dim=1))
        return cosines if self.sigma is None else cosines * self.sigma


@HEADS.register()
class CosineLinearHead(nn.Module):
    """A classifier that looks at the direction of features and not at their length.

    Args:
        in_dim: Width of the features.
        num_classes: Classes.
        sigma: Whether the cosines are multiplied by a factor that is learned.

    Shapes:
        `(N, in_dim)` to `(N, num_classes)`; of a tuple the last is taken.

    Source: Scepter, `CosineLinearHead`.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     head = CosineLinearHead(in_dim=8, num_classes=10)
        >>> tuple(head(ops.ones((2, 8))).shape)
        (2, 10)
    """

    def __init__(self, in_dim: int, num_classes: int, sigma: bool = True) -> None:
        super().__init__()
        self.in_channels = in_dim
        self.num_classes = num_classes
        self.fc = CosineLinear(in_dim, num_classes, sigma)

    def forward(self, x: Tensor | tuple[Tensor, ...]) -> Tensor:
        """Logits of features."""
        return self.fc(last_of(x))
