"""The attention of LeViT: a trained bias for each distance on the grid, and batch normalisation in its projections.

Graham et al. 2021, arXiv:2104.01136; names as in timm.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import numpy as np

from polynet import nn, ops
from polynet.models.blocks.activation import activation
from polynet.types import Tensor

Name = str | Callable[..., Any] | None


class LinearNorm(nn.Module):
    """A linear layer without bias, and batch normalisation over all tokens.

    Args:
        w_in: Width of a token.
        w_out: Width of what comes out.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     layer = LinearNorm(4, 8)
        >>> tuple(layer(ops.ones((2, 5, 4))).shape)
        (2, 5, 8)
    """

    def __init__(self, w_in: int, w_out: int) -> None:
        super().__init__()
        self.linear = nn.Linear(w_in, w_out, bias=False)
        self.bn = nn.BatchNorm1d(w_out)

    def forward(self, x: Tensor) -> Tensor:
        """Map `(N, L, w_in)` to `(N, L, w_out)`."""
        x = self.linear(x)
        return ops.reshape(self.bn(ops.flatten(x, 0, 1)), x.shape)


class Subsample(nn.Module):
    """Keep every second row and column of a grid of tokens.

    Args:
        grid: Rows and columns.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     part = Subsample((4, 4))
        >>> tuple(part(ops.ones((1, 16, 8))).shape)
        (1, 4, 8)
    """

    def __init__(self, grid: tuple[int, int]) -> None:
        super().__init__()
        self.grid = grid

    def forward(self, x: Tensor) -> Tensor:
        """Map `(N, H · W, C)` to `(N, H / 2 · W / 2, C)`, rounded up."""
        return ops.flatten(ops.unflatten(x, 1, self.grid)[:, ::2, ::2], 1, 2)


def distances(grid: tuple[int, int], stride: int = 1) -> np.ndarray[Any, Any]:
    """Which bias belongs to which query and key: `(queries, keys)`, rows times columns of distances.

    Args:
        grid: Rows and columns of the keys.
        stride: Of the queries' places among the keys'.

    Example:
        >>> distances((1, 3)).tolist()
        [[0, 1, 2], [1, 0, 1], [2, 1, 0]]
    """
    keys = np.stack(np.meshgrid(*(np.arange(length) for length in grid), indexing="ij")).reshape(2, -1)
    queries = np.stack(np.meshgrid(*(np.arange(0, length, stride) for length in grid), indexing="ij")).reshape(2, -1)
    apart = np.abs(queries[:, :, None] - keys[:, None, :])
    return np.asarray(apart[0] * grid[1] + apart[1], np.int32)


class DistanceAttention(nn.Module):
    """Attention between places of a grid; with a stride of 2 the queries are every second of them.

    Args:
        w_in: Width of a token.
        w_out: Width of what comes out.
        num_heads: Heads.
        key_dim: Width of a head's queries and keys.
        attn_ratio: Width of a head's values as a multiple of `key_dim`.
        grid: Rows and columns of the tokens.
        stride: 1 or 2.
        act_name: Activation before the last projection.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     attention = DistanceAttention(16, 32, 2, 8, 2.0, (4, 4), stride=2)
        >>> tuple(attention(ops.ones((1, 16, 16))).shape)
        (1, 4, 32)
    """

    attention_bias_idxs: Any

    def __init__(
        self,
        w_in: int,
        w_out: int,
        num_heads: int,
        key_dim: int,
        attn_ratio: float,
        grid: tuple[int, int],
        stride: int = 1,
        act_name: Name = "hswish",
    ) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.scale = key_dim**-0.5
        values = int(attn_ratio * key_dim)
        self.widths = (key_dim, key_dim, values) if stride == 1 else (key_dim, values)
        self.attention_biases = nn.Parameter(np.zeros((num_heads, grid[0] * grid[1]), np.float32))
        if stride == 1:
            self.qkv = LinearNorm(w_in, sum(self.widths) * num_heads)
        else:
            self.kv = LinearNorm(w_in, sum(self.widths) * num_heads)
            self.q = nn.Sequential(OrderedDict(down=Subsample(grid), ln=LinearNorm(w_in, key_dim * num_heads)))
        self.stride = stride
        self.proj = nn.Sequential(OrderedDict(act=activation(act_name), ln=LinearNorm(values * num_heads, w_out)))
        which = distances(grid, stride)
        self.shape = which.shape
        self.register_buffer("attention_bias_idxs", ops.tensor(which.reshape(-1)), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Map `(N, H · W, w_in)` to `(N, queries, w_out)`."""
        made = self.qkv(x) if self.stride == 1 else self.kv(x)
        parts = ops.split(ops.unflatten(made, 2, (self.num_heads, -1)), list(self.widths), 3)
        asking = parts[0] if self.stride == 1 else ops.unflatten(self.q(x), 2, (self.num_heads, -1))
        query = ops.transpose(asking, 1, 2)
        key, value = ops.transpose(parts[-2], 1, 2), ops.transpose(parts[-1], 1, 2)
        biases = ops.unflatten(ops.index_select(self.attention_biases, 1, self.attention_bias_idxs), 1, self.shape)
        # Values are wider than keys, for which no framework has a fused kernel: spelt out is faster.
        scores = ops.matmul(query * self.scale, ops.transpose(key, -2, -1)) + biases
        x = ops.matmul(ops.softmax(scores, -1), value)
        return self.proj(ops.flatten(ops.transpose(x, 1, 2), 2))
