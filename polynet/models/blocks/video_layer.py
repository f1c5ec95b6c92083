"""Layers of video transformers: attention among all tokens, or along time and within frames by turns."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from polynet import nn, ops
from polynet.errors import OptionError
from polynet.types import Tensor

TIME, SPACE = "time", "space"


class VideoAttention(nn.Module):
    """Multi-head self-attention of a video's tokens, the first of which is the class token.

    Args:
        dim: Width of a token.
        num_heads: Heads; they divide the width.
        attn_dropout: Probability of dropping an attention weight.
        ff_dropout: Probability of dropping an output.
        grid: How many times there are, and places in each; needed with `along`.
        along: Whom a token attends to besides itself and the class token: those of the same place with `"time"`, those
            of the same time with `"space"`, all with `None`. The class token always attends to all.

    Raises:
        OptionError: The heads do not divide the width.

    Source: Bertasius et al. 2021, arXiv:2102.05095; EssentialMC2 and Scepter, `Attention`, whose names the
    weights have.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     attention = VideoAttention(8, num_heads=2, grid=(3, 4), along="time")
        >>> tuple(attention(ops.ones((2, 13, 8))).shape)
        (2, 13, 8)
    """

    def __init__(
        self,
        dim: int,
        num_heads: int = 12,
        attn_dropout: float = 0.0,
        ff_dropout: float = 0.0,
        grid: tuple[int, int] = (1, 1),
        along: str | None = None,
    ) -> None:
        super().__init__()
        if num_heads < 1 or dim % num_heads:
            message = f"VideoAttention: {num_heads} heads do not divide a width of {dim}."
            raise OptionError(message)
        if not 0.0 <= attn_dropout <= 1.0:
            message = f"VideoAttention: attn_dropout is a probability, not {attn_dropout!r}."
            raise OptionError(message)
        self.num_heads = num_heads
        self.attn_dropout = attn_dropout
        self.grid = grid
        self.along = along
        self.to_qkv = nn.Linear(dim, dim * 3)
        self.proj = nn.Linear(dim, dim)
        self.ff_dropout = nn.Dropout(ff_dropout) if ff_dropout else None
        self.prefix: Any = None

    def forward(self, x: Tensor) -> Tensor:
        """Map `(N, L, dim)` to the same shape."""
        batch, length, width = x.shape
        qkv = ops.reshape(self.to_qkv(x), (batch, length, 3, self.num_heads, width // self.num_heads))
        query, key, value = ops.unbind(ops.permute(qkv, (2, 0, 3, 1, 4)))
        if self.prefix is not None:
            key, value = self.prefix(key, value)
        seen = self._attend(query, key, value) if self.along is None else self._attend_apart(query, key, value)
        x = self.proj(ops.reshape(ops.transpose(seen, 1, 2), (batch, length, width)))
        return x if self.ff_dropout is None else self.ff_dropout(x)

    def _attend(self, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        dropped = self.attn_dropout if self.training else 0.0
        return ops.scaled_dot_product_attention(query, key, value, dropout_p=dropped)

    def _attend_apart(self, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        """Attention of `(N, heads, L, width)` within groups of tokens of the same place, or of the same time."""
        first = self._attend(query[:, :, :1], key, value)
        batch, heads, length, width = query.shape
        keys, values = (ops.cat((self._class_token(each), self._groups(each)), 2) for each in (key, value))
        seen = self._attend(self._groups(query), keys, values)
        if self.along == TIME:
            seen = ops.transpose(seen, 1, 2)
        return ops.cat((first, ops.reshape(seen, (batch, heads, length - 1, width))), 2)

    def _groups(self, x: Tensor) -> Tensor:
        """Tokens other than the class token as `(N · heads, groups, members, width)`."""
        batch, heads, _, width = x.shape
        grid = ops.reshape(x[:, :, 1:], (batch * heads, *self.grid, width))
        return ops.transpose(grid, 1, 2) if self.along == TIME else grid

    def _class_token(self, x: Tensor) -> Tensor:
        """The class token, once for each group: `(N · heads, groups, 1, width)`."""
        batch, heads, _, width = x.shape
        times, places = self.grid
        token = ops.reshape(x[:, :, :1], (batch * heads, 1, 1, width))
        return ops.expand(token, (-1, places if self.along == TIME else times, -1, -1))


class VideoFeedForward(nn.Module):
    """Two linear layers with GELU between them, for each token by itself.

    Args:
        dim: Width of a token.
        mult: Width between the layers as a multiple of `dim`.
        ff_dropout: Probability of dropping a feature, after each layer.
    """

    def __init__(self, dim: int, mult: int = 4, ff_dropout: float = 0.0) -> None:
        super().__init__()
        # Dropout stands here even if it drops nothing: weights are named by their places.
        self.net = nn.Sequential(
            nn.Linear(dim, dim * mult),
            nn.GELU(),
            nn.Dropout(ff_dropout),
            nn.Linear(dim * mult, dim),
            nn.Dropout(ff_dropout),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map `(N, L, dim)` to the same shape."""
        return self.net(x)


