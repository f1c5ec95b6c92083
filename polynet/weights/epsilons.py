"""What libraries add to variances in networks of the same names and shapes, where that differs from ours."""

from __future__ import annotations

import math
from typing import Any

from polynet.weights.layouts.table import layout_of


def epsilon_note(net: Any, layout: str) -> str:
    """What to note where weights in a layout were trained with another `norm_eps` than a network has; `""` else.

    Example:
        >>> epsilon_note(polynet.build("vit_tiny_patch16_224", backend="shapes"), "timm")
        "timm's network has norm_eps=1e-06, this one 1e-05: build it with norm_eps=1e-06 for equal logits"
    """
    entry = layout_of(layout, getattr(net, "family", None))
    theirs = None if entry is None else entry.norm_eps
    norms = (getattr(net, name, None) for name in ("norm", "fc_norm"))
    own = next((eps for norm in norms if (eps := getattr(norm, "eps", None)) is not None), None)
    if theirs is None or own is None or math.isclose(theirs, own):
        return ""
    return f"{layout}'s network has norm_eps={theirs}, this one {own}: build it with norm_eps={theirs} for equal logits"
