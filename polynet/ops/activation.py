"""Activation functions, the softmax family, and dropout."""

from __future__ import annotations

from polynet.ops.arguments import namespace_of_all
from polynet.ops.checks import check_option, check_probability
from polynet.ops.dispatch import namespace_of
from polynet.ops.explain import explained
from polynet.ops.generator import Generator
from polynet.ops.random import rand
from polynet.types import Tensor

GELU_FORMS = ("none", "tanh")


@explained
def relu(input: Tensor) -> Tensor:
    """Return `max(input, 0)`; its gradient at 0 is 0.

    Example:
        >>> ops.relu(ops.tensor([-1.0, 2.0])).tolist()
        [0.0, 2.0]
    """
    return namespace_of(input).relu(input)


@explained
def relu6(input: Tensor) -> Tensor:
    """Return `min(max(input, 0), 6)`; its gradient at 0 and 6 is 0.

    Example:
        >>> ops.relu6(ops.tensor([-1.0, 2.0, 8.0])).tolist()
        [0.0, 2.0, 6.0]
    """
    return namespace_of(input).relu6(input)


@explained
def leaky_relu(input: Tensor, negative_slope: float = 0.01) -> Tensor:
    """Return `input` where positive, and `negative_slope * input` elsewhere; its gradient at 0 is the slope.

    Example:
        >>> ops.leaky_relu(ops.tensor([-2.0, 2.0]), 0.5).tolist()
        [-1.0, 2.0]
    """
    return namespace_of(input).leaky_relu(input, negative_slope)


@explained
def prelu(input: Tensor, weight: Tensor) -> Tensor:
    """Return `leaky_relu` with learnt slopes; He et al. 2015.

    Args:
        input: Any shape.
        weight: `(1,)`, or one slope for each channel, which is axis 1 (or the only axis).

    Example:
        >>> ops.prelu(ops.tensor([-2.0, 2.0]), ops.tensor([0.25])).tolist()
        [-0.5, 2.0]
    """
    return namespace_of_all(input, weight).prelu(input, weight)


@explained
def elu(input: Tensor, alpha: float = 1.0) -> Tensor:
    """Return `input` where positive, and `alpha * (exp(input) - 1)` elsewhere; Clevert et al. 2016.

    Example:
        >>> ops.elu(ops.tensor([0.0, 2.0])).tolist()
        [0.0, 2.0]
    """
    return namespace_of(input).elu(input, alpha)


@explained
def gelu(input: Tensor, approximate: str = "none") -> Tensor:
    """Return `input * Φ(input)`, Φ being the normal distribution's; Hendrycks and Gimpel 2016.

    Args:
        input: Any shape.
        approximate: `"none"`, the default, for the exact form; `"tanh"` for the approximation by tanh.

    Raises:
        OptionError: `approximate` is neither.

    Example:
        >>> round(ops.gelu(ops.tensor([1.0])).tolist()[0], 4)
        0.8413
    """
    if approximate != "none":
        check_option("gelu", "approximate", approximate, GELU_FORMS)
    return namespace_of(input).gelu(input, approximate=approximate)


@explained
def silu(input: Tensor) -> Tensor:
    """Return `input * sigmoid(input)`, also known as Swish.

    Example:
        >>> round(ops.silu(ops.tensor([1.0])).tolist()[0], 4)
        0.7311
    """
    return namespace_of(input).silu(input)


@explained
def mish(input: Tensor) -> Tensor:
    """Return `input * tanh(softplus(input))`; Misra 2019.

    Example:
        >>> round(ops.mish(ops.tensor([1.0])).tolist()[0], 4)
        0.8651
    """
    return namespace_of(input).mish(input)


@explained
def hardswish(input: Tensor) -> Tensor:
    """Return `input * relu6(input + 3) / 6`; Howard et al. 2019.

    Example:
        >>> ops.hardswish(ops.tensor([0.0, 3.0, 4.0])).tolist()
        [0.0, 3.0, 4.0]
    """
    return namespace_of(input).hardswish(input)


