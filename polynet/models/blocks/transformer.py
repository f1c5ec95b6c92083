"""The encoder block of vision transformers (Dosovitskiy et al. 2021, arXiv:2010.11929), with BaseCls's names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from polynet import nn, ops
from polynet.errors import OptionError
from polynet.models.blocks.activation import activation
from polynet.models.blocks.normalisation import token_norm
from polynet.types import Tensor

Name = str | Callable[..., Any] | None


class PatchEmbed(nn.Module):
    """Cut an image into square patches and map each to a token.

    Args:
        patch_size: Side of a patch, in pixels.
        in_channels: Channels of the image.
        embed_dim: Width of a token.
        bias: Whether the projection has a bias.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     embed = PatchEmbed(8, 3, 16)
        >>> tuple(embed(ops.ones((1, 3, 32, 16))).shape)
        (1, 8, 16)
    """

    def __init__(self, patch_size: int, in_channels: int, embed_dim: int, bias: bool = True) -> None:
        super().__init__()
        self.proj = nn.Conv2d(in_channels, embed_dim, kernel_size=patch_size, stride=patch_size, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        """Map `(N, C, H, W)` to `(N, H · W / patch_size², embed_dim)`."""
        return ops.transpose(ops.flatten(self.proj(x), 2), 1, 2)


class Attention(nn.Module):
    """Multi-head self-attention of tokens.

    Args:
        dim: Width of a token.
        num_heads: Heads; they divide the width.
        qkv_bias: Whether queries, keys and values have biases.
        qk_scale: What scores are multiplied by; `(dim / num_heads) ** -0.5` by default.
        attn_drop: Probability of dropping an attention weight.
        proj_drop: Probability of dropping an output.

    Attributes:
        prefix: What lengthens keys and values, where a tuner has put it there.

    Raises:
        OptionError: The heads do not divide the width.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     attention = Attention(16, num_heads=2)
        >>> tuple(attention(ops.ones((1, 5, 16))).shape)
        (1, 5, 16)
    """

    def __init__(
        self,
        dim: int,
        num_heads: int = 8,
        qkv_bias: bool = False,
        qk_scale: float | None = None,
        attn_drop: float = 0.0,
        proj_drop: float = 0.0,
    ) -> None:
        super().__init__()
        if num_heads < 1 or dim % num_heads:
            message = f"Attention: {num_heads} heads do not divide a width of {dim}."
            raise OptionError(message)
        if not 0.0 <= attn_drop <= 1.0:
            message = f"Attention: attn_drop is a probability, not {attn_drop!r}."
            raise OptionError(message)
        self.num_heads = num_heads
        self.scale = (dim // num_heads) ** -0.5 if qk_scale is None else qk_scale
        self.attn_drop = attn_drop
        self.qkv = nn.Linear(dim, dim * 3, bias=qkv_bias)
        self.proj = nn.Linear(dim, dim)
        self.proj_drop = nn.Dropout(proj_drop) if proj_drop else None
        self.prefix: Any = None

    def forward(self, x: Tensor) -> Tensor:
        """Map `(N, L, dim)` to the same shape."""
        batch, length, width = x.shape
        qkv = ops.reshape(self.qkv(x), (batch, length, 3, self.num_heads, width // self.num_heads))
        query, key, value = ops.unbind(ops.permute(qkv, (2, 0, 3, 1, 4)))
        if self.prefix is not None:
            key, value = self.prefix(key, value)
        dropped = self.attn_drop if self.training else 0.0
        x = ops.scaled_dot_product_attention(query, key, value, dropout_p=dropped, scale=self.scale)
        x = self.proj(ops.reshape(ops.transpose(x, 1, 2), (batch, length, width)))
        return x if self.proj_drop is None else self.proj_drop(x)


class FFN(nn.Module):
    """Two linear layers with an activation between them, for each token by itself.

    Args:
        in_features: Width of a token.
        hidden_features: Width between the layers.
        act_name: Activation.
        drop: Probability of dropping a feature, after each layer.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     ffn = FFN(16, 64)
        >>> tuple(ffn(ops.ones((1, 5, 16))).shape)
        (1, 5, 16)
    """

    def __init__(self, in_features: int, hidden_features: int, act_name: Name = "gelu", drop: float = 0.0) -> None:
        super().__init__()
        self.fc1 = nn.Linear(in_features, hidden_features)
        self.act = activation(act_name)
        self.fc2 = nn.Linear(hidden_features, in_features)
        self.drop = nn.Dropout(drop) if drop else None

    def forward(self, x: Tensor) -> Tensor:
        """Map `(N, L, in_features)` to the same shape."""
        x = self.act(self.fc1(x))
        if self.drop is None:
            return self.fc2(x)
        return self.drop(self.fc2(self.drop(x)))


class LayerScale(nn.Module):
    """A trained factor for each feature of a residual branch (Touvron et al. 2021, arXiv:2103.17239), named as in timm.

    Args:
        dim: Width of a token.
        init_values: What the factors start at.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     scale = LayerScale(2, 0.5)
        >>> scale(ops.ones((1, 2))).tolist()
        [[0.5, 0.5]]
    """

    def __init__(self, dim: int, init_values: float) -> None:
        super().__init__()
        self.gamma = nn.Parameter(np.full((dim,), init_values, np.float32))

    def forward(self, x: Tensor) -> Tensor:
        """Scale; the shape stays."""
        return x * self.gamma


class EncoderBlock(nn.Module):
    """Attention, then a feed-forward network, each normalised before and added to its input.

    Args:
        dim: Width of a token.
        num_heads: Heads of the attention.
        ffn_ratio: Hidden width of the feed-forward network as a multiple of `dim`.
        qkv_bias: Whether queries, keys and values have biases.
        qk_scale: What scores are multiplied by; `(dim / num_heads) ** -0.5` by default.
        drop: Probability of dropping an output of the attention, or a feature of the feed-forward network.
        attn_drop: Probability of dropping an attention weight.
        drop_path: Probability of dropping a residual branch.
        norm_name: `"LN"`, `"RMS"`, a class, or `None`.
        norm_eps: What the normalisations add to the variance.
        act_name: Activation.
        init_values: What the factors of the residual branches' features start at; no such factors by default.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     block = EncoderBlock(16, num_heads=2)
        >>> tuple(block(ops.ones((1, 5, 16))).shape)
        (1, 5, 16)
    """

    def __init__(
        self,
        dim: int,
        num_heads: int,
        ffn_ratio: float = 4.0,
        qkv_bias: bool = False,
        qk_scale: float | None = None,
        drop: float = 0.0,
        attn_drop: float = 0.0,
        drop_path: float = 0.0,
        norm_name: Name = "LN",
        norm_eps: float = 1e-5,
        act_name: Name = "gelu",
        init_values: float | None = None,
    ) -> None:
        super().__init__()
        self.norm1 = token_norm(norm_name, dim, eps=norm_eps)
        self.attn = Attention(dim, num_heads, qkv_bias, qk_scale, attn_drop, proj_drop=drop)
        self.ls1 = None if init_values is None else LayerScale(dim, init_values)
        self.drop_path = nn.DropPath(drop_path) if drop_path else None
        self.norm2 = token_norm(norm_name, dim, eps=norm_eps)
        self.ffn = FFN(dim, int(dim * ffn_ratio), act_name, drop)
        self.ls2 = None if init_values is None else LayerScale(dim, init_values)

    def forward(self, x: Tensor) -> Tensor:
        """Map `(N, L, dim)` to the same shape."""
        x = x + self._branch(self.attn(self.norm1(x)), self.ls1)
        return x + self._branch(self.ffn(self.norm2(x)), self.ls2)

    def _branch(self, x: Tensor, scale: LayerScale | None) -> Tensor:
        if scale is not None:
            x = scale(x)
        return x if self.drop_path is None else self.drop_path(x)
