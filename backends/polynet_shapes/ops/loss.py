"""Losses: a number, or with `reduction="none"` one for each element or sample."""

from __future__ import annotations

from polynet.errors import InputError, OptionError
from polynet_shapes import dtypes
from polynet_shapes.tensor import ShapeTensor, elementwise

__all__ = [
    "binary_cross_entropy_with_logits",
    "cross_entropy",
    "kl_div",
    "l1_loss",
    "mse_loss",
    "nll_loss",
    "smooth_l1_loss",
]


def _reduced(losses: ShapeTensor, reduction: str) -> ShapeTensor:
    return losses if reduction == "none" else losses.like(())


def _over_classes(name: str, input: ShapeTensor, target: ShapeTensor, weight: ShapeTensor | None) -> ShapeTensor:
    """One loss for each target, which counts classes along axis 1 of the input (its only axis, where it has one)."""
    dtypes.check_floating(name, input.dtype)
    axis = min(1, input.ndim - 1)
    expected = input.shape[:axis] + input.shape[axis + 1 :]
    if input.ndim < 1 or target.shape != expected:
        message = f"{name}: targets for {list(input.shape)} must be {list(expected)}, and are {list(target.shape)}."
        raise InputError(message)
    dtypes.check_index(name, target.dtype)
    _check_weight(name, input, weight)
    return input.like(expected)


def _check_weight(name: str, input: ShapeTensor, weight: ShapeTensor | None) -> None:
    classes = input.shape[min(1, input.ndim - 1)]
    if weight is not None and weight.shape != (classes,):
        message = f"{name}: weight must be ({classes},), one for each class, and is {list(weight.shape)}."
        raise InputError(message)


def cross_entropy(
    input: ShapeTensor,
    target: ShapeTensor,
    weight: ShapeTensor | None = None,
    *,
    ignore_index: int = -100,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> ShapeTensor:
    """Targets are classes, or distributions of the input's shape."""
    if not 0.0 <= label_smoothing <= 1.0:
        message = f"cross_entropy: label_smoothing must lie in [0, 1], not {label_smoothing!r}."
        raise OptionError(message)
    if input.shape and target.shape == input.shape and dtypes.is_floating(target.dtype):
        _check_weight("cross_entropy", input, weight)
        axis = min(1, input.ndim - 1)
        return _reduced(input.like(input.shape[:axis] + input.shape[axis + 1 :]), reduction)
    return _reduced(_over_classes("cross_entropy", input, target, weight), reduction)


def nll_loss(
    input: ShapeTensor,
    target: ShapeTensor,
    weight: ShapeTensor | None = None,
    *,
    ignore_index: int = -100,
    reduction: str = "mean",
) -> ShapeTensor:
    """Targets are classes."""
    return _reduced(_over_classes("nll_loss", input, target, weight), reduction)


def binary_cross_entropy_with_logits(
    input: ShapeTensor,
    target: ShapeTensor,
    weight: ShapeTensor | None = None,
    *,
    reduction: str = "mean",
    pos_weight: ShapeTensor | None = None,
) -> ShapeTensor:
    """Targets have the input's shape; weights broadcast to it."""
    name = "binary_cross_entropy_with_logits"
    dtypes.check_floating(name, input.dtype)
    if target.shape != input.shape:
        message = f"{name}: targets must be {list(input.shape)}, as the input, and are {list(target.shape)}."
        raise InputError(message)
    weights = [tensor for tensor in (weight, pos_weight) if tensor is not None]
    losses = elementwise(name, input, target, *weights)
    if losses.shape != input.shape:
        message = f"{name}: weights must broadcast to {list(input.shape)}."
        raise InputError(message)
    return _reduced(losses, reduction)


def _difference(name: str, input: ShapeTensor, target: ShapeTensor, reduction: str) -> ShapeTensor:
    losses = elementwise(name, input, target)
    dtypes.check_floating(name, losses.dtype)
    return _reduced(losses, reduction)


def mse_loss(input: ShapeTensor, target: ShapeTensor, *, reduction: str = "mean") -> ShapeTensor:
    """Both broadcast."""
    return _difference("mse_loss", input, target, reduction)


def l1_loss(input: ShapeTensor, target: ShapeTensor, *, reduction: str = "mean") -> ShapeTensor:
    """Both broadcast."""
    return _difference("l1_loss", input, target, reduction)


def smooth_l1_loss(
    input: ShapeTensor, target: ShapeTensor, *, reduction: str = "mean", beta: float = 1.0
) -> ShapeTensor:
    """Both broadcast."""
    if beta < 0:
        message = f"smooth_l1_loss: beta must not be negative; {beta!r} was given."
        raise OptionError(message)
    return _difference("smooth_l1_loss", input, target, reduction)


def kl_div(
    input: ShapeTensor, target: ShapeTensor, *, reduction: str = "mean", log_target: bool = False
) -> ShapeTensor:
    """Both broadcast."""
    return _difference("kl_div", input, target, reduction)
