"""How a library's network computes otherwise than one of PolyNet's with the same weights."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from attrs import field, frozen


def _frozen(options: Mapping[str, Any]) -> Mapping[str, Any]:
    return MappingProxyType(dict(options))


@frozen
class Difference:
    """Something that a library's network does, and one of PolyNet's with the same weights does not.

    Attributes:
        said: What, as the end of a sentence about it: `"fills up maps before it rolls them"`.
        options: Those with which ours is built to do the same.

    Example:
        >>> Difference("has norm_eps=0.001, this one 1e-05", {"norm_eps": 1e-3})
        Difference(said='has norm_eps=0.001, this one 1e-05', options={'norm_eps': 0.001})
    """

    said: str
    options: Mapping[str, Any] = field(converter=_frozen, repr=lambda options: repr({**options}))
