"""Activation functions, the softmax family, and dropout: the same shape."""

from __future__ import annotations

from polynet.errors import InputError, OptionError
from polynet_shapes import dtypes
from polynet_shapes.rules import as_axis, check_numbers
from polynet_shapes.tensor import ShapeTensor, elementwise

__all__ = [
    "drop_path",
    "dropout",
    "elu",
    "gelu",
    "hardsigmoid",
    "hardswish",
    "leaky_relu",
    "log_softmax",
    "logsigmoid",
    "mish",
    "prelu",
    "relu",
    "relu6",
    "sigmoid",
    "silu",
    "softmax",
    "softplus",
    "tanh",
]


def _fractional(name: str, input: ShapeTensor) -> ShapeTensor:
    dtypes.check_floating(name, input.dtype)
    return input.like(input.shape)


def relu(input: ShapeTensor) -> ShapeTensor:
    """Of whole numbers too."""
    return input.like(input.shape)


def relu6(input: ShapeTensor) -> ShapeTensor:
    """Of whole numbers too."""
    return input.like(input.shape)


def leaky_relu(input: ShapeTensor, negative_slope: float = 0.01) -> ShapeTensor:
    """Floating point."""
    check_numbers("leaky_relu", negative_slope=negative_slope)
    return _fractional("leaky_relu", input)


def prelu(input: ShapeTensor, weight: ShapeTensor) -> ShapeTensor:
    """Floating point; one slope, or one for each channel."""
    channels = input.shape[1] if input.ndim > 1 else 1
    if weight.elements not in (1, channels) or weight.ndim > 1:
        message = f"prelu needs 1 or {channels} slopes for {list(input.shape)}, and was given {list(weight.shape)}."
        raise InputError(message)
    return _fractional("prelu", input)


def elu(input: ShapeTensor, alpha: float = 1.0) -> ShapeTensor:
    """Floating point."""
    check_numbers("elu", alpha=alpha)
    return _fractional("elu", input)


def gelu(input: ShapeTensor, approximate: str = "none") -> ShapeTensor:
    """Floating point."""
    return _fractional("gelu", input)


def silu(input: ShapeTensor) -> ShapeTensor:
    """Floating point."""
    return _fractional("silu", input)


def mish(input: ShapeTensor) -> ShapeTensor:
    """Floating point."""
    return _fractional("mish", input)


def hardswish(input: ShapeTensor) -> ShapeTensor:
    """Floating point."""
    return _fractional("hardswish", input)


def hardsigmoid(input: ShapeTensor) -> ShapeTensor:
    """Floating point."""
    return _fractional("hardsigmoid", input)


def sigmoid(input: ShapeTensor) -> ShapeTensor:
    """Whole numbers become float32."""
    return elementwise("sigmoid", input, result=dtypes.floating)


def tanh(input: ShapeTensor) -> ShapeTensor:
    """Whole numbers become float32."""
    return elementwise("tanh", input, result=dtypes.floating)


def softmax(input: ShapeTensor, dim: int) -> ShapeTensor:
    """Floating point, with such an axis."""
    as_axis(dim, input.ndim, "softmax")
    return _fractional("softmax", input)


def log_softmax(input: ShapeTensor, dim: int) -> ShapeTensor:
    """Floating point, with such an axis."""
    as_axis(dim, input.ndim, "log_softmax")
    return _fractional("log_softmax", input)


def softplus(input: ShapeTensor, beta: float = 1.0, threshold: float = 20.0) -> ShapeTensor:
    """Floating point."""
    check_numbers("softplus", beta=beta, threshold=threshold)
    return _fractional("softplus", input)


def logsigmoid(input: ShapeTensor) -> ShapeTensor:
    """Floating point."""
    return _fractional("logsigmoid", input)


def dropout(input: ShapeTensor, p: float = 0.5, training: bool = True) -> ShapeTensor:
    """The same shape, for a probability in [0, 1]."""
    check_numbers("dropout", p=p)
    if not 0.0 <= p <= 1.0:
        message = f"dropout: p is a probability in [0, 1], not {p!r}."
        raise OptionError(message)
    return input.like(input.shape)


def drop_path(
    input: ShapeTensor, p: float = 0.0, training: bool = True, *, scale_by_keep: bool = True, generator: object = None
) -> ShapeTensor:
    """The same shape, for a probability in [0, 1]."""
    return dropout(input, p, training)
