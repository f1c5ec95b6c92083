"""Hooks: what happens beside the training itself, at points of the loop that have names."""

from __future__ import annotations

import difflib
import inspect
import warnings
from collections.abc import Mapping
from typing import Any, ClassVar

from polynet.errors import OptionError, suggest

PRIORITIES: Mapping[str, int] = {
    "HIGHEST": 0,
    "VERY_HIGH": 10,
    "HIGH": 30,
    "ABOVE_NORMAL": 40,
    "NORMAL": 50,
    "BELOW_NORMAL": 60,
    "LOW": 70,
    "VERY_LOW": 90,
    "LOWEST": 100,
}
"""Names of priorities: at one point, the hook with the lower number comes first."""

POINTS = (
    *("before_run", "after_run"),
    *(f"{when}_{phase}" for phase in ("train", "val", "test") for when in ("before", "after")),
    *(
        f"{when}_{phase}_{part}"
        for phase in ("train", "val", "test")
        for part in ("epoch", "iter")
        for when in ("before", "after")
    ),
    *("before_save_checkpoint", "after_load_checkpoint"),
)
"""The points at which hooks are called, each the name of a method."""


def priority_of(value: int | str) -> int:
    """A priority as a number from 0 to 100.

    Raises:
        OptionError: It is no number of that range, nor the name of a priority.

    Example:
        >>> priority_of("LOW"), priority_of(15)
        (70, 15)
    """
    if isinstance(value, str) and value.upper() in PRIORITIES:
        return PRIORITIES[value.upper()]
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 100:
        return value
    near = suggest(value, PRIORITIES)
    message = f"A priority is a number from 0 to 100 or one of {', '.join(PRIORITIES)}, not {value!r}.{near}"
    raise OptionError(message)


class Hook:
    """Base of hooks: a subclass writes the methods of the points it needs, and only those are ever called.

    Each is called with the engine first, under MMEngine's name for it, `runner`. A hook whose state must survive a
    stop gives it by `state` and takes it back by `load_state`.

    Attributes:
        priority: When it is called among the hooks of a point; the lower the sooner.

    Source: MMEngine, `Hook`.

    Example:
        >>> class Halve(Hook):
        ...     def before_train_epoch(self, runner):
        ...         for group in runner.optim_wrapper.param_groups:
        ...             group["lr"] /= 2
        >>> Halve().points
        ('before_train_epoch',)
    """

    priority: ClassVar[int | str] = "NORMAL"

    @property
    def points(self) -> tuple[str, ...]:
        """The points at which it does something."""
        return tuple(point for point in POINTS if getattr(type(self), point) is not getattr(Hook, point))

    def before_run(self, runner: Any) -> None:
        """Before anything, once the parts are there."""

    def after_run(self, runner: Any) -> None:
        """At the very end, also where training ended by an error."""

    def before_train(self, runner: Any) -> None:
        """Before the first epoch, after a checkpoint has been resumed from."""

    def after_train(self, runner: Any) -> None:
        """After the last epoch, also where training was asked to stop."""

    def before_val(self, runner: Any) -> None:
        """Before a validation."""

    def after_val(self, runner: Any) -> None:
        """After a validation."""

    def before_test(self, runner: Any) -> None:
        """Before a test."""

    def after_test(self, runner: Any) -> None:
        """After a test."""

    def before_train_epoch(self, runner: Any) -> None:
        """Before each epoch, or the remainder of one that is resumed."""

    def after_train_epoch(self, runner: Any) -> None:
        """After each epoch."""

    def before_val_epoch(self, runner: Any) -> None:
        """Before the batches of a validation."""

    def after_val_epoch(self, runner: Any, metrics: dict[str, Any] | None = None) -> None:
        """After the batches of a validation, with its figures."""

    def before_test_epoch(self, runner: Any) -> None:
        """Before the batches of a test."""

    def after_test_epoch(self, runner: Any, metrics: dict[str, Any] | None = None) -> None:
        """After the batches of a test, with its figures."""

    def before_train_iter(self, runner: Any, batch_idx: int, data_batch: Any = None) -> None:
        """Before each iteration; `batch_idx` counts within the epoch."""

    def after_train_iter(self, runner: Any, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
        """After each iteration, with what the training step returned; `runner.iter` is still this iteration's."""

    def before_val_iter(self, runner: Any, batch_idx: int, data_batch: Any = None) -> None:
        """Before each batch of a validation."""

    def after_val_iter(self, runner: Any, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
        """After each batch of a validation, with the predictions."""

    def before_test_iter(self, runner: Any, batch_idx: int, data_batch: Any = None) -> None:
        """Before each batch of a test."""

    def after_test_iter(self, runner: Any, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
        """After each batch of a test, with the predictions."""

    def before_save_checkpoint(self, runner: Any, checkpoint: Any) -> None:
        """Before a checkpoint is written; what is added to it is kept."""

    def after_load_checkpoint(self, runner: Any, checkpoint: Any) -> None:
        """After a checkpoint was read, before the weights are taken from it."""

    def state(self) -> dict[str, Any]:
        """What must survive a stop: numbers, texts and arrays by name."""
        return {}

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Take back what `state` gave."""

    def every_n_epochs(self, runner: Any, n: int, start: int = 0) -> bool:
        """Whether the epoch that ends now is the n-th since `start`."""
        done: int = runner.epoch + 1 - start
        return done > 0 and n > 0 and done % n == 0

    def every_n_train_iters(self, runner: Any, n: int, start: int = 0) -> bool:
        """Whether the iteration that ends now is the n-th since `start`."""
        done: int = runner.iter + 1 - start
        return done > 0 and n > 0 and done % n == 0

    def is_last_train_epoch(self, runner: Any) -> bool:
        """Whether the epoch that ends now is the last."""
        return bool(runner.max_epochs is not None and runner.epoch + 1 >= runner.max_epochs)

    def is_last_train_iter(self, runner: Any) -> bool:
        """Whether the iteration that ends now is the last."""
        return bool(runner.max_iters is not None and runner.iter + 1 >= runner.max_iters)


def check_hook(hook: Any) -> None:
    """Refuse what is no hook, or cannot be called as one; warn of a method that is nearly a point's.

    Raises:
        OptionError: It does not derive from `Hook`, or the method of a point does not take what it is called with.

    Example:
        >>> class Odd(Hook):
        ...     def after_train_iter(self, runner): ...
        >>> check_hook(Odd())
        Traceback (most recent call last):
        ...
        polynet.errors.OptionError: Odd.after_train_iter(self, runner) is called with ...
    """
    if not isinstance(hook, Hook):
        message = f"A hook derives from polynet.train.Hook; {type(hook).__name__} {hook!r:.60} does not."
        raise OptionError(message)
    name = type(hook).__name__
    for point in hook.points:
        given = [parameter for parameter in inspect.signature(getattr(Hook, point)).parameters if parameter != "self"]
        try:
            own = inspect.signature(getattr(hook, point))
            own.bind(None, **dict.fromkeys(given[1:]))
        except TypeError as error:
            shown = str(inspect.signature(getattr(type(hook), point)))
            message = f"{name}.{point}{shown} is called with {', '.join(given)}: {error}."
            raise OptionError(message) from error
    for method in vars(type(hook)):
        near = difflib.get_close_matches(method, POINTS, n=1, cutoff=0.8)
        if near and method not in POINTS and not method.startswith("_"):
            message = f"{name}.{method} is called at no point of the loop. Did you mean {near[0]!r}?"
            warnings.warn(message, UserWarning, stacklevel=4)
