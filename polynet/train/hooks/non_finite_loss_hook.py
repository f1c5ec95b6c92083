"""Guards the weights against losses that are not finite."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from polynet.backend import backend_of
from polynet.data.preprocessors.batch import LABEL_KEYS
from polynet.errors import NonFiniteLossError, OptionError, PolyNetError
from polynet.train.hook import Hook
from polynet.train.step_values import number_of, step_of
from polynet.weights.training_file import MODEL

ACTIONS = ("stop", "skip")


class NonFiniteLossHook(Hook):
    """Looks at each loss: one that is NaN or infinite ends training, or is not learnt from.

    The batch is saved as `work_dir/non_finite_batch_ITER.npz`, with its arrays by their places in it. Processes that
    train together do the same as the one whose loss it is.

    To leave a batch out, its loss has to be known before anything else is done, and a framework that works ahead has to
    wait for it. To stop, it is looked at once the step is under way, before averages, validations and checkpoints see
    the weights, which are worth nothing then: the run goes on from its last checkpoint.

    A batch that is left out changes no buffer either: running statistics are put back to what they were before it.

    A finite loss may have gradients that are not. Where gradients are clipped by their norm, that is seen after the
    step, and ends training. A network can hide NaN from its loss, as MegEngine's `relu` does, which makes zeros of it;
    so before a checkpoint is written all weights are looked at, and where one is not finite training ends without it.

    Args:
        action: `"stop"`: end with an error; `"skip"`: leave the batch out, and count it.
        limit: How many batches in a row may be left out before training ends all the same: the weights may be at fault.

    Attributes:
        skipped: How many batches have been left out.

    Raises:
        OptionError: A value is wrong.

    Example:
        >>> NonFiniteLossHook(action="skip").limit
        10
    """

    priority = "HIGH"

    def __init__(self, action: str = "stop", limit: int = 10) -> None:
        if action not in ACTIONS:
            message = f"action is 'stop' or 'skip', not {action!r}."
            raise OptionError(message)
        if isinstance(limit, bool) or not isinstance(limit, int) or limit < 0:
            message = f"limit counts batches and is a whole number of at least 0, not {limit!r}."
            raise OptionError(message)
        self.action = action
        self.limit = limit
        self.skipped = 0
        self._in_a_row = 0
        self._is_skipped = False
        self._batch: Any = None
        self._losses: list[Any] = []
        self._guarded: list[Any] = []
        self._buffers: list[tuple[Any, Any]] = []

    def before_train(self, runner: Any) -> None:
        """Step between the model and its optimisers."""
        self._release()
        wrappers = runner.optim_wrapper
        for wrapper in wrappers.values() if hasattr(wrappers, "values") else [wrappers]:
            wrapper.update_params = self._guard(runner, wrapper, wrapper.update_params)
            self._guarded.append(wrapper)

    def after_run(self, runner: Any) -> None:
        """Step back."""
        self._release()

    def _release(self) -> None:
        for wrapper in self._guarded:
            with contextlib.suppress(AttributeError):
                del wrapper.update_params
        self._guarded, self._buffers = [], []
        self._batch = None

    def _guard(self, runner: Any, wrapper: Any, update: Callable[..., None]) -> Callable[..., None]:
        def update_params(loss: Any, *arguments: Any, **options: Any) -> None:
            if self.action == "stop":
                self._losses.append(loss.detach())
            elif (value := _bad_value(runner, loss.detach())) is not None:
                self._leave_out(runner, wrapper, value)
                return
            update(loss, *arguments, **options)
            norm = getattr(wrapper, "last_grad_norm", None)
            if norm is not None and not math.isfinite(norm):
                self._end(runner, f"The gradients have the norm {norm}, and the weights were changed by them")

        return update_params

    def before_train_iter(self, runner: Any, batch_idx: int, data_batch: Any = None) -> None:
        """Keep the batch at hand; and, where it may be left out, the buffers as they are without it."""
        self._batch = data_batch
        if self.action == "skip":
            slots = [slot for slot, _ in self._buffers] or _buffers_of(runner)
            self._buffers = [(slot, np.array(slot.read())) for slot in slots]

    def before_save_checkpoint(self, runner: Any, checkpoint: dict[str, Any]) -> None:
        """Let no weights be kept that are worth nothing.

        Raises:
            NonFiniteLossError: A weight is not finite.
        """
        if not self._guarded:
            return
        kept = checkpoint[MODEL]
        for name, slot in runner.backend.slots(runner.weights_module()).items():
            if not slot.trainable:
                continue
            # Weights that are spread over processes are together in the checkpoint alone.
            array = kept[name] if runner.is_sharded else slot.read()
            if array.dtype.kind == "f" and not np.isfinite(array).all():
                message = (
                    f"{name} is not finite any more after iteration {runner.position.after()['iter']}, though the loss "
                    "was. No checkpoint of it was written. A smaller learning rate, a warm-up or clipped gradients may "
                    "help; so does looking for values in the data that are not finite."
                )
                raise NonFiniteLossError(message)

    def after_train_iter(self, runner: Any, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
        """End training where a loss was bad; take a step that was left out from averages.

        Raises:
            NonFiniteLossError: Training is to end.
        """
        losses, self._losses = self._losses, []
        for loss in losses:
            if (value := _bad_value(runner, loss)) is not None:
                self._end(runner, f"The loss is {value}{_where(value)}", _all_ignored(runner, self._batch))
        if self._is_skipped:
            step_of(runner, outputs).is_skipped = True
            self._is_skipped = False
            for slot, array in self._buffers:
                slot.write(array)
        else:
            self._in_a_row = 0

    def _leave_out(self, runner: Any, wrapper: Any, value: float) -> None:
        where = _where(value)
        self.skipped += 1
        self._in_a_row += 1
        self._is_skipped = True
        if self._in_a_row > self.limit:
            reason = f"The loss is {value}{where}, the batch before it was left out, and so on {self.limit} times"
            self._end(runner, reason, _all_ignored(runner, self._batch))
        if hasattr(wrapper, "leave_out"):
            wrapper.leave_out()
        if hasattr(wrapper, "optimizer"):
            wrapper.optimizer.forget()  # what was recorded for this loss; another optimiser would differentiate into it
        runner.message["skipped"] = self.skipped
        runner.logger.warning(
            "Iteration %d: the loss is %s%s; the batch is left out, the %s in all.%s%s",
            runner.iter + 1,
            value,
            where,
            _ordinal(self.skipped),
            self._saved(runner),
            _all_ignored(runner, self._batch),
        )

    def _end(self, runner: Any, reason: str, why: str = "") -> None:
        advice = why or " A smaller learning rate, a warm-up or clipped gradients may help;"
        message = (
            f"{reason}, in iteration {runner.iter + 1} of epoch {runner.epoch + 1}.{self._saved(runner)}{advice} "
            "NonFiniteLossHook(action='skip') leaves such batches out."
        )
        raise NonFiniteLossError(message)

    def _saved(self, runner: Any) -> str:
        """Save the batch, and say where."""
        if runner.work_dir is None:
            return " The batch was not saved, since there is no work_dir."
        suffix = f"_rank{runner.rank}" if runner.rank else ""
        path = Path(runner.work_dir) / f"non_finite_batch_{runner.iter + 1}{suffix}.npz"
        try:
            save_batch(self._batch, path)
        except (OSError, ValueError) as error:
            return f" The batch could not be saved to {path}: {error}."
        return f" The batch was saved to {path}."

    def state(self) -> dict[str, Any]:
        """How many batches were left out."""
        return {"skipped": self.skipped} if self.skipped else {}

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Go on counting."""
        self.skipped = int(state.get("skipped", 0))