class BaseTransformerLayer(nn.Module):
    """Attention among all tokens, then a feed-forward network, each normalised before and added to its input.

    Args:
        dim: Width of a token.
        num_heads: Heads of the attention.
        attn_dropout: Probability of dropping an attention weight.
        ff_dropout: Probability of dropping an output of the attention, or a feature of the feed-forward network.
        mlp_mult: Hidden width of the feed-forward network as a multiple of `dim`.
        drop_path_prob: Probability of dropping a residual branch.
        grid: How many times there are, and places in each; not needed here.

    Source: EssentialMC2 and Scepter, `BaseTransformerLayer`.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     layer = BaseTransformerLayer(8, num_heads=2)
        >>> tuple(layer(ops.ones((2, 13, 8))).shape)
        (2, 13, 8)
    """

    along: str | None = None

    def __init__(
        self,
        dim: int,
        num_heads: int = 12,
        attn_dropout: float = 0.0,
        ff_dropout: float = 0.0,
        mlp_mult: int = 4,
        drop_path_prob: float = 0.0,
        grid: tuple[int, int] = (1, 1),
    ) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(dim, eps=1e-6)
        self.attn = VideoAttention(dim, num_heads, attn_dropout, ff_dropout, grid, self.along)
        self.norm_ffn = nn.LayerNorm(dim, eps=1e-6)
        self.ffn = VideoFeedForward(dim, mlp_mult, ff_dropout)
        self.drop_path: Any = nn.DropPath(drop_path_prob) if drop_path_prob else None

    def forward(self, x: Tensor) -> Tensor:
        """Map `(N, L, dim)` to the same shape."""
        x = x + self._kept(self.attn(self.norm(x)))
        return x + self._kept(self.ffn(self.norm_ffn(x)))

    def _kept(self, branch: Tensor) -> Tensor:
        return branch if self.drop_path is None else self.drop_path(branch)


class TimesformerLayer(BaseTransformerLayer):
    """Attention along time, attention within each frame, then a feed-forward network.

    Args:
        dim: Width of a token.
        num_heads: Heads of each attention.
        attn_dropout: Probability of dropping an attention weight.
        ff_dropout: Probability of dropping an output of an attention, or a feature of the feed-forward network.
        mlp_mult: Hidden width of the feed-forward network as a multiple of `dim`.
        drop_path_prob: Probability of dropping a residual branch.
        grid: How many times there are, and places in each.

    Source: Bertasius et al. 2021, arXiv:2102.05095, "divided space-time attention"; EssentialMC2 and Scepter,
    `TimesformerLayer`. Both group tokens wrongly, or not at all, where these span several frames, and Scepter
    miscounts the places.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     layer = TimesformerLayer(8, num_heads=2, grid=(3, 4))
        >>> tuple(layer(ops.ones((2, 13, 8))).shape)
        (2, 13, 8)
    """

    along = SPACE

    def __init__(
        self,
        dim: int,
        num_heads: int = 12,
        attn_dropout: float = 0.0,
        ff_dropout: float = 0.0,
        mlp_mult: int = 4,
        drop_path_prob: float = 0.0,
        grid: tuple[int, int] = (1, 1),
    ) -> None:
        super().__init__(dim, num_heads, attn_dropout, ff_dropout, mlp_mult, drop_path_prob, grid)
        self.norm_temporal = nn.LayerNorm(dim, eps=1e-6)
        self.attn_temporal = VideoAttention(dim, num_heads, attn_dropout, ff_dropout, grid, TIME)

    def forward(self, x: Tensor) -> Tensor:
        """Map `(N, L, dim)` to the same shape."""
        return super().forward(x + self._kept(self.attn_temporal(self.norm_temporal(x))))


LAYERS: Mapping[str, Callable[..., Any]] = {
    "BaseTransformerLayer": BaseTransformerLayer,
    "TimesformerLayer": TimesformerLayer,
}
"""EssentialMC2's names."""
