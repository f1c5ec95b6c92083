"""Activation functions with torch's values and subgradients on MegEngine tensors."""

from __future__ import annotations

import math

import megengine.functional as F

from polynet.errors import InputError
from polynet.ops.checks import check_dim, check_option, check_probability
from polynet.types import Tensor
from polynet_megengine.half_precision import HALF
from polynet_megengine.ops._tensors import for_reduction, shape_of
from polynet_megengine.rectifier import relu as relu

relu6 = F.relu6
silu = F.silu
sigmoid = F.sigmoid
tanh = F.tanh
hardsigmoid = F.hsigmoid
logsigmoid = F.logsigmoid


def leaky_relu(input: Tensor, negative_slope: float = 0.01) -> Tensor:
    """`input` where positive, `negative_slope * input` elsewhere; the gradient at 0 is the slope, natively it is 1."""
    scaled = input * float(negative_slope)
    # A tie, at 0, gives its gradient to the first operand.
    return F.maximum(scaled, input) if negative_slope <= 1 else F.minimum(scaled, input)


def prelu(input: Tensor, weight: Tensor) -> Tensor:
    """Leaky ReLU with a learnt slope for all elements or for each channel (dimension 1)."""
    slopes = math.prod(shape_of(weight))
    if slopes != 1:
        if input.ndim < 2 or shape_of(input)[1] != slopes:
            message = f"prelu: {slopes} slopes do not fit the channels of an input of shape {shape_of(input)}."
            raise InputError(message)
        if weight.ndim > 1:
            message = f"prelu: the slopes must be a vector, not of shape {shape_of(weight)}."
            raise InputError(message)
        weight = F.reshape(weight, (1, slopes, *(1,) * (input.ndim - 2)))
    # `minimum` gives a tie's gradient to its first operand, so the gradient at 0 is the slope, as in torch.
    return F.relu(input) + weight * F.minimum(input, 0.0)


def elu(input: Tensor, alpha: float = 1.0) -> Tensor:
    """`input` where positive, `alpha * (exp(input) - 1)` elsewhere."""
    return F.relu(input) + F.expm1(F.minimum(input, 0.0)) * float(alpha)


def gelu(input: Tensor, approximate: str = "none") -> Tensor:
    """`input` times the normal distribution function of it, exactly or approximated by a hyperbolic tangent."""
    if approximate == "none":
        return F.gelu(input)
    check_option("gelu", "approximate", approximate, ("none", "tanh"))
    inner = (input + input * input * input * 0.044715) * math.sqrt(2.0 / math.pi)
    return input * 0.5 * (F.tanh(inner) + 1.0)


def mish(input: Tensor) -> Tensor:
    """`input * tanh(softplus(input))`."""
    return input * F.tanh(F.softplus(input))


def hardswish(input: Tensor) -> Tensor:
    """`input * relu6(input + 3) / 6`; composed, for the native gradient differs from torch's at -3 and 3."""
    return input * F.relu6(input + 3.0) * (1.0 / 6.0)


def softmax(input: Tensor, dim: int) -> Tensor:
    """Exponentials over their sum along a dimension."""
    axis = check_dim("softmax", dim, input.ndim)
    if not input.ndim:
        return input * 0.0 + 1.0
    if input.dtype == HALF:
        # The gradient of a quotient is refused in float16.
        return softmax(input.astype("float32"), dim).astype(HALF)
    # Natively the softmax of a row with nothing above -88 is not a number; composed, it is right and no slower.
    input = for_reduction(input, (axis,))
    exponentials = F.exp(input - F.max(input.detach(), axis=axis, keepdims=True))
    return exponentials / F.sum(exponentials, axis=axis, keepdims=True)


def log_softmax(input: Tensor, dim: int) -> Tensor:
    """Logarithm of the softmax, without overflow or cancellation."""
    axis = check_dim("log_softmax", dim, input.ndim)
    if not input.ndim or 0 in input._tuple_shape:
        return input * 0.0
    input = for_reduction(input, (axis,))
    shifted = input - F.max(input.detach(), axis=axis, keepdims=True)
    return shifted - F.log(F.sum(F.exp(shifted), axis=axis, keepdims=True))


def softplus(input: Tensor, beta: float = 1.0, threshold: float = 20.0) -> Tensor:
    """`log(1 + exp(beta * input)) / beta`, and `input` itself where `beta * input` is above `threshold`."""
    scaled = input if beta == 1 else input * float(beta)
    smooth = F.softplus(scaled) if beta == 1 else F.softplus(scaled) * (1.0 / beta)
    # From 20 on the two are equal in float32, so a threshold there needs no work.
    return smooth if threshold >= 20 else F.where(scaled > float(threshold), input, smooth)


def dropout(input: Tensor, p: float = 0.5, training: bool = True) -> Tensor:
    """Zero elements with probability `p` and scale the others by `1 / (1 - p)`."""
    check_probability("dropout", p)
    if not training or p == 0:
        return input
    return F.dropout(input, float(p)) if p < 1 else input * 0.0
