"""Fully connected layers."""

from __future__ import annotations

from typing import Any

import megengine.module as M

from polynet.errors import InputError
from polynet.nn.arguments import integer
from polynet.types import Tensor
from polynet_megengine.half_precision import linear
from polynet_megengine.module import Module

from .initialisation import fill_linear


class Linear(M.Linear, Module):
    """`x @ weight.T + bias` over the last axis."""

    def __init__(self, in_features: int, out_features: int, bias: bool = True) -> None:
        owner = type(self).__name__
        super().__init__(
            integer(owner, "in_features", in_features, lowest=1),
            integer(owner, "out_features", out_features, lowest=1),
            bool(bias),
        )

    def reset_parameters(self) -> None:
        """Draw weight and bias as torch does; `polynet.nn.initialise` draws them from a seed instead."""
        fill_linear(self.weight, self.bias, self.in_features)

    def forward(self, x: Tensor) -> Tensor:
        """Apply to `(…, in_features)`."""
        try:
            if x.ndim == 1:
                return linear(x.reshape(1, -1), self.weight, self.bias).reshape(-1)
            return linear(x, self.weight, self.bias)
        except RuntimeError:
            shape = tuple(x.shape)
            if shape and shape[-1] == self.in_features:
                raise
            message = (
                f"{type(self).__name__}({self.in_features}, {self.out_features}) takes inputs of shape "
                f"(…, {self.in_features}), not {shape}."
            )
            raise InputError(message) from None


class Identity(M.Identity, Module):
    """Returns its input; takes and ignores any arguments, as torch's does."""

    def __init__(self, *_: Any, **__: Any) -> None:
        super().__init__()
