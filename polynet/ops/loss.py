"""Loss functions. `reduction` is `"mean"` (the default), `"sum"` or `"none"` throughout."""

from __future__ import annotations

from polynet.ops.arguments import namespace_of_all
from polynet.ops.checks import check_option
from polynet.ops.explain import explained
from polynet.types import Tensor

REDUCTIONS = ("none", "mean", "sum")
KL_REDUCTIONS = ("none", "mean", "sum", "batchmean")


@explained
def cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    *,
    ignore_index: int = -100,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Tensor:
    """Return the cross entropy between logits and classes, or distributions over classes.

    Args:
        input: Logits, `(C,)`, `(N, C)` or `(N, C, ...)`.
        target: Classes, `()`, `(N,)` or `(N, ...)`; or probabilities, of the shape and dtype of `input`.
        weight: `(C,)` weights of the classes, or none. A mean over classes is then a weighted mean.
        ignore_index: A class that counts for nothing.
        reduction: How to reduce.
        label_smoothing: How much of each target is spread evenly over all classes, in [0, 1].

    Raises:
        OptionError: There is no such reduction.

    Example:
        >>> round(ops.cross_entropy(ops.tensor([[0.0, 0.0]]), ops.tensor([1])).tolist(), 4)
        0.6931
    """
    _check_reduction("cross_entropy", reduction)
    return namespace_of_all(input, target, weight).cross_entropy(
        input, target, weight, ignore_index=ignore_index, reduction=reduction, label_smoothing=label_smoothing
    )


@explained
def nll_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    *,
    ignore_index: int = -100,
    reduction: str = "mean",
) -> Tensor:
    """Return minus the log-probability of each class, as `cross_entropy` after `log_softmax`.

    Args:
        input: Log-probabilities, `(C,)`, `(N, C)` or `(N, C, ...)`.
        target: Classes, `()`, `(N,)` or `(N, ...)`.
        weight: `(C,)` weights of the classes, or none.
        ignore_index: A class that counts for nothing.
        reduction: How to reduce.

    Raises:
        OptionError: There is no such reduction.

    Example:
        >>> ops.nll_loss(ops.tensor([[-1.0, -2.0]]), ops.tensor([1])).tolist()
        2.0
    """
    _check_reduction("nll_loss", reduction)
    return namespace_of_all(input, target, weight).nll_loss(
        input, target, weight, ignore_index=ignore_index, reduction=reduction
    )


@explained
def binary_cross_entropy_with_logits(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    *,
    reduction: str = "mean",
    pos_weight: Tensor | None = None,
) -> Tensor:
    """Return the binary cross entropy between `sigmoid(input)` and targets in [0, 1], without overflow.

    Args:
        input: Logits, any shape.
        target: Same shape, floating point.
        weight: Weights that broadcast to that shape, or none.
        reduction: How to reduce.
        pos_weight: Weights of the positive part, which broadcast to that shape, or none.

    Raises:
        OptionError: There is no such reduction.

    Example:
        >>> round(ops.binary_cross_entropy_with_logits(ops.tensor([0.0]), ops.tensor([1.0])).tolist(), 4)
        0.6931
    """
    _check_reduction("binary_cross_entropy_with_logits", reduction)
    return namespace_of_all(input, target, weight, pos_weight).binary_cross_entropy_with_logits(
        input, target, weight, reduction=reduction, pos_weight=pos_weight
    )


@explained
def mse_loss(input: Tensor, target: Tensor, *, reduction: str = "mean") -> Tensor:
    """Return the squared differences.

    Example:
        >>> ops.mse_loss(ops.tensor([1.0, 3.0]), ops.tensor([1.0, 1.0])).tolist()
        2.0
    """
    _check_reduction("mse_loss", reduction)
    return namespace_of_all(input, target).mse_loss(input, target, reduction=reduction)


@explained
def l1_loss(input: Tensor, target: Tensor, *, reduction: str = "mean") -> Tensor:
    """Return the absolute differences; the gradient at 0 is 0.

    Example:
        >>> ops.l1_loss(ops.tensor([1.0, 3.0]), ops.tensor([1.0, 1.0])).tolist()
        1.0
    """
    _check_reduction("l1_loss", reduction)
    return namespace_of_all(input, target).l1_loss(input, target, reduction=reduction)


@explained
def smooth_l1_loss(input: Tensor, target: Tensor, *, reduction: str = "mean", beta: float = 1.0) -> Tensor:
    """Return `d ** 2 / (2 * beta)` of differences `d` below `beta`, and `abs(d) - beta / 2` above; Girshick 2015.

    Example:
        >>> ops.smooth_l1_loss(ops.tensor([0.5, 3.0]), ops.tensor([0.0, 0.0]), reduction="none").tolist()
        [0.125, 2.5]
    """
    _check_reduction("smooth_l1_loss", reduction)
    return namespace_of_all(input, target).smooth_l1_loss(input, target, reduction=reduction, beta=beta)


@explained
def kl_div(input: Tensor, target: Tensor, *, reduction: str = "mean", log_target: bool = False) -> Tensor:
    """Return the Kullback-Leibler divergence `target * (log(target) - input)`.

    Args:
        input: Log-probabilities, any shape.
        target: Probabilities, same shape; log-probabilities with `log_target`.
        reduction: Also `"batchmean"`: the sum over the length of axis 0, which is what the definition says. `"mean"`
            is over all elements.
        log_target: Whether `target` is in logarithms.

    Raises:
        OptionError: There is no such reduction.

    Example:
        >>> round(ops.kl_div(ops.tensor([[-1.0]]), ops.tensor([[1.0]]), reduction="batchmean").tolist(), 4)
        1.0
    """
    check_option("kl_div", "reduction", reduction, KL_REDUCTIONS)
    return namespace_of_all(input, target).kl_div(input, target, reduction=reduction, log_target=log_target)


def _check_reduction(operation: str, reduction: str) -> None:
    if reduction != "mean":
        check_option(operation, "reduction", reduction, REDUCTIONS)
