"""Products, attention and look-up: torch's own functions."""

from __future__ import annotations

import torch
import torch.nn.functional as F

matmul = torch.matmul
bmm = torch.bmm
einsum = torch.einsum
linear = F.linear
outer = torch.outer
normalize = F.normalize
cosine_similarity = F.cosine_similarity
scaled_dot_product_attention = F.scaled_dot_product_attention
embedding = F.embedding
