"""Convolutions: torch's own."""

from __future__ import annotations

import torch.nn.functional as F

conv1d = F.conv1d
conv2d = F.conv2d
conv3d = F.conv3d
conv_transpose2d = F.conv_transpose2d
