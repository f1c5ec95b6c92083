"""Activation layers."""

from __future__ import annotations

from typing import Any

import megengine.functional as F
import megengine.module as M

from polynet.nn.arguments import choice, integer
from polynet.types import Tensor
from polynet_megengine.module import Module
from polynet_megengine.ops import activation as functional
from polynet_megengine.rectifier import relu

from .initialisation import fill
from .inputs import check_floating


class _Activation(Module):
    """A layer whose arguments are numbers kept under their own names."""

    _arguments: tuple[str, ...] = ()

    def _keep(self, **arguments: Any) -> None:
        self._arguments = tuple(arguments)
        for name, value in arguments.items():
            setattr(self, name, value)

    def extra_repr(self) -> str:
        """The arguments."""
        return ", ".join(f"{name}={getattr(self, name)!r}" for name in self._arguments)


class ReLU(M.ReLU, Module):
    """`max(x, 0)`. `inplace` is taken and ignored here and below: MegEngine's tensors share no memory."""

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = bool(inplace)

    def forward(self, x: Tensor) -> Tensor:
        """Rectify."""
        return relu(x)


class ReLU6(_Activation):
    """`min(max(x, 0), 6)`."""

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = bool(inplace)

    def forward(self, x: Tensor) -> Tensor:
        """Clip."""
        return functional.relu6(x)


class LeakyReLU(M.LeakyReLU, Module):
    """`x` where positive, else `negative_slope * x`."""

    def __init__(self, negative_slope: float = 0.01, inplace: bool = False) -> None:
        super().__init__(negative_slope)
        self.inplace = bool(inplace)

    def forward(self, inputs: Tensor) -> Tensor:
        """Apply."""
        return functional.leaky_relu(inputs, self.negative_slope)


class PReLU(M.PReLU, Module):
    """`x` where positive, else a learnt slope times `x`: one slope, or one for each channel (He et al., 2015)."""

    def __init__(self, num_parameters: int = 1, init: float = 0.25) -> None:
        super().__init__(integer(type(self).__name__, "num_parameters", num_parameters, lowest=1), float(init))
        self.init = float(init)

    def reset_parameters(self) -> None:
        """Every slope as at first."""
        fill(self.weight, self.init)

    def forward(self, inputs: Tensor) -> Tensor:
        """Apply to any shape, or to `(N, C, …)`."""
        # MegEngine's layer keeps several slopes as (1, C, 1, 1).
        weight = self.weight if self.weight.ndim == 1 else F.flatten(self.weight)
        return functional.prelu(inputs, weight)


class ELU(_Activation):
    """`x` where positive, else `alpha * (exp(x) - 1)`."""

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        super().__init__()
        self._keep(alpha=alpha)
        self.inplace = bool(inplace)

    def forward(self, x: Tensor) -> Tensor:
        """Apply."""
        return functional.elu(x, self.alpha)


class SELU(_Activation):
    """A scaled ELU that keeps mean and variance (Klambauer et al., 2017)."""

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = bool(inplace)

    def forward(self, x: Tensor) -> Tensor:
        """Apply."""
        return functional.elu(x, 1.6732632423543772848170429916717) * 1.0507009873554804934193349852946


class GELU(M.GELU, Module):
    """`x` times the normal distribution function of `x`; `approximate="tanh"` for the form of early papers."""

    def __init__(self, approximate: str = "none") -> None:
        super().__init__()
        self.approximate = choice(type(self).__name__, "approximate", approximate, ("none", "tanh"))

    def forward(self, inputs: Tensor) -> Tensor:
        """Apply."""
        return F.gelu(inputs) if self.approximate == "none" else functional.gelu(inputs, "tanh")


class SiLU(M.SiLU, Module):
    """`x * sigmoid(x)`."""

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = bool(inplace)


class Mish(_Activation):
    """`x * tanh(softplus(x))` (Misra, 2019)."""

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = bool(inplace)

    def forward(self, x: Tensor) -> Tensor:
        """Apply."""
        return functional.mish(x)


class Hardswish(_Activation):
    """`x * relu6(x + 3) / 6` (Howard et al., 2019)."""

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = bool(inplace)

    def forward(self, x: Tensor) -> Tensor:
        """Apply."""
        return functional.hardswish(x)


class Hardsigmoid(_Activation):
    """`relu6(x + 3) / 6`."""

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = bool(inplace)

    def forward(self, x: Tensor) -> Tensor:
        """Apply."""
        return functional.hardsigmoid(x)


class Hardtanh(_Activation):
    """`x` clipped to `min_val … max_val`."""

    def __init__(self, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> None:
        super().__init__()
        self._keep(min_val=min_val, max_val=max_val)
        self.inplace = bool(inplace)

    def forward(self, x: Tensor) -> Tensor:
        """Apply; at the bounds themselves the gradient is 0, where that of a clip is 1."""
        clipped = F.clip(x, self.min_val, self.max_val)
        return F.where((x > self.min_val) & (x < self.max_val), clipped, clipped.detach())


class Sigmoid(M.Sigmoid, Module):
    """`1 / (1 + exp(-x))`."""

    def __init__(self) -> None:
        super().__init__()


class Tanh(_Activation):
    """Hyperbolic tangent."""

    def forward(self, x: Tensor) -> Tensor:
        """Apply."""
        return functional.tanh(x)


class Softmax(M.Softmax, Module):
    """Exponentials over their sum along `dim`; `None` means axis 0 of 0-, 1- and 3-d inputs, else 1, as in torch."""

    def __init__(self, dim: int | None = None) -> None:
        super().__init__(dim)
        self.dim = dim

    def forward(self, inputs: Tensor) -> Tensor:
        """Apply."""
        check_floating(self, inputs)
        dim, ndim = self.dim, inputs.ndim
        if dim is not None and -ndim <= dim < ndim:
            return F.softmax(inputs, dim)
        return functional.softmax(inputs, _implied(dim, inputs))


class LogSoftmax(_Activation):
    """Logarithm of the softmax along `dim`."""

    def __init__(self, dim: int | None = None) -> None:
        super().__init__()
        self._keep(dim=dim)

    def forward(self, x: Tensor) -> Tensor:
        """Apply."""
        check_floating(self, x)
        return functional.log_softmax(x, _implied(self.dim, x))


def _implied(dim: int | None, x: Tensor) -> int:
    return dim if dim is not None else 0 if x.ndim in (0, 1, 3) else 1


class Softplus(_Activation):
    """`log(1 + exp(beta * x)) / beta`, and `x` where `beta * x` is above `threshold`."""

    def __init__(self, beta: float = 1.0, threshold: float = 20.0) -> None:
        super().__init__()
        self._keep(beta=beta, threshold=threshold)

    def forward(self, x: Tensor) -> Tensor:
        """Apply."""
        return functional.softplus(x, self.beta, self.threshold)


class LogSigmoid(_Activation):
    """Logarithm of the sigmoid."""

    def forward(self, x: Tensor) -> Tensor:
        """Apply."""
        return functional.logsigmoid(x)


class Softsign(_Activation):
    """`x / (1 + |x|)`."""

    def forward(self, x: Tensor) -> Tensor:
        """Apply; the magnitude is taken as the larger of `x` and `-x`, whose gradient at 0 cancels."""
        return x / (F.maximum(x, -x) + 1.0)
