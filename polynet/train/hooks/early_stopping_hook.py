"""Ends training when validations no longer get better."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from polynet.errors import InputError, OptionError, suggest
from polynet.train.checkpoint.best import RULES, is_better, rule_for
from polynet.train.hook import Hook


class EarlyStoppingHook(Hook):
    """Asks a run to stop after `patience` validations in a row that are no better than the best by `min_delta`.

    Args:
        monitor: Name of the figure to watch.
        rule: `"greater"` or `"less"`: what is better. By default the name tells.
        min_delta: By how much a validation must beat the best to count.
        strict: Whether a validation without the figure is an error; else it is warned of.
        check_finite: Whether to stop at once where the figure is not finite.
        patience: How many validations in a row may fail.
        stopping_threshold: Stop at once where the figure is better than this.

    Raises:
        OptionError: A value is wrong, or neither `rule` nor the name says what is better.

    Source: MMEngine, `EarlyStoppingHook`.

    Example:
        >>> EarlyStoppingHook("accuracy", patience=3).rule
        'greater'
    """

    priority = "LOWEST"

    def __init__(
        self,
        monitor: str,
        rule: str | None = None,
        min_delta: float = 0.1,
        strict: bool = False,
        check_finite: bool = True,
        patience: int = 5,
        stopping_threshold: float | None = None,
    ) -> None:
        if rule is not None and rule not in RULES:
            message = f"rule is 'greater' or 'less', not {rule!r}."
            raise OptionError(message)
        if isinstance(patience, bool) or not isinstance(patience, int) or patience < 1:
            message = f"patience counts validations and is a whole number of at least 1, not {patience!r}."
            raise OptionError(message)
        if not isinstance(min_delta, int | float) or not min_delta >= 0:
            message = f"min_delta is a number of at least 0, not {min_delta!r}."
            raise OptionError(message)
        self.monitor = monitor
        self.rule = rule_for(monitor) if rule is None else rule
        self.min_delta = min_delta
        self.strict = strict
        self.check_finite = check_finite
        self.patience = patience
        self.stopping_threshold = stopping_threshold
        self.best_score = -math.inf if self.rule == "greater" else math.inf
        self.wait_count = 0

    def after_val_epoch(self, runner: Any, metrics: dict[str, Any] | None = None) -> None:
        """Look at a validation, and ask the run to stop where it is time.

        Raises:
            InputError: It does not have the figure, and `strict` is set.
        """
        metrics = metrics or {}
        if self.monitor not in metrics:
            near = suggest(self.monitor, metrics)
            message = (
                f"EarlyStoppingHook watches {self.monitor!r}; the validation has {', '.join(metrics) or 'none'}.{near}"
            )
            if self.strict:
                raise InputError(message)
            runner.logger.warning("%s", message)
            return
        reason = self._reason_to_stop(float(metrics[self.monitor]))
        if reason is not None:
            runner.request_stop(f"{self.monitor} {reason}")

    def _reason_to_stop(self, score: float) -> str | None:
        if self.check_finite and not math.isfinite(score):
            return f"is {score}; the best was {self.best_score:.4g}"
        if self.stopping_threshold is not None and is_better(score, self.stopping_threshold, self.rule):
            self.best_score = score
            return f"of {score:.4g} is better than the threshold of {self.stopping_threshold:.4g}"
        needed = self.best_score + (self.min_delta if self.rule == "greater" else -self.min_delta)
        if score >= needed if self.rule == "greater" else score <= needed:
            self.best_score, self.wait_count = score, 0
            return None
        self.wait_count += 1
        if self.wait_count < self.patience:
            return None
        return f"has not got better in {self.wait_count} validations; the best was {self.best_score:.4g}"

    def state(self) -> dict[str, Any]:
        """The best so far, and how many validations have failed since."""
        return {"best_score": self.best_score, "wait_count": self.wait_count} if math.isfinite(self.best_score) else {}

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Go on from there."""
        self.best_score = float(state.get("best_score", self.best_score))
        self.wait_count = int(state.get("wait_count", 0))
