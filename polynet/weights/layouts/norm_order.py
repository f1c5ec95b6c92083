"""Which comes first in a head: the mean over positions or the normalisation. No weight's name tells.

The weights of a `NormHead` are the same either way, and so are the numbers of a map of one pixel.
"""

from __future__ import annotations

import math
from typing import Any

from polynet.weights.layouts.difference import Difference

_EPS = 1e-5
"""What PoolFormer's authors and MMPretrain add to the variance of the whole map."""


def mean_before_norm(net: Any) -> Difference | None:
    """What a library that takes the mean first does otherwise than a network; `None` where they are equal.

    Example:
        >>> mean_before_norm(polynet.build("poolformer_s12", backend="shapes", head={"norm_whole_map": True})).options
        mappingproxy({'head': {'norm_whole_map': False}})
        >>> mean_before_norm(polynet.build("poolformer_s12", backend="shapes")) is None
        True
    """
    if not _norm_whole_map(net):
        return None
    return Difference(
        "takes the mean of the last map, where that is more than one pixel, before it normalises it, not afterwards",
        {"head": {"norm_whole_map": False}},
    )


def norm_before_mean(net: Any) -> Difference | None:
    """What one that normalises the whole map first, with 1e-5 added, does otherwise; `None` where they are equal.

    Example:
        >>> norm_before_mean(polynet.build("poolformer_s12", backend="shapes", head={"norm_whole_map": True})).said
        'has norm_eps=1e-05 in its head, this one 1e-06'
    """
    norm = getattr(getattr(net, "head", None), "norm", None)
    if norm is None:
        return None
    head = {"norm_whole_map": True, "norm_eps": _EPS}
    if not _norm_whole_map(net):
        said = "normalises the last map, where that is more than one pixel, before it takes the mean, not afterwards"
        return Difference(said, {"head": head})
    if math.isclose(norm.eps, _EPS):
        return None
    return Difference(f"has norm_eps={_EPS} in its head, this one {norm.eps}", {"head": head})


def _norm_whole_map(net: Any) -> bool:
    return bool(getattr(getattr(net, "head", None), "norm_whole_map", False))
