"""Layouts of networks without attention that mix tokens by linear layers.

The names are facts of timm 1.0 (`timm.models.mlp_mixer`), read from the state dictionaries of its models.
"""

from __future__ import annotations

from polynet.weights.elements import Array
from polynet.weights.layouts.layout import Layout, Rule

_BLOCK = "blocks.{block}."


def over_tokens(vector: Array) -> Array:
    """A vector of features as one that lies over a batch of tokens, `(1, 1, C)`; and back.

    Example:
        >>> import numpy as np
        >>> over_tokens(np.zeros(3)).shape, over_tokens(np.zeros((1, 1, 3))).shape
        ((1, 1, 3), (3,))
    """
    if vector.ndim == 1:
        return vector.reshape(1, 1, -1)
    return vector.reshape(-1) if vector.shape[:-1] == (1, 1) else vector


LAYOUTS = (
    Layout(
        "timm",
        "resmlp",
        (
            Rule("patch_embed.proj.{leaf}", "stem.proj.{leaf}"),
            Rule(_BLOCK + "norm1.{leaf}", _BLOCK + "norm1.{leaf}", reorder=over_tokens),
            Rule(_BLOCK + "attn.{leaf}", _BLOCK + "linear_tokens.{leaf}"),
            Rule(_BLOCK + "gamma1", _BLOCK + "ls1"),
            Rule(_BLOCK + "norm2.{leaf}", _BLOCK + "norm2.{leaf}", reorder=over_tokens),
            Rule(_BLOCK + "ffn.fc1.{leaf}", _BLOCK + "mlp_channels.fc1.{leaf}"),
            Rule(_BLOCK + "ffn.fc2.{leaf}", _BLOCK + "mlp_channels.fc2.{leaf}"),
            Rule(_BLOCK + "gamma2", _BLOCK + "ls2"),
            Rule("norm.{leaf}", "norm.{leaf}", reorder=over_tokens),
            Rule("head.{leaf}", "head.{leaf}"),
        ),
        source="timm.models.mlp_mixer",
    ),
    Layout(
        "timm",
        "mixer",
        (
            Rule("stem.proj.{leaf}", "stem.proj.{leaf}"),
            Rule(_BLOCK + "norm1.{leaf}", _BLOCK + "norm1.{leaf}"),
            Rule(_BLOCK + "mlp_tokens.fc1.{leaf}", _BLOCK + "mlp_tokens.fc1.{leaf}"),
            Rule(_BLOCK + "mlp_tokens.fc2.{leaf}", _BLOCK + "mlp_tokens.fc2.{leaf}"),
            Rule(_BLOCK + "norm2.{leaf}", _BLOCK + "norm2.{leaf}"),
            Rule(_BLOCK + "mlp_channels.fc1.{leaf}", _BLOCK + "mlp_channels.fc1.{leaf}"),
            Rule(_BLOCK + "mlp_channels.fc2.{leaf}", _BLOCK + "mlp_channels.fc2.{leaf}"),
            Rule("norm.{leaf}", "norm.{leaf}"),
            Rule("head.{leaf}", "head.{leaf}"),
        ),
        source="timm.models.mlp_mixer",
    ),
)
