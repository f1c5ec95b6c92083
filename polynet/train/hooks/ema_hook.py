"""Keeps a moving average of the weights while they are trained, and validates with it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from polynet.errors import OptionError, UnknownNameError, suggest
from polynet.train.averaging import AVERAGES, BaseAveragedModel, ExponentialMovingAverage, relative_momentum
from polynet.train.evaluation import measure
from polynet.train.hook import Hook

EVALUATIONS = ("average", "both")


class EMAHook(Hook):
    """Updates an average after each iteration, and puts it into the model's place for validations and tests.

    Until averaging begins, the average is the model itself. A checkpoint holds both: the weights that are trained, and
    the average as `ema`.

    Args:
        ema_type: `"ExponentialMovingAverage"`, `"StochasticWeightAverage"`, `"MomentumAnnealingEMA"`, or a class
            deriving from `BaseAveragedModel`.
        strict_load: Not needed, since averages are always loaded strictly; kept for configs that have it.
        begin_iter: The iteration, from 1, with which averaging begins.
        begin_epoch: The epoch, from 1, with which it begins, in place of the former.
        evaluate: `"average"`: the figures of a validation are the average's. `"both"`: they are the model's, and the
            average's come after them, their names beginning with `ema_`.
        **options: Options of the average: `momentum`, `interval`, `update_buffers` …

    Attributes:
        ema_model: The average, once the run has begun.

    Raises:
        OptionError: A value is wrong, or the average has no such option.
        UnknownNameError: There is no such average.

    Source: MMEngine, `EMAHook`.

    Example:
        >>> EMAHook(momentum=0.001, update_buffers=True).options
        {'momentum': 0.001, 'update_buffers': True}
    """

    # Before the timer, so that updating counts as part of the iteration.
    priority = "ABOVE_NORMAL"

    def __init__(
        self,
        ema_type: str | type[BaseAveragedModel] = "ExponentialMovingAverage",
        strict_load: bool = False,
        begin_iter: int = 0,
        begin_epoch: int = 0,
        evaluate: str = "average",
        **options: Any,
    ) -> None:
        for name, value in (("begin_iter", begin_iter), ("begin_epoch", begin_epoch)):
            if isinstance(value, bool) or not isinstance(value, int) or value < 0:
                message = f"{name} is a whole number of at least 0, not {value!r}."
                raise OptionError(message)
        if begin_iter and begin_epoch:
            message = "begin_iter and begin_epoch should not be both set."
            raise OptionError(message)
        if evaluate not in EVALUATIONS:
            message = f"evaluate is 'average' or 'both', not {evaluate!r}."
            raise OptionError(message)
        self.average = _average(ema_type)
        known = [name for name in inspect.signature(self.average).parameters if name != "model"]
        for name in options:
            if name not in known:
                message = f"{self.average.__name__} has no option {name!r}.{suggest(name, known)}"
                raise OptionError(message)
        self.begin_iter, self.begin_epoch, self.evaluate = begin_iter, begin_epoch, evaluate
        self.options = options
        self.ema_model: Any = None
        self._source: Any = None
        self._steps = 0
        self._is_kept = False
        self._is_swapped = False
        self._awaiting: Mapping[str, Any] | None = None

    def before_run(self, runner: Any) -> None:
        """Copy the model."""
        source = runner.weights_module()
        if self.ema_model is not None and self._source is source:
            return
        self._source = source
        self.ema_model = self.average(source, **self.options)
        if self._awaiting is not None:
            self.load_state(self._awaiting)

    def before_train(self, runner: Any) -> None:
        """Refuse a beginning after the end.

        Raises:
            OptionError: Averaging would never begin.
        """
        for name, last in (("begin_epoch", runner.max_epochs), ("begin_iter", runner.max_iters)):
            if last is not None and getattr(self, name) > last:
                message = f"{name} is {getattr(self, name)}, and the run ends with {last}: nothing would be averaged."
                raise OptionError(message)

    def after_train_iter(self, runner: Any, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
        """Update the average."""
        if self._has_begun(runner):
            self._update()

    def _update(self) -> None:
        # A first update copies, unless what there is to begin with is to be kept.
        self.ema_model.update_parameters(self._source, steps=self._steps + int(self._is_kept))
        self._steps += 1

    def _has_begun(self, runner: Any) -> bool:
        if self.begin_epoch:
            return bool(runner.epoch + 1 >= self.begin_epoch)
        return bool(runner.iter + 1 >= self.begin_iter)

    # Evaluation

    @contextmanager
    def swapped(self) -> Iterator[None]:
        """A context in which the model's weights and buffers are the average's, and the other way round."""
        self._swap()
        try:
            yield
        finally:
            self._swap_back()

    @property
    def is_averaging(self) -> bool:
        """Whether there is an average that is not just the model."""
        return self._steps > 0

    def _swap(self) -> None:
        if self.is_averaging and not self._is_swapped:
            self.ema_model.swap(self._source)
            self._is_swapped = True

    def _swap_back(self) -> None:
        if self._is_swapped:
            self.ema_model.swap(self._source)
            self._is_swapped = False

    def before_val_epoch(self, runner: Any) -> None:
        """Put the average into the model's place."""
        if self.evaluate == "average":
            self._swap()

    before_test_epoch = before_val_epoch

    def after_val_epoch(self, runner: Any, metrics: dict[str, Any] | None = None) -> None:
        """Put the model's weights back; or evaluate the average as well."""
        self._swap_back()
        self._add_figures(runner, "val", metrics)

    def after_test_epoch(self, runner: Any, metrics: dict[str, Any] | None = None) -> None:
        """The same of a test."""
        self._swap_back()
        self._add_figures(runner, "test", metrics)

    def _add_figures(self, runner: Any, phase: str, metrics: dict[str, Any] | None) -> None:
        if self.evaluate != "both" or metrics is None or not self.is_averaging:
            return
        with self.swapped():
            found = measure(runner, phase)
        metrics.update({f"ema_{name}": value for name, value in (found or {}).items()})

    def after_val(self, runner: Any) -> None:
        """Put the model's weights back also after a validation that was broken off."""
        self._swap_back()

    after_test = after_val
    after_run = after_val

    # State

    def state(self) -> dict[str, Any]:
        """The average as `ema`, as arrays by canonical names, and how often it was updated."""
        if self.ema_model is None:
            return {}
        self._swap_back()
        if not self.is_averaging and not self._is_kept:
            self.ema_model.copy_from(self._source)
        return {"ema": self.ema_model.state(), "steps": self._steps, "is_kept": self._is_kept}

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Go on with this average.

        Raises:
            InputError: It is of another model; nothing is changed.
        """
        if self.ema_model is None:
            self._awaiting = state
            return
        self._awaiting = None
        self._swap_back()
        if state.get("ema"):
            self.ema_model.load_state(state["ema"])
        self._steps = int(state.get("steps", 0))
        self._is_kept = bool(state.get("is_kept", False))
        self.ema_model.count(self._steps)


def _average(given: Any) -> Callable[..., BaseAveragedModel]:
    if inspect.isclass(given) and issubclass(given, BaseAveragedModel):
        return given
    if given not in AVERAGES:
        message = f"There is no average {given!r}; there are {', '.join(AVERAGES)}.{suggest(given, AVERAGES)}"
        raise UnknownNameError(message)
    return AVERAGES[given]


class BaseClsEMAHook(EMAHook):
    """The moving average of BaseCls's recipes, buffers included.

    In every `update_period`-th iteration of an epoch that ends with a step, `average = momentum * average +
    (1 - momentum) * model`. Until the epoch `start_epoch` is over, the average is the model. Validations measure both.

    Args:
        momentum: The share of the average that an update keeps.
        update_period: Iterations between updates.
        start_epoch: Epochs before averaging begins; by default, and for 0, `warmup_epochs`.
        alpha: A number such as 1e-5 in place of `momentum`, which is then computed from it: see `relative_momentum`.
        warmup_epochs: How long the learning rate is warmed up.
        batch_size: Samples in a batch of one process, which `alpha` needs; by default the training loader's.
        evaluate: As `EMAHook`.

    Raises:
        OptionError: A value is wrong.

    Source: BaseCls, `ClsTrainer.model_ema_step`; its momentum is one minus that of `EMAHook`.

    Example:
        >>> BaseClsEMAHook(momentum=0.9998, warmup_epochs=5).start_epoch
        5
    """

    def __init__(
        self,
        momentum: float = 0.9999,
        update_period: int = 1,
        start_epoch: int | None = None,
        alpha: float | None = None,
        warmup_epochs: int = 0,
        batch_size: int | None = None,
        evaluate: str = "both",
    ) -> None:
        super().__init__(ExponentialMovingAverage, evaluate=evaluate, update_buffers=True)
        for name, value in (("momentum", momentum), ("alpha", alpha)):
            is_number = isinstance(value, int | float) and not isinstance(value, bool)
            if value is not None and not (is_number and 0 < value < 1):
                message = f"{name} lies between 0 and 1, and is not {value!r}."
                raise OptionError(message)
        if isinstance(update_period, bool) or not isinstance(update_period, int) or update_period < 1:
            message = f"update_period counts iterations and is a whole number of at least 1, not {update_period!r}."
            raise OptionError(message)
        self.momentum, self.alpha, self.update_period = momentum, alpha, update_period
        self.start_epoch = start_epoch or warmup_epochs
        self.batch_size = batch_size

    def before_train(self, runner: Any) -> None:
        """Compute the momentum, where it is relative.

        Raises:
            OptionError: There is no batch size, or no number of epochs, to compute it from.
        """
        share = self.momentum
        if self.alpha is not None:
            size = self.batch_size or getattr(runner.train_dataloader, "batch_size", None)
            if not isinstance(size, int) or runner.max_epochs is None:
                message = "alpha needs the number of epochs, and batch_size where the training loader does not have it."
                raise OptionError(message)
            share = relative_momentum(self.alpha, size * runner.world_size, runner.max_epochs, self.update_period)
        self.ema_model.momentum = 1.0 - share
        if not self.start_epoch and not self._is_kept:
            self._keep()

    def _keep(self) -> None:
        """Begin from the model as it is now: the first update averages already."""
        self.ema_model.copy_from(self._source)
        self._is_kept = True

    def after_train_iter(self, runner: Any, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
        """Update the average, after a step and where it is time."""
        done = batch_idx + 1
        if done % self.update_period or done % getattr(runner.optim_wrapper, "accumulative_counts", 1):
            return
        if runner.epoch >= self.start_epoch:
            self._update()
        elif runner.epoch == self.start_epoch - 1:
            # Of all copies until then, only the last counts, and it is one of these.
            self._keep()
