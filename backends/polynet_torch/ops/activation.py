"""Activation functions: torch's own."""

from __future__ import annotations

import torch
import torch.nn.functional as F

relu = torch.relu
relu6 = F.relu6
leaky_relu = F.leaky_relu
prelu = F.prelu
elu = F.elu
gelu = F.gelu
silu = F.silu
mish = F.mish
hardswish = F.hardswish
hardsigmoid = F.hardsigmoid
sigmoid = torch.sigmoid
tanh = torch.tanh
softmax = torch.softmax
log_softmax = torch.log_softmax
softplus = F.softplus
logsigmoid = F.logsigmoid
dropout = F.dropout
