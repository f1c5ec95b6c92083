"""PyTorch behind PolyNet's seam. Importing this package does not import torch; `BACKEND.load()` does."""

from __future__ import annotations

from polynet_torch.backend import TorchBackend

BACKEND = TorchBackend()

__all__ = ["BACKEND"]
