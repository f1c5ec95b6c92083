"""MegEngine behind PolyNet's seam. Importing this package does not import megengine; `BACKEND.load()` does."""

from __future__ import annotations

from polynet_megengine.backend import MegEngineBackend

BACKEND = MegEngineBackend()

__all__ = ["BACKEND"]
