"""What networks share that keep all patches' tokens to the end and classify their mean."""

from __future__ import annotations

from typing import Any

from polynet import ops
from polynet.models.network import ImageNetwork
from polynet.types import Tensor


class MeanOfTokens(ImageNetwork):
    """Base of networks that are a stem, blocks that map tokens to tokens, a normalisation and a head on their mean.

    A subclass makes `blocks`, `norm`, and what `forward_stem` needs; its stages are its blocks.

    Attributes:
        grid_size: Patches in height and width.
        blocks: The blocks.
        norm: The normalisation behind them.
    """

    grid_size: tuple[int, int]
    blocks: Any
    norm: Any

    def forward_features(self, x: Tensor) -> Tensor:
        """Normalised tokens `(N, L, C)`."""
        self.check_input(x)
        return self.norm(self.blocks(self.forward_stem(x)))

    def forward_stage(self, index: int, x: Tensor) -> Tensor:
        """One block."""
        return self.blocks[index](x)

    def stage_map(self, x: Tensor) -> Tensor:
        """The tokens as a map."""
        return ops.unflatten(ops.transpose(x, 1, 2), 2, self.grid_size)

    def forward_head(self, x: Tensor, pre_logits: bool = False) -> Any:
        """Logits of normalised tokens; their mean with `pre_logits` or without a head."""
        if type(x) is not self._tensor_type:
            self._check_framework(x)
        return super().forward_head(ops.mean(x, 1), pre_logits)
