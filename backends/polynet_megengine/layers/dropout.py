"""Dropout layers."""

from __future__ import annotations

import megengine.functional as F
import megengine.module as M

from polynet.nn.arguments import fraction
from polynet.types import Tensor
from polynet_megengine.module import Module

from .inputs import check_floating


class Dropout(M.Dropout, Module):
    """Sets elements to zero with probability `p` while training, and scales the others by `1 / (1 - p)`."""

    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        super().__init__(fraction(type(self).__name__, "p", p))
        self.inplace = bool(inplace)

    @property
    def p(self) -> float:
        """The probability; MegEngine calls it `drop_prob`."""
        return self.drop_prob

    @p.setter
    def p(self, value: float) -> None:
        self.drop_prob = fraction(type(self).__name__, "p", value)

    def forward(self, inputs: Tensor) -> Tensor:
        """Drop elements of a tensor of any shape."""
        if not self.training or self.drop_prob == 0:
            return inputs
        check_floating(self, inputs)
        if self.drop_prob == 1:
            return inputs * 0
        return F.nn.dropout(inputs, self.drop_prob, training=True)


class Dropout2d(Dropout):
    """Drops whole channels of `(N, C, …)`."""

    def forward(self, inputs: Tensor) -> Tensor:
        """Drop channels."""
        if not self.training or self.drop_prob == 0:
            return inputs
        mask = F.ones((*inputs.shape[:2], *(1,) * (inputs.ndim - 2)), dtype=inputs.dtype, device=inputs.device)
        return inputs * super().forward(mask)
