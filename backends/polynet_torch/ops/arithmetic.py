"""Arithmetic and logic: torch's own functions."""

from __future__ import annotations

import torch

abs = torch.abs
exp = torch.exp
expm1 = torch.expm1
log = torch.log
log1p = torch.log1p
sqrt = torch.sqrt
rsqrt = torch.rsqrt
pow = torch.pow
sin = torch.sin
cos = torch.cos
tan = torch.tan
atan2 = torch.atan2
erf = torch.erf
floor = torch.floor
ceil = torch.ceil
round = torch.round
sign = torch.sign
clamp = torch.clamp
minimum = torch.minimum
maximum = torch.maximum
remainder = torch.remainder
isnan = torch.isnan
isinf = torch.isinf
isfinite = torch.isfinite
logical_and = torch.logical_and
logical_or = torch.logical_or
logical_not = torch.logical_not
