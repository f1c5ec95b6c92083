"""Rows of a table, looked up by number."""

from __future__ import annotations

from typing import TYPE_CHECKING

from polynet.nn.module import Module
from polynet.nn.rules import linear as linear_rules
from polynet.types import Tensor


class Embedding(Module, native="Embedding", rule=linear_rules.embedding):
    """Trained table from which rows are picked by number.

    The weight is `(num_embeddings, embedding_dim)`.

    Args:
        num_embeddings: Rows of the table.
        embedding_dim: Length of a row.
        padding_idx: A row that starts at 0 and gets no gradient. Default none.
        max_norm: Rows longer than this are shortened to it when they are picked; not on MegEngine. Default none.
        norm_type: The p of the norm for `max_norm`. Default 2.
        scale_grad_by_freq: Divide a row's gradient by how often it was picked in the batch; not on MegEngine.
            Default `False`.
        sparse: Whether the gradient is a sparse tensor; not on MegEngine. Default `False`.

    Shapes:
        Whole numbers of any shape `(...)` to `(..., embedding_dim)`.

    Source:
        Bengio et al., "A Neural Probabilistic Language Model", 2003.

    Example:
        >>> tuple(nn.Embedding(10, 4)(ops.tensor([[1, 2, 3]])).shape)
        (1, 3, 4)
    """

    if TYPE_CHECKING:
        weight: Tensor

        def __init__(
            self,
            num_embeddings: int,
            embedding_dim: int,
            padding_idx: int | None = None,
            max_norm: float | None = None,
            norm_type: float = 2.0,
            scale_grad_by_freq: bool = False,
            sparse: bool = False,
        ) -> None: ...
