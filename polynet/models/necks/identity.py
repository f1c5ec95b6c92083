"""The neck that leaves features as they are."""

from __future__ import annotations

from typing import Any

from polynet import nn
from polynet.registry import NECKS


@NECKS.register()
class Identity(nn.Module):
    """Returns what it is given.

    Source: Scepter and EssentialMC2, `Identity`, the neck of a network whose config names none.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     neck = Identity()
        >>> neck(ops.ones((1, 2))).tolist()
        [[1.0, 1.0]]
    """

    def forward(self, x: Any) -> Any:
        """`x`, a tensor or several."""
        return x

    def out_channels(self, in_channels: int) -> int:
        """The width of what comes out."""
        return in_channels
