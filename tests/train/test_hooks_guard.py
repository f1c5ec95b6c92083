"""Losses that are not finite: the weights do not see them, and the batch is kept."""

from __future__ import annotations

import logging
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from polynet import nn, ops
from polynet.backend import Backend
from polynet.errors import NonFiniteLossError, OptionError
from polynet.models.mmengine_model import BaseModel
from polynet.train.distributed import Place, Processes
from polynet.train.engine import Engine
from polynet.train.hook import Hook
from polynet.train.hooks.checkpoint_hook import CheckpointHook
from polynet.train.hooks.log_hook import LogHook
from polynet.train.hooks.logger_hook import LoggerHook
from polynet.train.hooks.non_finite_loss_hook import NonFiniteLossHook, save_batch
from polynet.train.optim_wrapper import build_optim_wrapper
from polynet.train.optim_wrapper_dict import OptimWrapperDict
from polynet.train.tasks.classification import ClassificationTask
from tests.train.hand_checked_runs import Regression, engine_of, pair, weight

GOOD, BAD = pair(1.0, 1.0), pair(1.0, math.nan)


def step(value: float, *, rate: float = 0.1) -> float:
    """The weight after a step from `value` on the batch `GOOD`."""
    return value - rate * (value - 1.0)


class Late(Hook):
    """Notes the iterations that hooks with what is kept see: averages, checkpoints."""

    priority = "ABOVE_NORMAL"

    def __init__(self) -> None:
        self.seen: list[int] = []

    def after_train_iter(self, runner: Any, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
        self.seen.append(batch_idx)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_training_stops_before_anything_is_kept_and_the_batch_is_saved(
    backend: Backend, tmp_path: Path, bad: float
) -> None:
    late = Late()
    hooks = [late, NonFiniteLossHook()]
    engine = engine_of(backend, Regression(), [GOOD, pair(2.0, bad), GOOD], hooks, work_dir=tmp_path)
    with pytest.raises(NonFiniteLossError, match=r"The loss is \w+, in iteration 2 of epoch 1\. The batch was saved"):
        engine.train()
    assert late.seen == [0]
    with np.load(tmp_path / "non_finite_batch_2.npz") as saved:
        np.testing.assert_array_equal(saved["0"], [[2.0]])
        np.testing.assert_array_equal(saved["1"], [[bad]])


def test_such_a_batch_is_left_out_if_asked_for_and_counted(
    backend: Backend, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "polynet.train")
    hook = NonFiniteLossHook(action="skip")
    hooks = [hook, LoggerHook(interval=3), LogHook(log_interval=3)]
    engine = engine_of(backend, Regression(), [GOOD, BAD, GOOD], hooks, work_dir=tmp_path)
    engine.train()
    assert weight(engine) == pytest.approx(step(step(0.0)))
    assert hook.skipped == 1
    assert engine.message["skipped"] == 1
    assert "Iteration 2: the loss is nan; the batch is left out, the 1st in all." in caplog.text
    mean = (0.5 + 0.5 * 0.9**2) / 2
    assert f"loss: {mean:.4f}" in caplog.text.partition("Epoch(train)")[2].splitlines()[0]
    assert f"loss: {mean:.4f}({mean:.4f})" in caplog.text
    assert (tmp_path / "non_finite_batch_2.npz").exists()


def test_a_run_whose_batches_are_all_bad_ends(backend: Backend) -> None:
    engine = engine_of(backend, Regression(), [GOOD, *[BAD] * 9], [NonFiniteLossHook("skip", limit=3)])
    with pytest.raises(NonFiniteLossError, match="so on 3 times"):
        engine.train()
    assert engine.iter == 4


def test_batches_left_out_now_and_then_do_not_add_up(backend: Backend) -> None:
    hook = NonFiniteLossHook("skip", limit=1)
    engine_of(backend, Regression(), [GOOD, BAD] * 5, [hook]).train()
    assert hook.skipped == 5


def test_accumulation_goes_on_past_a_batch_left_out(backend: Backend) -> None:
    wrapper = {"accumulative_counts": 2}
    hooks = [NonFiniteLossHook("skip")]
    engine = engine_of(backend, Regression(), [GOOD, BAD, GOOD, GOOD, BAD, BAD, GOOD], hooks, wrapper=wrapper)
    engine.train()
    # Steps end after the 2nd, 4th, 6th and 7th batch: of half a gradient, a whole one, none, and the remainder of one.
    expected = step(step(step(0.0, rate=0.05)))
    assert weight(engine) == pytest.approx(expected)


def test_gradients_that_are_not_finite_end_training_where_they_are_measured(backend: Backend) -> None:
    # The squared error is finite, its gradient overflows.
    wrapper = {"clip_grad": {"max_norm": 1.0}}
    engine = engine_of(backend, Regression(), [pair(3e38, 1e19)], [NonFiniteLossHook()], wrapper=wrapper)
    with pytest.raises(
        NonFiniteLossError, match=r"The gradients have the norm (inf|nan), and the weights were changed"
    ):
        engine.train()


class Normalised(BaseModel):
    """Fits `y` by a weight of normalised `x`."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(1)
        self.fc = nn.Linear(1, 1, bias=False)

    def forward(self, x: Any, y: Any, mode: str = "tensor") -> Any:
        found = self.fc(self.norm(x))
        return {"loss": ops.mse_loss(found, y)} if mode == "loss" else found


def test_a_batch_left_out_leaves_running_statistics_alone(backend: Backend) -> None:
    column = np.arange(4, dtype=np.float32)[:, None]
    engines = [
        engine_of(backend, Normalised(), batches, [NonFiniteLossHook("skip")])
        for batches in ([(column, column)], [(column, column), (column * np.float32(math.nan), column)])
    ]
    for engine in engines:
        engine.train()
    expected, found = ({name: slot.read() for name, slot in backend.slots(e.model).items()} for e in engines)
    assert "norm.running_mean" in found
    for name, array in expected.items():
        np.testing.assert_array_equal(found[name], array, err_msg=name)


class Two(BaseModel):
    """Two weights with an optimiser each, one after the other in a step."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(1, 1)
        self.fc = nn.Linear(1, 1, bias=False)

    def forward(self, x: Any, y: Any, mode: str = "tensor") -> Any:
        # The gradient of softplus has none itself on MegEngine, so that it must not be recorded for another optimiser.
        return ops.mean(ops.softplus(self.fc(self.first(x)) - y))

    def train_step(self, data: Any, optim_wrapper: Any) -> dict[str, Any]:
        x, y = self.preprocess(data, training=True)
        for name in ("first", "fc"):
            with optim_wrapper[name].optim_context(self):
                loss = self(x, y)
                optim_wrapper[name].update_params(loss)
        return {"loss": loss}


def test_training_by_several_optimisers_goes_on_past_a_batch_left_out(backend: Backend) -> None:
    model = Two()
    config = {"optimizer": {"type": "SGD", "lr": 0.1}}
    wrappers = {name: build_optim_wrapper(getattr(model, name), config) for name in ("first", "fc")}
    hook = NonFiniteLossHook("skip")
    engine_of(backend, model, [GOOD, BAD, GOOD], [hook], epochs=2, optim_wrapper=OptimWrapperDict(**wrappers)).train()
    assert hook.skipped == 4


def test_weights_that_went_bad_unseen_are_not_kept(backend: Backend, tmp_path: Path) -> None:
    class Spoil(Hook):
        def after_train_iter(self, runner: Any, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
            if runner.iter == 1:
                backend.slots(runner.model)["fc.weight"].write(np.full((1, 1), math.nan, np.float32))

    keep = CheckpointHook(interval=1, by_epoch=False)
    engine = engine_of(backend, Regression(), [GOOD] * 3, [NonFiniteLossHook(), Spoil(), keep], work_dir=tmp_path)
    with pytest.raises(NonFiniteLossError, match=r"fc\.weight is not finite any more after iteration 2"):
        engine.train()
    assert [path.name for path in tmp_path.glob("*.safetensors")] == ["iter_1.safetensors"]


def test_the_guard_is_gone_after_the_run(backend: Backend) -> None:
    engine = engine_of(backend, Regression(), [GOOD], [NonFiniteLossHook()])
    engine.train()
    assert "update_params" not in vars(engine.optim_wrapper)


def test_every_process_stops_with_the_one_whose_loss_is_bad(backend: Backend) -> None:
    class Others(Processes):
        def all_reduce(self, value: Any, how: str = "sum") -> Any:
            return value if isinstance(value, bool) else 1.0  # a truth value asks whether training is to stop

    engine: Any = engine_of(backend, Regression(), [GOOD], [NonFiniteLossHook()])
    engine.processes = Others(Place(rank=0, world_size=2))
    with pytest.raises(NonFiniteLossError, match="in another process"):
        engine.train()


def test_every_process_leaves_out_what_one_cannot_use(backend: Backend) -> None:
    class Others(Processes):
        """Processes of which another has a bad loss in its second batch."""

        count = 0

        def all_reduce(self, value: Any, how: str = "sum") -> Any:
            if isinstance(value, bool):  # which asks whether training is to stop
                return value
            assert how == "max"
            self.count += 1
            return 1.0 if self.count == 2 else value

    engine: Any = engine_of(backend, Regression(), [GOOD, GOOD, GOOD], [NonFiniteLossHook("skip")])
    engine.processes = Others(Place(rank=0, world_size=2))
    engine.train()
    assert weight(engine) == pytest.approx(step(step(0.0)))


def test_the_count_survives_a_stop() -> None:
    hook, again = NonFiniteLossHook("skip"), NonFiniteLossHook("skip")
    hook.skipped = 4
    again.load_state(hook.state())
    assert again.skipped == 4


def test_a_batch_is_saved_by_the_places_of_its_arrays(backend: Backend, tmp_path: Path) -> None:
    batch = {
        "inputs": [backend.tensor(np.ones(2, np.float32)), np.zeros(3)],
        "names": ("a", "b"),
        "nested": {"file": 3, "nothing": None, "odd": object()},
        "file": True,
    }
    save_batch(batch, tmp_path / "batch.npz")
    with np.load(tmp_path / "batch.npz") as saved:
        found = {name: saved[name].tolist() for name in saved}
    assert found == {
        "inputs.0": [1.0, 1.0],
        "inputs.1": [0.0, 0.0, 0.0],
        "names.0": "a",
        "names.1": "b",
        "nested.file": 3,
        "file_": True,
    }


@pytest.mark.parametrize("options", [{"action": "ignore"}, {"limit": -1}, {"limit": 1.5}])
def test_wrong_options_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(OptionError):
        NonFiniteLossHook(**options)


def test_without_a_folder_the_message_says_that_nothing_was_saved(backend: Backend) -> None:
    hooks: list[Hook] = [NonFiniteLossHook()]
    with pytest.raises(NonFiniteLossError, match="there is no work_dir"):
        engine_of(backend, Regression(), [BAD], hooks).train()


@pytest.mark.parametrize("action", ["stop", "skip"])
@pytest.mark.parametrize("labels", [[-100, -100], [-100, 1]])
def test_a_batch_whose_labels_are_all_ignored_is_said_to_be_one(
    backend: Backend, caplog: pytest.LogCaptureFixture, action: str, labels: list[int]
) -> None:
    images = np.array([[1.0], [math.nan if 1 in labels else 2.0]], np.float32)
    task = ClassificationTask(nn.Sequential(nn.Linear(1, 3)), loss="CrossEntropy")
    task.init_weights()
    engine = Engine(
        task,
        train_dataloader=[{"inputs": images, "labels": np.array(labels)}],
        limits={"max_epochs": 1},
        optim_wrapper=build_optim_wrapper(task, {"optimizer": {"type": "SGD", "lr": 0.1}}),
        hooks=[NonFiniteLossHook(action, limit=1)],
    )
    if action == "stop":
        with pytest.raises(NonFiniteLossError) as caught:
            engine.train()
        said = str(caught.value)
        assert ("A smaller learning rate" in said) is (1 in labels)
    else:
        caplog.set_level(logging.WARNING, "polynet.train")
        engine.train()
        said = caplog.text
    assert ("Every label of the batch is -100, the loss's ignore_index" in said) is (1 not in labels)