def _bad_value(runner: Any, loss: Any) -> float | None:
    """The value of a loss that is not finite, here or in another process; `None` of one that is, in all."""
    value = number_of(loss)
    is_bad = not math.isfinite(value)
    if runner.world_size > 1:
        is_bad = runner.processes.all_reduce(float(is_bad), "max") > 0
    return value if is_bad else None


def _buffers_of(runner: Any) -> list[Any]:
    return [slot for slot in runner.backend.slots(runner.model).values() if slot.kind == "buffer"]


def _all_ignored(runner: Any, batch: Any) -> str:
    """Say that a batch has no label that counts, if that is so: then a mean is 0 divided by 0."""
    modules = getattr(runner.model, "modules", None)
    found = {getattr(module, "ignore_index", None) for module in modules()} if callable(modules) else set()
    ignored = [index for index in found if isinstance(index, int)]
    # A pair's second part, or what a dictionary or a sample calls so.
    labels = [array for name, array in _arrays(batch, "") if name == "1" or name.rpartition(".")[2] in LABEL_KEYS]
    for index in ignored:
        if labels and all(array.size and array.dtype.kind in "iu" and (array == index).all() for array in labels):
            return (
                f" Every label of the batch is {index}, the loss's ignore_index, so that none counts and their mean is "
                "0/0: look at the labels."
            )
    return ""


def _where(value: float) -> str:
    return "" if not math.isfinite(value) else " in another process"


def save_batch(batch: Any, path: Path) -> None:
    """Save the arrays, tensors, numbers and texts of a batch, by their places in it: `inputs`, `data_samples.3.gt`.

    Args:
        batch: Mappings, lists, tuples and samples, nested.
        path: The file.

    Raises:
        OSError: It cannot be written.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "batch.npz"
        >>> save_batch({"inputs": [np.zeros(2), np.ones(2)], "label": 3}, path)
        >>> sorted(np.load(path))
        ['inputs.0', 'inputs.1', 'label']
    """
    arrays: dict[str, Any] = {name: array for name, array in _arrays(batch, "") if array.dtype != object}
    if "file" in arrays:  # the name of an argument of numpy's
        arrays["file_"] = arrays.pop("file")
    np.savez(path, **arrays)


def _arrays(value: Any, path: str) -> Iterator[tuple[str, np.ndarray[Any, Any]]]:
    to_dict = getattr(value, "to_dict", None)
    if not isinstance(value, Mapping) and callable(to_dict):
        value = to_dict()
    if isinstance(value, Mapping):
        for key, part in value.items():
            yield from _arrays(part, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list | tuple):
        for index, part in enumerate(value):
            yield from _arrays(part, f"{path}.{index}" if path else str(index))
    elif isinstance(value, np.ndarray | np.generic | bool | int | float | str):
        yield path or "batch", np.asarray(value)
    else:
        # What is neither a tensor nor anything known cannot be kept.
        with contextlib.suppress(PolyNetError):
            yield path or "batch", backend_of(value).numpy(value)


def _ordinal(number: int) -> str:
    suffix = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th") if number % 100 not in (11, 12, 13) else "th"
    return f"{number}{suffix}"
