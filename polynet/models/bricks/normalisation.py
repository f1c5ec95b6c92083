"""Normalisations from configs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from polynet import nn, ops
from polynet.errors import OptionError
from polynet.models.bricks.layer_config import LayerConfig, chosen_layer
from polynet.types import Tensor


class LayerNorm2d(nn.LayerNorm):
    """Layer normalisation over the channels of a map, at each position by itself.

    Args:
        num_channels: Channels.
        eps: Added to the variance.
        elementwise_affine: Whether it scales and shifts.

    Source: MMPretrain, `LN2d`.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     norm = LayerNorm2d(3)
        >>> tuple(norm(ops.ones((1, 3, 2, 2))).shape), tuple(norm(ops.ones((1, 2, 2, 3)), "channel_last").shape)
        ((1, 3, 2, 2), (1, 2, 2, 3))
    """

    def __init__(self, num_channels: int, eps: float = 1e-5, elementwise_affine: bool = True) -> None:
        super().__init__(num_channels, eps=eps, elementwise_affine=elementwise_affine)
        self.num_channels = num_channels

    def forward(self, x: Tensor, data_format: str = "channel_first") -> Tensor:
        """Normalise `(N, C, H, W)`, or `(N, H, W, C)` if `data_format` is `"channel_last"`; the shape stays."""
        if data_format == "channel_last":
            return super().forward(x)
        return ops.permute(super().forward(ops.permute(x, (0, 2, 3, 1))), (0, 3, 1, 2))


NORMALISATIONS: dict[str, Callable[..., Any]] = {
    "BN": nn.BatchNorm2d,
    "BN1d": nn.BatchNorm1d,
    "BN2d": nn.BatchNorm2d,
    "BN3d": nn.BatchNorm3d,
    "GN": nn.GroupNorm,
    "IN": nn.InstanceNorm2d,
    "IN2d": nn.InstanceNorm2d,
    "LN": nn.LayerNorm,
    "LN2d": LayerNorm2d,
    "SyncBN": nn.SyncBatchNorm,
}

_ABBREVIATIONS: tuple[tuple[Any, str], ...] = (
    (nn.InstanceNorm2d, "in"),
    (nn.BatchNorm1d, "bn"),
    (nn.BatchNorm2d, "bn"),
    (nn.BatchNorm3d, "bn"),
    (nn.SyncBatchNorm, "bn"),
    (nn.GroupNorm, "gn"),
    (nn.LayerNorm, "ln"),
)

BATCH_NORMS: tuple[Any, ...] = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, nn.SyncBatchNorm)
"""What `norm_eval` keeps from learning statistics."""


def abbreviation(layer: Any) -> str:
    """How weights' names call a normalisation: `"bn"`, `"gn"`, `"ln"`, `"in"`; its class may say it as `_abbr_`.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     abbreviation(polynet.nn.GroupNorm(2, 4))
        'gn'
    """
    own = getattr(type(layer), "_abbr_", None)
    if own is not None:
        return str(own)
    known = next((name for kind, name in _ABBREVIATIONS if isinstance(layer, kind)), None)
    if known is not None:
        return known
    name = type(layer).__name__.lower()
    words = {"batch": "bn", "group": "gn", "layer": "ln", "instance": "in"}
    return next((short for word, short in words.items() if word in name), "norm_layer")


def build_norm_layer(cfg: LayerConfig, num_features: int, postfix: int | str = "") -> tuple[str, Any]:
    """Make a normalisation, and the name under which it is added to a module.

    Args:
        cfg: `type`, a key of `NORMALISATIONS`, a registered name or a class; its options; and `requires_grad`, false to
            freeze its scale and shift.
        num_features: Channels.
        postfix: What follows the abbreviation in the name.

    Returns:
        The name, such as `"bn1"`, and the layer. Unlike torch's, `eps` is 1e-5 for all of them where `cfg` is silent.

    Raises:
        UnknownNameError: There is no normalisation of that name.
        OptionError: A group normalisation is not told `num_groups`.

    Source: mmcv, `build_norm_layer`.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     build_norm_layer({"type": "BN"}, 64, postfix=1)[0]
        'bn1'
    """
    named, kind, options = chosen_layer("normalisation", cfg, NORMALISATIONS)
    trained = options.pop("requires_grad", True)
    options.setdefault("eps", 1e-5)
    if named in ("GN", nn.GroupNorm):
        if "num_groups" not in options:
            message = "norm_cfg of type 'GN' needs `num_groups`, the number of groups."
            raise OptionError(message)
        layer = kind(options.pop("num_groups"), num_features, **options)
    else:
        layer = kind(num_features, **options)
    if not trained:
        layer.requires_grad_(False)
    return f"{abbreviation(layer)}{postfix}", layer


def build_norm(cfg: LayerConfig, num_features: int) -> Any:
    """Make a normalisation, without a name for it; MMPretrain's own `build_norm_layer`.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     build_norm({"type": "LN", "eps": 1e-6}, 64).eps
        1e-06
    """
    return build_norm_layer(cfg, num_features)[1]
