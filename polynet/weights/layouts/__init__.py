"""Layouts: how torchvision, timm and others spell the weights of PolyNet's networks, and the way there and back."""

from __future__ import annotations

from polynet.weights.layouts.detect import detect_layout
from polynet.weights.layouts.table import canonical_layouts, families_of, layout_names
from polynet.weights.layouts.translate import Translation, from_layout, to_layout, translated

__all__ = [
    "Translation",
    "canonical_layouts",
    "detect_layout",
    "families_of",
    "from_layout",
    "layout_names",
    "to_layout",
    "translated",
]
