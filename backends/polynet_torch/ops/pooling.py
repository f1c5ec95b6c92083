"""Pooling: torch's own functions. `torch.max_pool2d` is `F.max_pool2d` without the choice of returning indices."""

from __future__ import annotations

import torch
import torch.nn.functional as F

max_pool1d = torch.max_pool1d
max_pool2d = torch.max_pool2d
max_pool3d = torch.max_pool3d
avg_pool1d = F.avg_pool1d
avg_pool2d = F.avg_pool2d
avg_pool3d = F.avg_pool3d
adaptive_avg_pool1d = F.adaptive_avg_pool1d
adaptive_avg_pool2d = F.adaptive_avg_pool2d
adaptive_avg_pool3d = F.adaptive_avg_pool3d
adaptive_max_pool1d = F.adaptive_max_pool1d
adaptive_max_pool2d = F.adaptive_max_pool2d
adaptive_max_pool3d = F.adaptive_max_pool3d
