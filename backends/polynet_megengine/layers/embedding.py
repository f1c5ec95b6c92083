"""Look-up tables."""

from __future__ import annotations

import megengine.module as M

from polynet.errors import UnsupportedError
from polynet.nn.rules import linear as rules
from polynet.types import Tensor
from polynet_megengine.module import Module
from polynet_megengine.ops.linear import embedding

from .initialisation import fill_normal, skipped


class Embedding(M.Embedding, Module):
    """A row of `weight` for each index; the row `padding_idx` starts at zero and gets no gradient.

    `max_norm`, `scale_grad_by_freq` and `sparse` are not supported: they change weights or gradients in ways that
    MegEngine has no operation for.
    """

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        padding_idx: int | None = None,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        sparse: bool = False,
    ) -> None:
        owner = type(self).__name__
        if max_norm is not None or scale_grad_by_freq or sparse:
            message = f"{owner}: max_norm, scale_grad_by_freq and sparse are not supported on backend 'megengine'."
            raise UnsupportedError(message)
        rules.embedding(owner, num_embeddings, embedding_dim, padding_idx, norm_type=norm_type)
        super().__init__(num_embeddings, embedding_dim)
        self.norm_type = norm_type
        self.padding_idx = None if padding_idx is None else padding_idx % num_embeddings
        if self.padding_idx is not None and not skipped():
            self.weight[self.padding_idx] = 0.0

    def reset_parameters(self) -> None:
        """Draw from N(0, 1)."""
        fill_normal(self.weight)
        if self.padding_idx is not None and not skipped():
            self.weight[self.padding_idx] = 0.0

    def forward(self, inputs: Tensor) -> Tensor:
        """Rows for integer indices of any shape."""
        weight = self.weight.detach() if self.freeze else self.weight
        return embedding(inputs, weight, self.padding_idx)
