"""The affine map."""

from __future__ import annotations

from typing import TYPE_CHECKING

from polynet.nn.module import Module
from polynet.nn.rules import linear as linear_rules
from polynet.types import Tensor


class Linear(Module, native="Linear", rule=linear_rules.linear):
    """Affine map of the last axis: `input @ weight.T + bias`.

    The weight is `(out_features, in_features)`, the bias `(out_features,)`.

    Args:
        in_features: Length of the input's last axis.
        out_features: Length of the output's last axis.
        bias: Whether to add a bias. Default `True`.

    Shapes:
        `(..., in_features)` to `(..., out_features)`.

    Source:
        `torch.nn.Linear`.

    Example:
        >>> tuple(nn.Linear(4, 2)(ops.zeros((5, 3, 4))).shape)
        (5, 3, 2)
    """

    if TYPE_CHECKING:
        weight: Tensor
        bias: Tensor | None
        in_features: int
        out_features: int

        def __init__(self, in_features: int, out_features: int, bias: bool = True) -> None: ...
