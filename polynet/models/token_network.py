"""What transformers share whose head sees the class token, or the mean of the others."""

from __future__ import annotations

from typing import Any

from polynet import ops
from polynet.models.network import ImageNetwork
from polynet.types import Tensor


class TokenNetwork(ImageNetwork):
    """Base of networks of tokens `(N, 1 + H * W, C)`, the class token first.

    Attributes:
        norm: Normalisation of all tokens, where the head sees the class token; else `None`.
        fc_norm: Normalisation of the patches' mean, where the head sees that; else `None`.
        grid_size: Rows and columns of patches.
    """

    norm: Any
    fc_norm: Any
    grid_size: tuple[int, int]

    def forward_final(self, x: Tensor) -> Tensor:
        """Tokens, normalised where the head sees the class token."""
        return x if self.norm is None else self.norm(x)

    def stage_map(self, x: Tensor) -> Tensor:
        """The patches' tokens as a map."""
        return ops.unflatten(ops.transpose(x[:, 1:], 1, 2), 2, self.grid_size)

    def forward_head(self, x: Tensor, pre_logits: bool = False) -> Any:
        """Logits of what `forward_features` returned.

        Args:
            x: Tokens.
            pre_logits: Return the vectors that the head is given.
        """
        if type(x) is not self._tensor_type:
            self._check_framework(x)
        vectors = x[:, 0] if self.fc_norm is None else self.fc_norm(ops.mean(x[:, 1:], 1))
        return vectors if pre_logits or self.head is None else self.head(vectors)
