"""How the tensors of MegEngine layers map to torch's layout: always a pure reshape."""

from __future__ import annotations

import megengine.module as M
from megengine.module.batchnorm import _BatchNorm
from megengine.module.conv import _ConvNd

from polynet.types import Tensor

_SPATIAL = {M.Conv1d: 1, M.Conv2d: 2, M.Conv3d: 3, M.ConvTranspose2d: 2, M.ConvTranspose3d: 3}
_LOCAL = (M.LocalConv2d, M.RegionRestrictedConv)
_NORMS = (_BatchNorm, M.GroupNorm, M.InstanceNorm)


def canonical_shape(module: M.Module, name: str, tensor: Tensor) -> tuple[int, ...]:
    """The shape a tensor has in torch's layout, for PolyNet's layers and MegEngine's own alike.

    Args:
        module: The module that owns the tensor.
        name: The tensor's own name in it, such as `"weight"`.
        tensor: The tensor, or anything with a `shape`.

    Returns:
        A shape of as many elements. Biases lose their axes of one, grouped weights `(G, O/G, I/G, …)` become
        `(O, I/G, …)`, batch normalisation's `(1, C, 1, 1)` becomes `(C,)`. Others stay as they are.

    Example:
        >>> import megengine.module as M
        >>> layer = M.Conv2d(4, 8, 3, groups=2)
        >>> canonical_shape(layer, "weight", layer.weight), canonical_shape(layer, "bias", layer.bias)
        ((8, 2, 3, 3), (8,))
    """
    shape: tuple[int, ...] = tuple(tensor.shape)
    rule = getattr(module, "canonical_shape", None)
    if rule is not None:
        return tuple(rule(name, tensor))
    if isinstance(module, _ConvNd) and not isinstance(module, _LOCAL):
        if name == "bias":
            return (_count(shape),)
        if name == "weight":
            spatial = next((rank for kind, rank in _SPATIAL.items() if isinstance(module, kind)), 2)
            return (shape[0] * shape[1], *shape[2:]) if len(shape) == spatial + 3 else shape
        return shape
    if isinstance(module, _NORMS) or (isinstance(module, M.PReLU) and name == "weight"):
        return (_count(shape),)
    return shape


def _count(shape: tuple[int, ...]) -> int:
    count = 1
    for size in shape:
        count *= size
    return count
