"""What the networks of a layout's library compute otherwise than ours of the same weights, names and shapes."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from polynet.weights.layouts.difference import Difference
from polynet.weights.layouts.layout import Layout
from polynet.weights.layouts.table import layout_of


def computation_notes(net: Any, layout: str) -> tuple[str, ...]:
    """What to note where weights in a layout are for another computation than a network's; none where they are not.

    Example:
        >>> computation_notes(polynet.build("vit_tiny_patch16_224", backend="shapes"), "timm")
        ("timm's network has norm_eps=1e-06, this one 1e-05: for equal logits build it with norm_eps=1e-06",)
    """
    return tuple(
        f"{layout}'s network {each.said}: for equal logits build it with {_listed(each.options)}"
        for each in _differences(net, layout)
    )


def options_of_theirs(net: Any, layout: str) -> dict[str, Any]:
    """The options with which a network would compute what a layout's library does with such weights.

    Example:
        >>> options_of_theirs(polynet.build("vit_tiny_patch16_224", backend="shapes"), "timm")
        {'norm_eps': 1e-06}
    """
    return {name: value for each in _differences(net, layout) for name, value in each.options.items()}


def _listed(options: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in options.items())


def _differences(net: Any, layout: str) -> Iterator[Difference]:
    entry = layout_of(layout, getattr(net, "family", None))
    if entry is None:
        return
    for found in (_epsilon(net, entry), None if entry.otherwise is None else entry.otherwise(net)):
        if found is not None:
            yield found


def _epsilon(net: Any, entry: Layout) -> Difference | None:
    """Where another number is added to variances."""
    norms = (getattr(net, name, None) for name in ("norm", "fc_norm"))
    own = next((eps for norm in norms if (eps := getattr(norm, "eps", None)) is not None), None)
    theirs = entry.norm_eps(net) if callable(entry.norm_eps) else entry.norm_eps
    if theirs is None or own is None or math.isclose(theirs, own):
        return None
    return Difference(f"has norm_eps={theirs}, this one {own}", {"norm_eps": theirs})
