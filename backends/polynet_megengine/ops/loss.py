"""Losses with torch's semantics on MegEngine tensors; labels are checked, for MegEngine reads beyond the end."""

from __future__ import annotations

import megengine.functional as F

from polynet.errors import InputError, OptionError
from polynet.ops.checks import check_option
from polynet.types import Tensor
from polynet_megengine.ops._indices import as_index, check_range, take_one
from polynet_megengine.ops._tensors import aligned, integral_as_float, is_floating, shape_of
from polynet_megengine.ops.activation import log_softmax
from polynet_megengine.ops.arithmetic import abs as absolute

REDUCTIONS = ("none", "mean", "sum")


def _reduced(losses: Tensor, reduction: str) -> Tensor:
    check_option("loss", "reduction", reduction, REDUCTIONS)
    if reduction == "mean":
        return F.mean(losses)
    return F.sum(losses) if reduction == "sum" else losses


def cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    *,
    ignore_index: int = -100,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Tensor:
    """Cross entropy of logits `(N, C, *)` with class indices `(N, *)` or probabilities `(N, C, *)`."""
    check_option("cross_entropy", "reduction", reduction, REDUCTIONS)
    if not 0.0 <= label_smoothing <= 1.0:
        message = f"cross_entropy: label_smoothing={label_smoothing} must lie between 0 and 1."
        raise OptionError(message)
    axis = 0 if input.ndim == 1 else 1
    _check_classes("cross_entropy", input, weight)
    if shape_of(input) == shape_of(target) and is_floating(target):
        return _with_probabilities(log_softmax(input, axis), target, weight, reduction, label_smoothing, axis)
    logs = log_softmax(input, axis)
    losses, weights = _picked("cross_entropy", logs, target, weight, ignore_index)
    result = _weighted(losses, weights, reduction)
    if label_smoothing == 0:
        return result
    spread = logs if weight is None else logs * _along_classes(weight, logs)
    counted = F.reshape(as_index(target, "cross_entropy: the target") != ignore_index, shape_of(losses))
    smooth = F.sum(spread, axis=axis) * -1.0
    smooth = _weighted(F.reshape(smooth, shape_of(losses)) * counted.astype(smooth.dtype), weights, reduction)
    return result * (1.0 - label_smoothing) + smooth * (label_smoothing / shape_of(input)[axis])


def nll_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    *,
    ignore_index: int = -100,
    reduction: str = "mean",
) -> Tensor:
    """Negative log likelihood: minus the log probabilities `(N, C, *)` of the classes `(N, *)`."""
    check_option("nll_loss", "reduction", reduction, REDUCTIONS)
    _check_classes("nll_loss", input, weight)
    losses, weights = _picked("nll_loss", input, target, weight, ignore_index)
    return _weighted(losses, weights, reduction)


def _check_classes(operation: str, input: Tensor, weight: Tensor | None) -> None:
    shape = shape_of(input)
    if not shape:
        message = f"{operation} needs an input shaped (N, C, *) or (C,), not a single number."
        raise InputError(message)
    classes = shape[0 if len(shape) == 1 else 1]
    if weight is not None and shape_of(weight) != (classes,):
        message = f"{operation}: weight of shape {shape_of(weight)} does not fit {classes} classes."
        raise InputError(message)


def _along_classes(weight: Tensor, logs: Tensor) -> Tensor:
    return weight if logs.ndim == 1 else F.reshape(weight, (1, -1, *(1,) * (logs.ndim - 2)))


def _picked(
    operation: str, logs: Tensor, target: Tensor, weight: Tensor | None, ignore_index: int
) -> tuple[Tensor, Tensor | None]:
    """Weighted loss of every label, and its weight: 0 where the label is ignored; `None` where each counts fully."""
    shape, labels = shape_of(logs), shape_of(target)
    expected = () if len(shape) == 1 else (shape[0], *shape[2:])
    if labels != expected:
        message = f"{operation}: an input of shape {shape} needs labels of shape {expected}; they have {labels}."
        raise InputError(message)
    target = as_index(target, f"{operation}: the target")
    if len(shape) == 1:
        logs, target = F.expand_dims(logs, 0), F.reshape(target, (1,))
    classes = shape_of(logs)[1]
    has_ignored = check_range(target, classes, f"{operation}: the target", ignored=ignore_index)
    if weight is None and not has_ignored:
        every = F.squeeze(take_one(logs, F.expand_dims(target, 1), 1), 1) * -1.0
        return F.reshape(every, ()) if len(shape) == 1 else every, None
    counted = target != ignore_index
    safe = target * counted.astype("int32")
    chosen = F.squeeze(take_one(logs, F.expand_dims(safe, 1), 1), 1)
    weights = counted.astype(logs.dtype)
    if weight is not None:
        weights = weights * F.reshape(weight[F.reshape(safe, (-1,))], shape_of(safe))
    # Selected, not multiplied: an ignored label's own loss may be infinite.
    losses = F.where(counted, chosen * weights, F.zeros_like(chosen)) * -1.0
    if len(shape) == 1:
        losses, weights = F.reshape(losses, ()), F.reshape(weights, ())
    return losses, weights


