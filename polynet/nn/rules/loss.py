"""What losses' options must be. Whether a weight is a tensor is for the framework to say, which takes it over."""

from __future__ import annotations

from typing import Any

from polynet.nn.arguments import choice, flags, fraction, integer, number

REDUCTIONS = ("mean", "sum", "none")

_ANY_CLASS = -(1 << 63)


def plain_loss(owner: str, *, reduction: Any = "mean", **_: Any) -> None:
    """The rule of losses whose one option is the reduction."""
    choice(owner, "reduction", reduction, REDUCTIONS)


def cross_entropy(
    owner: str,
    weight: Any = None,
    *,
    ignore_index: Any = -100,
    reduction: Any = "mean",
    label_smoothing: Any = 0.0,
    **_: Any,
) -> None:
    """The rule of `CrossEntropyLoss`."""
    nll(owner, weight, ignore_index=ignore_index, reduction=reduction)
    fraction(owner, "label_smoothing", label_smoothing)


def nll(
    owner: str,
    weight: Any = None,
    *,
    ignore_index: Any = -100,
    reduction: Any = "mean",
    **_: Any,
) -> None:
    """The rule of `NLLLoss`."""
    choice(owner, "reduction", reduction, REDUCTIONS)
    integer(owner, "ignore_index", ignore_index, lowest=_ANY_CLASS)


def binary_cross_entropy(
    owner: str,
    weight: Any = None,
    *,
    reduction: Any = "mean",
    pos_weight: Any = None,
    **_: Any,
) -> None:
    """The rule of `BCEWithLogitsLoss`."""
    choice(owner, "reduction", reduction, REDUCTIONS)


def smooth_l1(owner: str, *, reduction: Any = "mean", beta: Any = 1.0, **_: Any) -> None:
    """The rule of `SmoothL1Loss`."""
    choice(owner, "reduction", reduction, REDUCTIONS)
    number(owner, "beta", beta, lowest=0)


def kl_divergence(owner: str, *, reduction: Any = "mean", log_target: Any = False, **_: Any) -> None:
    """The rule of `KLDivLoss`."""
    choice(owner, "reduction", reduction, ("batchmean", *REDUCTIONS))
    flags(owner, log_target=log_target)