@explained
def hardsigmoid(input: Tensor) -> Tensor:
    """Return `relu6(input + 3) / 6`; Howard et al. 2019.

    Example:
        >>> ops.hardsigmoid(ops.tensor([-4.0, 0.0, 4.0])).tolist()
        [0.0, 0.5, 1.0]
    """
    return namespace_of(input).hardsigmoid(input)


@explained
def sigmoid(input: Tensor) -> Tensor:
    """Return `1 / (1 + exp(-input))`.

    Example:
        >>> ops.sigmoid(ops.tensor([0.0])).tolist()
        [0.5]
    """
    return namespace_of(input).sigmoid(input)


@explained
def tanh(input: Tensor) -> Tensor:
    """Return the hyperbolic tangent.

    Example:
        >>> ops.tanh(ops.tensor([0.0])).tolist()
        [0.0]
    """
    return namespace_of(input).tanh(input)


@explained
def softmax(input: Tensor, dim: int) -> Tensor:
    """Return `exp(input)` over its sum along an axis.

    Example:
        >>> ops.softmax(ops.tensor([[0.0, 0.0]]), dim=1).tolist()
        [[0.5, 0.5]]
    """
    return namespace_of(input).softmax(input, dim)


@explained
def log_softmax(input: Tensor, dim: int) -> Tensor:
    """Return the logarithm of `softmax`, computed without overflow.

    Example:
        >>> round(ops.log_softmax(ops.tensor([[0.0, 0.0]]), dim=1).tolist()[0][0], 4)
        -0.6931
    """
    return namespace_of(input).log_softmax(input, dim)


@explained
def softplus(input: Tensor, beta: float = 1.0, threshold: float = 20.0) -> Tensor:
    """Return `log(1 + exp(beta * input)) / beta`, and `input` itself where `beta * input` is above `threshold`.

    Example:
        >>> round(ops.softplus(ops.tensor([0.0])).tolist()[0], 4)
        0.6931
    """
    return namespace_of(input).softplus(input, beta, threshold)


@explained
def logsigmoid(input: Tensor) -> Tensor:
    """Return `log(sigmoid(input))`, computed without overflow.

    Example:
        >>> round(ops.logsigmoid(ops.tensor([0.0])).tolist()[0], 4)
        -0.6931
    """
    return namespace_of(input).logsigmoid(input)


@explained
def dropout(input: Tensor, p: float = 0.5, training: bool = True) -> Tensor:
    """Return `input` with each element 0 with probability `p`, and over `1 - p` otherwise; Srivastava et al. 2014.

    Args:
        input: Any shape.
        p: Probability of dropping an element.
        training: `False` returns `input` as it is. The numbers are the framework's own: they differ between two.

    Example:
        >>> ops.dropout(ops.tensor([1.0, 2.0]), training=False).tolist()
        [1.0, 2.0]
    """
    return namespace_of(input).dropout(input, p, training)


@explained
def drop_path(
    input: Tensor,
    p: float = 0.0,
    training: bool = True,
    *,
    scale_by_keep: bool = True,
    generator: Generator | None = None,
) -> Tensor:
    """Return `input` with each sample (axis 0) 0 with probability `p`: stochastic depth, Huang et al. 2016.

    Args:
        input: `(N, ...)`.
        p: Probability of dropping a sample.
        training: `False` returns `input` as it is.
        scale_by_keep: Divide the samples kept by `1 - p`, so that the mean stays.
        generator: Where the numbers come from; the framework's own by default, which differ between two.

    Raises:
        OptionError: `p` is not in [0, 1].

    Example:
        >>> ops.drop_path(ops.ones((2, 1)), 1.0).tolist(), ops.drop_path(ops.ones((2, 1)), 0.5, training=False).tolist()
        ([[0.0], [0.0]], [[1.0], [1.0]])
    """
    if not training or p == 0.0:
        return input
    check_probability("drop_path", p)
    keep = 1.0 - p
    one_for_each = (input.shape[0],) + (1,) * (input.ndim - 1)
    kept = namespace_of(input).cast(rand(one_for_each, generator=generator, like=input) < keep, input.dtype)
    if scale_by_keep and keep > 0.0:
        kept = kept / keep
    return input * kept
