"""Names for types that only a framework knows, so that neutral code can say what it means."""

from __future__ import annotations

from typing import Any, TypeAlias

Tensor: TypeAlias = Any
"""A native tensor: `torch.Tensor`, `megengine.Tensor`, or the shape-only tensor."""

NativeModule: TypeAlias = Any
"""A native module: `torch.nn.Module`, `megengine.module.Module`, or the shape-only module."""
