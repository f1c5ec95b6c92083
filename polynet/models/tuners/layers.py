"""What tuners ask of a layer: how wide its output is, along which axis, and whether it computes what its class says."""

from __future__ import annotations

from typing import Any

from polynet import nn
from polynet.backend import backend_of
from polynet.models.blocks.normalisation import LayerNorm2d
from polynet.models.blocks.same_convolution import SameConv2d

CONVOLUTIONS: dict[str, Any] = {"Conv1d": nn.Conv1d, "Conv2d": nn.Conv2d, "Conv3d": nn.Conv3d}
CHANNEL_NORMS: dict[str, Any] = {
    "BatchNorm1d": nn.BatchNorm1d,
    "BatchNorm2d": nn.BatchNorm2d,
    "BatchNorm3d": nn.BatchNorm3d,
    "SyncBatchNorm": nn.SyncBatchNorm,
    "GroupNorm": nn.GroupNorm,
    "InstanceNorm2d": nn.InstanceNorm2d,
}
TOKEN_NORMS: dict[str, Any] = {"LayerNorm": nn.LayerNorm, "RMSNorm": nn.RMSNorm}
_CONVOLVING: Any = (*CONVOLUTIONS.values(), nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)
_TOKEN_NORMS: Any = tuple(TOKEN_NORMS.values())
_CHANNEL_NORMS: Any = tuple(CHANNEL_NORMS.values())
CONTAINERS = (nn.Sequential, nn.ModuleList, nn.ModuleDict)


def plain_name(layer: Any, names: dict[str, Any]) -> str | None:
    """Which of these layers a module is, if it computes what that layer does; a subclass may compute something else.

    `SameConv2d` and `LayerNorm2d`, which only pad or permute around it, count as the layers they derive from.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     plain_name(polynet.nn.Conv2d(1, 1, 1), CONVOLUTIONS)
        'Conv2d'
    """
    for name, neutral in names.items():
        if isinstance(layer, neutral):
            computing = _forward_of(type(layer))
            known = any(computing is _forward_of(native) for native in backend_of(layer).layer_instances(name))
            return name if known or computing in (SameConv2d.forward, LayerNorm2d.forward) else None
    return None


def _forward_of(kind: Any) -> Any:
    return kind.forward


def width_and_axis(layer: Any) -> tuple[int | None, int | None]:
    """Width of a module's output and the axis it lies along.

    Returns:
        The width, or `None` where it cannot be told; and 1, -1, or `None` where it depends on the output's rank: 1 for
        maps of four or five axes, else -1.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     width_and_axis(polynet.nn.Conv2d(3, 8, 1))
        (8, 1)
    """
    if isinstance(layer, nn.Linear):
        return layer.out_features, -1 if plain_name(layer, {"Linear": nn.Linear}) else None
    if isinstance(layer, _CONVOLVING):
        return int(layer.out_channels), 1
    if isinstance(layer, _TOKEN_NORMS):
        shape = layer.normalized_shape
        return int(shape if isinstance(shape, int) else shape[-1]), 1 if isinstance(layer, LayerNorm2d) else -1
    if isinstance(layer, _CHANNEL_NORMS):
        return int(getattr(layer, "num_features", 0) or layer.num_channels), 1
    return _width_within(layer), None


def _width_within(module: Any) -> int | None:
    """Width of what a block returns: what it says, or else that of its last layer whose width is known."""
    for name in ("out_channels", "embed_dim", "dim"):
        said = getattr(module, name, None)
        if isinstance(said, int) and not isinstance(said, bool):
            return said
    found = None
    for child in module.children():
        width, _ = width_and_axis(child)
        found = found if width is None else width
    return found
