"""The hook that lets schedules set the optimiser's learning rates and momenta."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from polynet.errors import ConfigKeyError, suggest
from polynet.train.batches import batches_per_epoch
from polynet.train.hook import Hook
from polynet.train.schedules import ScheduledGroups, build_schedules_for

ONE = ""
"""The name of the only optimiser, where there is one."""


class ParamSchedulerHook(Hook):
    """Sets what schedules say: after each iteration, each epoch, and each validation that a schedule watches.

    What the optimiser's groups hold when the run begins is the base of all schedules; a run that is resumed takes up
    the bases of the one before. The values follow from the numbers of epochs and iterations done, so that nothing else
    has to survive a stop but what schedules that watch a figure remember.

    With several optimisers, `runner.param_schedulers` may have schedules under each one's name.

    Raises:
        PolyNetError: A schedule cannot be built, sets what the optimiser does not have, or watches a figure that the
            validation does not give.

    Source: MMEngine, `ParamSchedulerHook`.

    Example:
        >>> ParamSchedulerHook().points
        ('before_run', 'after_run', 'before_train', 'after_train_epoch', 'after_train_iter', 'after_val_epoch')
    """

    priority: ClassVar[int | str] = "LOW"

    def __init__(self) -> None:
        self._scheduled: dict[str, ScheduledGroups] = {}
        self._bound_to: Any = None
        self._trains = False

    def before_run(self, runner: Any) -> None:
        """Build the schedules, and note the bases before a checkpoint can change them."""
        if getattr(runner, "optim_wrapper", None) is None or self._bound_to is runner.optim_wrapper:
            return
        length = batches_per_epoch(runner.train_dataloader)
        schedules = build_schedules_for(
            runner.param_schedulers,
            runner.optim_wrapper,
            max_epochs=runner.max_epochs,
            max_iters=runner.max_iters,
            epoch_length=length,
        )
        runner.param_schedulers = schedules
        each = schedules if isinstance(schedules, dict) else {ONE: schedules}
        groups = runner.optim_wrapper.param_groups
        self._scheduled = {
            name: ScheduledGroups(groups if name == ONE else groups[name], mine, length) for name, mine in each.items()
        }
        self._bound_to = runner.optim_wrapper

    def before_train(self, runner: Any) -> None:
        """Set the values of where the run begins, or goes on."""
        self.before_run(runner)
        self._trains = True
        self._apply(runner.epoch, runner.iter)

    def after_train_iter(self, runner: Any, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
        """Set the values of the next iteration."""
        for scheduled in self._scheduled.values():
            if scheduled.by_iteration:
                scheduled.apply(runner.epoch, runner.iter + 1)

    def after_train_epoch(self, runner: Any) -> None:
        """Set the values of the next epoch; the epoch's last iteration is counted already."""
        self._apply(runner.epoch + 1, runner.iter)

    def after_val_epoch(self, runner: Any, metrics: dict[str, Any] | None = None) -> None:
        """Tell schedules that watch a figure of the validation, where it is part of training."""
        if metrics is None or not self._trains:
            return
        for scheduled in self._scheduled.values():
            if scheduled.observe(metrics, runner.epoch):
                scheduled.apply(runner.epoch, runner.iter)

    def after_run(self, runner: Any) -> None:
        """Watch no more validations."""
        self._trains = False

    def state(self) -> dict[str, Any]:
        """The bases, and what schedules that watch a figure remember, for each optimiser."""
        return {name: scheduled.state() for name, scheduled in self._scheduled.items()}

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Take back what `state` gave.

        Raises:
            ConfigError: It is of other schedules, or other optimisers.
        """
        unknown = next((name for name in state if name not in self._scheduled), None)
        if unknown is not None:
            near = suggest(unknown, self._scheduled)
            message = f"The state has schedules of an optimiser {unknown!r}, which is not there.{near}"
            raise ConfigKeyError(message)
        for name, mine in state.items():
            self._scheduled[name].load_state(mine)

    def _apply(self, epoch: int, iteration: int) -> None:
        for scheduled in self._scheduled.values():
            scheduled.apply(epoch, iteration)
