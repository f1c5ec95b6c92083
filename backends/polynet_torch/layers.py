"""Layers that `torch.nn` lacks, or names otherwise; every other neutral layer is the `torch.nn` class itself."""

from __future__ import annotations

LAYERS: dict[str, type] = {}
