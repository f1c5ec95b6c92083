"""What the networks of a layout's library compute otherwise than ours of the same weights, names and shapes."""

from __future__ import annotations

import math
from typing import Any

from polynet.weights.layouts.layout import Layout
from polynet.weights.layouts.table import layout_of


def computation_notes(net: Any, layout: str) -> tuple[str, ...]:
    """What to note where weights in a layout are for another computation than a network's; none where they are not.

    Example:
        >>> computation_notes(polynet.build("vit_tiny_patch16_224", backend="shapes"), "timm")
        ("timm's network has norm_eps=1e-06, this one 1e-05: build it with norm_eps=1e-06 for equal logits",)
    """
    entry = layout_of(layout, getattr(net, "family", None))
    if entry is None:
        return ()
    otherwise = "" if entry.otherwise is None else entry.otherwise(net)
    notes = (_epsilon(net, entry), otherwise and f"{layout}'s network {otherwise}: logits are not equal")
    return tuple(note for note in notes if note)


def _epsilon(net: Any, entry: Layout) -> str:
    """Where another number is added to variances."""
    norms = (getattr(net, name, None) for name in ("norm", "fc_norm"))
    own = next((eps for norm in norms if (eps := getattr(norm, "eps", None)) is not None), None)
    theirs = entry.norm_eps(net) if callable(entry.norm_eps) else entry.norm_eps
    if theirs is None or own is None or math.isclose(theirs, own):
        return ""
    return (
        f"{entry.name}'s network has norm_eps={theirs}, this one {own}: build it with norm_eps={theirs} "
        "for equal logits"
    )
