"""Padding and sliding windows: torch's own functions."""

from __future__ import annotations

import torch.nn.functional as F

pad = F.pad
unfold = F.unfold
fold = F.fold
