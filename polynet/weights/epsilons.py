"""What libraries add to variances in networks of the same names, shapes and layout, where that differs from ours."""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

_EPSILONS: Mapping[tuple[str, str], float] = MappingProxyType(
    {(layout, "vit"): 1e-6 for layout in ("timm", "torchvision", "mmpretrain")}
)
"""By layout and family; BaseCls's vision transformers, whose names are ours, have 1e-5."""


def epsilon_note(net: Any, layout: str) -> str:
    """What to note where weights in a layout were trained with another `norm_eps` than a network has; `""` else.

    Example:
        >>> epsilon_note(polynet.build("vit_tiny_patch16_224", backend="shapes"), "timm")
        "timm's network has norm_eps=1e-06, this one 1e-05: build it with norm_eps=1e-06 for equal logits"
    """
    theirs = _EPSILONS.get((layout, str(getattr(net, "family", None))))
    own = getattr(getattr(net, "norm", None), "eps", None)
    if theirs is None or own is None or math.isclose(theirs, own):
        return ""
    return f"{layout}'s network has norm_eps={theirs}, this one {own}: build it with norm_eps={theirs} for equal logits"
