"""Measures the statistics of batch normalisations anew at the end of epochs."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import Any

from polynet.errors import OptionError
from polynet.train.batches import batches_of, batches_per_epoch
from polynet.train.hook import Hook
from polynet.train.hooks.ema_hook import EMAHook
from polynet.train.hooks.progress_hook import batch_length
from polynet.train.precise_bn import compute_precise_bn


class PreciseBNHook(Hook):
    """Sets running statistics to those of training batches under the weights that an epoch ends with.

    Of the model, and of a moving average where an `EMAHook` keeps one; before the validation and the checkpoint. The
    batches are those of the epoch that has ended, without augmentation of batches; with several processes each
    measures its share, and the means are shared.

    Args:
        precise_every_n_epoch: Epochs between measurements; -1 for the end of the run only, infinity for never.
        num_samples_precise: Samples to measure, over all processes, as whole batches; at least one batch. 0 for never.

    Raises:
        OptionError: A value is wrong.

    Source: BaseCls, `PreciseBNHook`, whose values these are; pycls.

    Example:
        >>> PreciseBNHook(precise_every_n_epoch=-1).num_samples_precise
        8192
    """

    # Before checkpoints, and before the schedules change anything.
    priority = "ABOVE_NORMAL"

    def __init__(self, precise_every_n_epoch: float = 1, num_samples_precise: int = 8192) -> None:
        every, samples = precise_every_n_epoch, num_samples_precise
        is_number = isinstance(every, int | float) and not isinstance(every, bool)
        if not is_number or not (every == -1 or every == math.inf or (every >= 1 and every == int(every))):
            message = f"precise_every_n_epoch is a whole number of epochs, -1 or infinity, not {every!r}."
            raise OptionError(message)
        if isinstance(samples, bool) or not isinstance(samples, int) or samples < 0:
            message = f"num_samples_precise is a whole number of at least 0, not {samples!r}."
            raise OptionError(message)
        self.precise_every_n_epoch = every
        self.num_samples_precise = samples

    def after_train_epoch(self, runner: Any) -> None:
        """Measure, if it is time."""
        if self._is_due(runner):
            self._measure_all(runner)

    def after_train(self, runner: Any) -> None:
        """Measure at the end of a run that is counted in iterations, if only the end counts."""
        if self.precise_every_n_epoch == -1 and runner.max_epochs is None and runner.stopping is None:
            self._measure_all(runner)

    def _measure_all(self, runner: Any) -> None:
        if self.num_samples_precise == 0:
            return
        self._measure(runner)
        for hook in runner.hooks:
            if isinstance(hook, EMAHook) and hook.is_averaging:
                with hook.swapped():
                    self._measure(runner, "the average's ")

    def _is_due(self, runner: Any) -> bool:
        every = self.precise_every_n_epoch
        if every == -1:
            return self.is_last_train_epoch(runner)
        return every != math.inf and self.every_n_epochs(runner, int(every))

    def _measure(self, runner: Any, whose: str = "") -> None:
        mean = None
        if runner.world_size > 1:

            def mean(array: Any) -> Any:
                return runner.processes.all_reduce(array, "mean")

        count = compute_precise_bn(runner.model, self._batches(runner), runner.model.val_step, mean_over_ranks=mean)
        if count:
            runner.logger.info("Statistics of %sbatch normalisations were measured over %d batches.", whose, count)

    def _batches(self, runner: Any) -> Iterator[Any]:
        loader = runner.train_dataloader
        batches = batches_of(loader, runner.epoch, 0, runner._seed_epoch)
        first = next(batches)
        size = (batch_length(first, loader) or 1) * runner.world_size
        wanted = max(1, self.num_samples_precise // size)
        wanted = min(wanted, batches_per_epoch(loader) or wanted)
        yield first
        yield from itertools.islice(batches, wanted - 1)
