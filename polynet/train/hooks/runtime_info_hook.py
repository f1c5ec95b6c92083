"""Keeps the latest figures of a run where every hook finds them: `runner.message`."""

from __future__ import annotations

from typing import Any

from polynet.train.hook import Hook
from polynet.train.records import rates_of
from polynet.train.step_values import step_of


class RuntimeInfoHook(Hook):
    """Writes into `runner.message` the learning rate before each step, and what the step returned after it.

    After an epoch it says how many samples could not be loaded so far and were replaced, if there were any
    (`on_error="skip"` of a data set), as `skipped_samples`.

    Tensors in it are without dimensions and without a graph; they are not read.

    Source: MMEngine, `RuntimeInfoHook`.

    Example:
        >>> "after_train_epoch" in RuntimeInfoHook().points
        True
    """

    priority = "VERY_HIGH"

    def before_train(self, runner: Any) -> None:
        """Note how long the run is."""
        runner.message.update(max_epochs=runner.max_epochs, max_iters=runner.max_iters)

    def before_train_iter(self, runner: Any, batch_idx: int, data_batch: Any = None) -> None:
        """Note the learning rates."""
        runner.message.update(rates_of(runner.optim_wrapper))

    def after_train_iter(self, runner: Any, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
        """Note what the step returned."""
        runner.message.update(step_of(runner, outputs).raw)

    def after_train_epoch(self, runner: Any) -> None:
        """Say how many samples were replaced."""
        count = getattr(runner.train_dataloader, "skipped_count", 0)
        if count and count != runner.message.get("skipped_samples"):
            runner.message["skipped_samples"] = count
            runner.logger.warning(
                "%d samples could not be loaded and were replaced; polynet.data's log names them.", count
            )

    def after_val_epoch(self, runner: Any, metrics: dict[str, Any] | None = None) -> None:
        """Note the figures of a validation, as `val/accuracy` and the like."""
        runner.message.update({f"val/{name}": value for name, value in (metrics or {}).items()})

    def after_test_epoch(self, runner: Any, metrics: dict[str, Any] | None = None) -> None:
        """Note the figures of a test."""
        runner.message.update({f"test/{name}": value for name, value in (metrics or {}).items()})
