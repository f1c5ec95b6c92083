"""The contrastive loss of SimCLR and MoCo (Chen et al. 2020, arXiv:2002.05709; He et al. 2020, arXiv:1911.05722)."""

from __future__ import annotations

from typing import Any

from polynet import ops
from polynet.errors import OptionError
from polynet.models.base_module import BaseModule
from polynet.registry import HEADS, build_part
from polynet.types import Tensor


@HEADS.register
class ContrastiveHead(BaseModule):
    """The loss of telling one positive pair from negative ones by their similarities.

    Args:
        loss: The loss: a config, a name or a module.
        temperature: What similarities are divided by.
        init_cfg: How weights start; see `BaseModule`.

    Source: MMPretrain, `ContrastiveHead`.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     head = ContrastiveHead({"type": "CrossEntropyLoss"}, temperature=1.0)
        >>> round(float(head.loss(ops.zeros((1, 1)), ops.zeros((1, 3)))), 4)
        1.3863
    """

    def __init__(self, loss: Any, temperature: float = 0.1, init_cfg: Any = None) -> None:
        super().__init__(init_cfg)
        if isinstance(temperature, bool) or not isinstance(temperature, (int, float)) or temperature <= 0:
            message = f"ContrastiveHead: temperature is a positive number, not {temperature!r}."
            raise OptionError(message)
        self.loss_module = build_part("loss", loss, "loss")
        self.temperature = temperature

    def loss(self, pos: Tensor, neg: Tensor) -> Tensor:
        """The loss.

        Args:
            pos: Similarities of the positive pairs, `(N, 1)`.
            neg: Similarities of the negative ones, `(N, K)`.
        """
        scores = ops.cat([pos, neg], dim=1) / self.temperature
        return self.loss_module(scores, ops.zeros((scores.shape[0],), dtype="int64", like=scores))

    def forward(self, pos: Tensor, neg: Tensor) -> Tensor:
        """The loss, as `loss` gives it."""
        return self.loss(pos, neg)
