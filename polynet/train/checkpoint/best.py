"""Which of two figures is better, told from the figure's name."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from polynet.errors import InputError, OptionError, suggest

RULES = ("greater", "less")
GREATER = ("acc", "top", "ar@", "auc", "precision", "recall", "f1", "map", "mdice", "miou")
LESS = ("loss", "error", "mae", "mse", "perplexity", "calibration")


def rule_for(name: str, greater: Sequence[str] = GREATER, less: Sequence[str] = LESS) -> str:
    """Whether a figure of this name should be `"greater"` or `"less"`.

    Args:
        name: The figure's name.
        greater: Words in the names of figures of which more is better.
        less: Words in the names of figures of which less is better; they go first, so that `top1_error` is one.

    Raises:
        OptionError: The name does not tell.

    Source: MMEngine, `CheckpointHook`; the words for less are more here.

    Example:
        >>> rule_for("accuracy/top1"), rule_for("val_loss")
        ('greater', 'less')
    """
    folded = name.casefold()
    if any(word.casefold() in folded for word in less):
        return "less"
    if any(word.casefold() in folded for word in greater):
        return "greater"
    message = f"The name {name!r} does not tell whether more or less is better: give rule='greater' or rule='less'."
    raise OptionError(message)


def is_better(score: float, than: float | None, rule: str) -> bool:
    """Whether a score beats another; nothing that is not a number ever does.

    Example:
        >>> is_better(0.5, None, "greater"), is_better(0.5, 0.5, "less"), is_better(float("nan"), None, "less")
        (True, False, False)
    """
    if math.isnan(score):
        return False
    if than is None or math.isnan(than):
        return True
    return score > than if rule == "greater" else score < than


def score_in(metrics: Mapping[str, Any], name: str) -> float:
    """A figure of a validation as a number.

    Raises:
        InputError: There is none of that name, or it is no number.
    """
    if name not in metrics:
        message = (
            f"save_best: the validation has no figure {name!r}.{suggest(name, metrics)} It has {', '.join(metrics)}."
        )
        raise InputError(message)
    try:
        return float(metrics[name])
    except (TypeError, ValueError) as error:
        message = f"save_best: {name} is no number but {metrics[name]!r:.60}."
        raise InputError(message) from error
