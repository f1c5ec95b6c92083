"""Normalisation: torch's own functions."""

from __future__ import annotations

import torch.nn.functional as F

batch_norm = F.batch_norm
layer_norm = F.layer_norm
group_norm = F.group_norm
instance_norm = F.instance_norm
rms_norm = F.rms_norm
local_response_norm = F.local_response_norm
