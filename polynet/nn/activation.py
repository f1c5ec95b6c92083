"""Activations: functions of each element by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from polynet.nn.module import Module
from polynet.nn.rules import activation as activation_rules
from polynet.types import Tensor


class ReLU(Module, native="ReLU", rule=activation_rules.in_place):
    """`max(input, 0)`.

    Args:
        inplace: Overwrite the input, where the framework can. Default `False`.

    Shapes:
        Any, unchanged.

    Source:
        Nair and Hinton, "Rectified Linear Units Improve Restricted Boltzmann Machines", 2010.

    Example:
        >>> nn.ReLU()(ops.tensor([-1.0, 2.0])).tolist()
        [0.0, 2.0]
    """

    if TYPE_CHECKING:

        def __init__(self, inplace: bool = False) -> None: ...


class ReLU6(Module, native="ReLU6", rule=activation_rules.in_place):
    """`min(max(input, 0), 6)`.

    Args:
        inplace: Overwrite the input, where the framework can. Default `False`.

    Shapes:
        Any, unchanged.

    Source:
        Howard et al., "MobileNets", arXiv:1704.04861.

    Example:
        >>> nn.ReLU6()(ops.tensor([-1.0, 8.0])).tolist()
        [0.0, 6.0]
    """

    if TYPE_CHECKING:

        def __init__(self, inplace: bool = False) -> None: ...


class LeakyReLU(Module, native="LeakyReLU", rule=activation_rules.leaky_relu):
    """The input where it is positive, and a small multiple of it elsewhere.

    Args:
        negative_slope: The multiple. Default 0.01.
        inplace: Overwrite the input, where the framework can. Default `False`.

    Shapes:
        Any, unchanged.

    Source:
        Maas et al., "Rectifier Nonlinearities Improve Neural Network Acoustic Models", 2013.

    Example:
        >>> nn.LeakyReLU(0.5)(ops.tensor([-1.0, 2.0])).tolist()
        [-0.5, 2.0]
    """

    if TYPE_CHECKING:

        def __init__(self, negative_slope: float = 0.01, inplace: bool = False) -> None: ...


class PReLU(Module, native="PReLU", rule=activation_rules.prelu):
    """The input where it is positive, and a trained multiple of it elsewhere. The weight is `(num_parameters,)`.

    Args:
        num_parameters: One multiple for all channels, or as many as there are channels. Default 1.
        init: The multiples' initial value. Default 0.25.

    Shapes:
        `(N, C, ...)`, unchanged.

    Source:
        He et al., "Delving Deep into Rectifiers", arXiv:1502.01852.

    Example:
        >>> nn.PReLU(init=0.5)(ops.tensor([-1.0, 2.0])).tolist()
        [-0.5, 2.0]
    """

    if TYPE_CHECKING:
        weight: Tensor

        def __init__(self, num_parameters: int = 1, init: float = 0.25) -> None: ...


class ELU(Module, native="ELU", rule=activation_rules.elu):
    """The input where it is positive, and `alpha * (exp(input) - 1)` elsewhere.

    Args:
        alpha: Minus the limit for very negative input. Default 1.
        inplace: Overwrite the input, where the framework can. Default `False`.

    Shapes:
        Any, unchanged.

    Source:
        Clevert et al., "Fast and Accurate Deep Network Learning by Exponential Linear Units", arXiv:1511.07289.

    Example:
        >>> round(nn.ELU()(ops.tensor([-1.0])).tolist()[0], 4)
        -0.6321
    """

    if TYPE_CHECKING:

        def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None: ...


class SELU(Module, native="SELU", rule=activation_rules.in_place):
    """`ELU` with the two constants under which activations keep mean 0 and variance 1.

    Args:
        inplace: Overwrite the input, where the framework can. Default `False`.

    Shapes:
        Any, unchanged.

    Source:
        Klambauer et al., "Self-Normalizing Neural Networks", arXiv:1706.02515.

    Example:
        >>> round(nn.SELU()(ops.tensor([1.0])).tolist()[0], 4)
        1.0507
    """

    if TYPE_CHECKING:

        def __init__(self, inplace: bool = False) -> None: ...


class GELU(Module, native="GELU", rule=activation_rules.gelu):
    """The input times the normal distribution function of it.

    Args:
        approximate: `"none"` (exact) or `"tanh"` (the approximation in the paper). Default `"none"`.

    Shapes:
        Any, unchanged.

    Source:
        Hendrycks and Gimpel, "Gaussian Error Linear Units", arXiv:1606.08415.

    Example:
        >>> round(nn.GELU()(ops.tensor([1.0])).tolist()[0], 4)
        0.8413
    """

    if TYPE_CHECKING:

        def __init__(self, approximate: str = "none") -> None: ...


class SiLU(Module, native="SiLU", rule=activation_rules.in_place):
    """`input * sigmoid(input)`, also known as Swish.

    Args:
        inplace: Overwrite the input, where the framework can. Default `False`.

    Shapes:
        Any, unchanged.

    Source:
        Ramachandran et al., "Searching for Activation Functions", arXiv:1710.05941.

    Example:
        >>> round(nn.SiLU()(ops.tensor([1.0])).tolist()[0], 4)
        0.7311
    """

    if TYPE_CHECKING:

        def __init__(self, inplace: bool = False) -> None: ...


class Mish(Module, native="Mish", rule=activation_rules.in_place):
    """`input * tanh(softplus(input))`.

    Args:
        inplace: Overwrite the input, where the framework can. Default `False`.

    Shapes:
        Any, unchanged.

    Source:
        Misra, "Mish: A Self Regularized Non-Monotonic Activation Function", arXiv:1908.08681.

    Example:
        >>> round(nn.Mish()(ops.tensor([1.0])).tolist()[0], 4)
        0.8651
    """

    if TYPE_CHECKING:

        def __init__(self, inplace: bool = False) -> None: ...


class Hardswish(Module, native="Hardswish", rule=activation_rules.in_place):
    """`input * relu6(input + 3) / 6`.

    Args:
        inplace: Overwrite the input, where the framework can. Default `False`.

    Shapes:
        Any, unchanged.

    Source:
        Howard et al., "Searching for MobileNetV3", arXiv:1905.02244.

    Example:
        >>> nn.Hardswish()(ops.tensor([0.0, 1.5, 4.0])).tolist()
        [0.0, 1.125, 4.0]
    """

    if TYPE_CHECKING:

        def __init__(self, inplace: bool = False) -> None: ...


class Hardsigmoid(Module, native="Hardsigmoid", rule=activation_rules.in_place):
    """`relu6(input + 3) / 6`.

    Args:
        inplace: Overwrite the input, where the framework can. Default `False`.

    Shapes:
        Any, unchanged.

    Source:
        Howard et al., "Searching for MobileNetV3", arXiv:1905.02244.

    Example:
        >>> nn.Hardsigmoid()(ops.tensor([-4.0, 0.0, 4.0])).tolist()
        [0.0, 0.5, 1.0]
    """

    if TYPE_CHECKING:

        def __init__(self, inplace: bool = False) -> None: ...


class Hardtanh(Module, native="Hardtanh", rule=activation_rules.hardtanh):
    """The input, cut off below and above.

    Args:
        min_val: Lower bound. Default -1.
        max_val: Upper bound. Default 1.
        inplace: Overwrite the input, where the framework can. Default `False`.

    Shapes:
        Any, unchanged.

    Source:
        `torch.nn.Hardtanh`.

    Example:
        >>> nn.Hardtanh()(ops.tensor([-2.0, 0.5])).tolist()
        [-1.0, 0.5]
    """

    if TYPE_CHECKING:

        def __init__(self, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> None: ...


class Sigmoid(Module, native="Sigmoid", rule=activation_rules.plain):
    """`1 / (1 + exp(-input))`.

    Shapes:
        Any, unchanged.

    Source:
        `torch.nn.Sigmoid`.

    Example:
        >>> nn.Sigmoid()(ops.tensor([0.0])).tolist()
        [0.5]
    """

    if TYPE_CHECKING:

        def __init__(self) -> None: ...


class Tanh(Module, native="Tanh", rule=activation_rules.plain):
    """The hyperbolic tangent.

    Shapes:
        Any, unchanged.

    Source:
        `torch.nn.Tanh`.

    Example:
        >>> nn.Tanh()(ops.tensor([0.0])).tolist()
        [0.0]
    """

    if TYPE_CHECKING:

        def __init__(self) -> None: ...


class Softplus(Module, native="Softplus", rule=activation_rules.softplus):
    """`log(1 + exp(beta * input)) / beta`, and the input itself where `beta * input` is above the threshold.

    Args:
        beta: How sharply it bends. Default 1.
        threshold: Where it turns linear. Default 20.

    Shapes:
        Any, unchanged.

    Source:
        Dugas et al., "Incorporating Second-Order Functional Knowledge for Better Option Pricing", 2000.

    Example:
        >>> round(nn.Softplus()(ops.tensor([0.0])).tolist()[0], 4)
        0.6931
    """

    if TYPE_CHECKING:

        def __init__(self, beta: float = 1.0, threshold: float = 20.0) -> None: ...


class Softsign(Module, native="Softsign", rule=activation_rules.plain):
    """`input / (1 + abs(input))`.

    Shapes:
        Any, unchanged.

    Source:
        `torch.nn.Softsign`.

    Example:
        >>> nn.Softsign()(ops.tensor([-1.0, 1.0])).tolist()
        [-0.5, 0.5]
    """

    if TYPE_CHECKING:

        def __init__(self) -> None: ...


class LogSigmoid(Module, native="LogSigmoid", rule=activation_rules.plain):
    """`log(sigmoid(input))`, computed without overflow.

    Shapes:
        Any, unchanged.

    Source:
        `torch.nn.LogSigmoid`.

    Example:
        >>> round(nn.LogSigmoid()(ops.tensor([0.0])).tolist()[0], 4)
        -0.6931
    """

    if TYPE_CHECKING:

        def __init__(self) -> None: ...
