"""Normalisation layers by name."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from polynet import nn, ops
from polynet.models.blocks.choice import choose
from polynet.types import Tensor

GROUPS = 32
"""Groups of a group normalisation, where the channels allow it (Wu and He 2018, arXiv:1803.08494)."""


class LayerNorm2d(nn.LayerNorm):
    """Layer normalisation over the channels of a map `(N, C, H, W)`, at each position by itself.

    Args:
        num_channels: C.
        eps: Added to the variance.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     norm = LayerNorm2d(3)
        >>> tuple(norm(ops.ones((1, 3, 2, 2))).shape)
        (1, 3, 2, 2)
    """

    def __init__(self, num_channels: int, eps: float = 1e-5) -> None:
        super().__init__(num_channels, eps=eps)

    def forward(self, x: Tensor) -> Tensor:
        """Normalise; the shape stays."""
        return ops.permute(super().forward(ops.permute(x, (0, 2, 3, 1))), (0, 3, 1, 2))


def group_norm(num_channels: int, num_groups: int | None = None, **options: Any) -> Any:
    """A group normalisation; by default of 32 groups, or as many of them as divide the channels.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     group_norm(48).num_groups
        16
    """
    return nn.GroupNorm(math.gcd(GROUPS, num_channels) if num_groups is None else num_groups, num_channels, **options)


def instance_norm(num_channels: int, **options: Any) -> Any:
    """An instance normalisation with scale and shift, as BaseCls's has."""
    return nn.InstanceNorm2d(num_channels, **{"affine": True, **options})


NORMALISATIONS: dict[str, Callable[..., Any]] = {
    "BN": nn.BatchNorm2d,
    "GN": group_norm,
    "IN": instance_norm,
    "LN": LayerNorm2d,
    "SyncBN": nn.SyncBatchNorm,
}
"""BaseCls's names; its GN and LN fail on feature maps, these work."""

TOKEN_NORMALISATIONS: dict[str, Callable[..., Any]] = {"LN": nn.LayerNorm, "RMS": nn.RMSNorm}


def norm2d(name: str | Callable[..., Any] | None, num_channels: int, **options: Any) -> Any:
    """Make a normalisation of feature maps `(N, C, H, W)`.

    Args:
        name: A key of `NORMALISATIONS`; or a class or function, called with the channels; or `None` for an identity.
        num_channels: C.
        **options: Passed on to the layer: `eps`, `momentum` …

    Returns:
        A module of the active backend.

    Raises:
        UnknownNameError: There is no normalisation of that name.
        OptionError: The layer has no such option.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     type(norm2d("BN", 64))
        <class 'torch.nn.modules.batchnorm.BatchNorm2d'>
    """
    if name is None:
        return nn.Identity()
    return choose("normalisation", name, NORMALISATIONS)(num_channels, **options)


def token_norm(name: str | Callable[..., Any] | None, width: int, **options: Any) -> Any:
    """Make a normalisation of tokens `(…, width)`: `"LN"`, `"RMS"`, a class, or `None` for an identity.

    Raises:
        UnknownNameError: There is no normalisation of that name for tokens.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     token_norm("LN", 192, eps=1e-6).eps
        1e-06
    """
    if name is None:
        return nn.Identity()
    return choose("normalisation of tokens", name, TOKEN_NORMALISATIONS)(width, **options)


def overwritable(norm_name: Any) -> bool:
    """Whether what a normalisation gives may be overwritten by what comes next, where the framework can.

    Gradients of those known by name need their input alone. Of one's own class or function nobody knows.

    Example:
        >>> overwritable("BN"), overwritable(lambda channels: nn.Sequential(nn.BatchNorm2d(channels), nn.Tanh()))
        (True, False)
    """
    return norm_name is None or isinstance(norm_name, str)