def _weighted(losses: Tensor, weights: Tensor | None, reduction: str) -> Tensor:
    if reduction == "mean" and weights is not None:
        return F.sum(losses) / F.sum(weights)
    return _reduced(losses, reduction)


def _with_probabilities(
    logs: Tensor, target: Tensor, weight: Tensor | None, reduction: str, label_smoothing: float, axis: int
) -> Tensor:
    classes = shape_of(logs)[axis]
    if label_smoothing > 0:
        target = target * (1.0 - label_smoothing) + label_smoothing / classes
    products = logs * target
    if weight is not None:
        products = products * _along_classes(weight, logs)
    return _reduced(F.sum(products, axis=axis) * -1.0, reduction)


def binary_cross_entropy_with_logits(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    *,
    reduction: str = "mean",
    pos_weight: Tensor | None = None,
) -> Tensor:
    """Binary cross entropy of logits with probabilities of their shape, without overflow."""
    check_option("binary_cross_entropy_with_logits", "reduction", reduction, REDUCTIONS)
    if shape_of(input) != shape_of(target):
        message = (
            f"binary_cross_entropy_with_logits: the target of shape {shape_of(target)} must have the shape of the "
            f"input, {shape_of(input)}."
        )
        raise InputError(message)
    target = integral_as_float(target)
    of_negative = F.softplus(input * -1.0)
    if pos_weight is not None:
        pos_weight, target = aligned(pos_weight, target)
        of_negative = of_negative * ((pos_weight - 1.0) * target + 1.0)
    losses = (1.0 - target) * input + of_negative
    if weight is not None:
        losses, weight = aligned(losses, weight)
        losses = losses * weight
    return _reduced(losses, reduction)


def _difference(operation: str, input: Tensor, target: Tensor) -> Tensor:
    if not is_floating(input) and not is_floating(target):
        message = f"{operation} needs floating-point numbers, not {input.dtype} and {target.dtype}."
        raise InputError(message)
    input, target = aligned(input, target)
    return input - target


def mse_loss(input: Tensor, target: Tensor, *, reduction: str = "mean") -> Tensor:
    """Squared difference."""
    difference = _difference("mse_loss", input, target)
    return _reduced(difference * difference, reduction)


def l1_loss(input: Tensor, target: Tensor, *, reduction: str = "mean") -> Tensor:
    """Absolute difference."""
    return _reduced(absolute(_difference("l1_loss", input, target)), reduction)


def smooth_l1_loss(input: Tensor, target: Tensor, *, reduction: str = "mean", beta: float = 1.0) -> Tensor:
    """Absolute difference, made quadratic below `beta`."""
    if beta < 0:
        message = f"smooth_l1_loss: beta={beta} must not be negative."
        raise OptionError(message)
    distance = absolute(_difference("smooth_l1_loss", input, target))
    if beta == 0:
        return _reduced(distance, reduction)
    near = F.minimum(distance, float(beta))
    return _reduced(near * near * (0.5 / beta) + (distance - near), reduction)


def kl_div(input: Tensor, target: Tensor, *, reduction: str = "mean", log_target: bool = False) -> Tensor:
    """Kullback-Leibler divergence of the target from log probabilities; `"mean"` is over elements, as in torch."""
    check_option("kl_div", "reduction", reduction, (*REDUCTIONS, "batchmean"))
    input, target = aligned(input, target)
    if log_target:
        losses = F.exp(target) * (target - input)
    else:
        positive = target > 0
        logarithm = F.log(F.where(positive, target, F.ones_like(target)))
        losses = target * logarithm - target * input
    if reduction == "batchmean":
        return F.sum(losses) / float(shape_of(input)[0])
    return _reduced(losses, reduction)
