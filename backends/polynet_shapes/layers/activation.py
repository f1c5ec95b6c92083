"""Activation and softmax layers, and dropout."""

from __future__ import annotations

from typing import Any

from polynet_shapes.layers.functional import Functional, register, require
from polynet_shapes.module import Module
from polynet_shapes.ops import activation as ops
from polynet_shapes.tensor import ShapeTensor


class _InPlace(Functional):
    """An activation that frameworks can do in place."""

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace


class ReLU(_InPlace):
    """Positive part."""

    operation = ops.relu


class ReLU6(_InPlace):
    """Positive part, up to 6."""

    operation = ops.relu6


class SELU(_InPlace):
    """Scaled exponential linear unit."""

    operation = ops.elu


class SiLU(_InPlace):
    """Swish."""

    operation = ops.silu


class Mish(_InPlace):
    """Mish."""

    operation = ops.mish


class Hardswish(_InPlace):
    """Swish of straight lines."""

    operation = ops.hardswish


class Hardsigmoid(_InPlace):
    """Sigmoid of straight lines."""

    operation = ops.hardsigmoid


class Hardtanh(_InPlace):
    """Clamping between two bounds."""

    operation = ops.relu

    def __init__(self, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> None:
        super().__init__(inplace)
        require(max_val > min_val, self, f"max_val ({max_val}) must be above min_val ({min_val}).")
        self.min_val, self.max_val = min_val, max_val


class LeakyReLU(_InPlace):
    """Positive part, and a fraction of the negative one."""

    operation, kept = ops.leaky_relu, ("negative_slope",)

    def __init__(self, negative_slope: float = 0.01, inplace: bool = False) -> None:
        super().__init__(inplace)
        self.negative_slope = negative_slope


class ELU(_InPlace):
    """Exponential linear unit."""

    operation, kept = ops.elu, ("alpha",)

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        super().__init__(inplace)
        self.alpha = alpha


class PReLU(Module):
    """Leaky ReLU with trained slopes."""

    def __init__(self, num_parameters: int = 1, init: float = 0.25) -> None:
        super().__init__()
        self.num_parameters, self.init = num_parameters, init
        register(self, "weight", (num_parameters,))

    def forward(self, input: ShapeTensor) -> ShapeTensor:
        """Apply."""
        return ops.prelu(input, self.weight)

    def extra_repr(self) -> str:
        """Show the number of slopes."""
        return f"num_parameters={self.num_parameters}"


class GELU(Functional):
    """Gaussian error linear unit."""

    operation, kept = ops.gelu, ("approximate",)

    def __init__(self, approximate: str = "none") -> None:
        super().__init__()
        require(approximate in ("none", "tanh"), self, f"approximate must be 'none' or 'tanh', not {approximate!r}.")
        self.approximate = approximate


class Sigmoid(Functional):
    """Logistic function."""

    operation = ops.sigmoid


class Tanh(Functional):
    """Hyperbolic tangent."""

    operation = ops.tanh


class Softsign(Functional):
    """`x / (1 + |x|)`."""

    operation = ops.tanh


class LogSigmoid(Functional):
    """Logarithm of the logistic function."""

    operation = ops.logsigmoid


class Softplus(Functional):
    """Smooth positive part."""

    operation, kept = ops.softplus, ("beta", "threshold")

    def __init__(self, beta: float = 1.0, threshold: float = 20.0) -> None:
        super().__init__()
        self.beta, self.threshold = beta, threshold


class _OverAxis(Functional):
    """A softmax over an axis; without one, torch's old choice by the number of axes."""

    kept = ("dim",)

    def __init__(self, dim: int | None = None) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, input: Any) -> Any:
        """Apply."""
        implied = 0 if input.ndim in (0, 1, 3) else 1
        return type(self).operation(input, implied if self.dim is None else self.dim)


class Softmax(_OverAxis):
    """Softmax."""

    operation = ops.softmax


class LogSoftmax(_OverAxis):
    """Logarithm of the softmax."""

    operation = ops.log_softmax


class Dropout(Functional):
    """Zeroing elements at random while training."""

    operation, kept = ops.dropout, ("p", "training")

    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        super().__init__()
        require(0.0 <= p <= 1.0, self, f"p is a probability in [0, 1], not {p!r}.")
        self.p, self.inplace = p, inplace


class Dropout2d(Dropout):
    """Zeroing channels at random while training."""
