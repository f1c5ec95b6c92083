"""Runs small enough to be repeated many times: a linear model with dropout, and an engine around it."""

from __future__ import annotations

from typing import Any

import numpy as np

from polynet import nn, ops
from polynet.backend import use_backend
from polynet.nn import initialise
from polynet.train.engine import Engine
from polynet.train.hook import Hook

BATCHES = 5


class HandWrapper:
    """SGD with momentum, by hand over canonical arrays: the same on every framework."""

    def __init__(self, model: Any) -> None:
        self.model = model
        self.momenta: dict[str, np.ndarray[Any, Any]] = {}
        self.scale = 1024.0
        self.refuses = False

    def step(self, loss_function: Any) -> float:
        backend = self.model.backend
        slots = {name: slot for name, slot in backend.slots(self.model).items() if slot.trainable}
        loss, gradients = backend.differentiate(loss_function, [slot.tensor for slot in slots.values()])
        for (name, slot), gradient in zip(slots.items(), gradients, strict=True):
            array = slot.canonical(gradient)
            self.momenta[name] = 0.9 * self.momenta.get(name, np.zeros_like(array)) + array
            slot.write(slot.read() - np.float32(0.05) * self.momenta[name])
        return float(backend.numpy(loss))

    def state(self) -> dict[str, Any]:
        return {"optimizer": {"name": "hand", "slots": dict(self.momenta)}, "scale": self.scale}

    def load_state(self, state: Any) -> None:
        if self.refuses or state["optimizer"]["name"] != "hand":
            message = "The optimiser's state does not fit."
            raise ValueError(message)
        self.momenta = {name: np.array(array) for name, array in state["optimizer"]["slots"].items()}
        self.scale = state["scale"]


class SmallModel(nn.Module):
    """Two linear layers with dropout between them."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(6, 8)
        self.norm = nn.BatchNorm1d(8)
        self.drop = nn.Dropout(0.5)
        self.second = nn.Linear(8, 3)

    @property
    def backend(self) -> Any:
        from polynet.backend import backend_of

        return backend_of(self)

    def forward(self, x: Any) -> Any:
        return self.second(self.drop(ops.relu(self.norm(self.first(x)))))

    def train_step(self, data: Any, optim_wrapper: Any) -> dict[str, Any]:
        images, targets = (self.backend.tensor(part) for part in data)
        return {"loss": optim_wrapper.step(lambda: ops.mse_loss(self(images), targets))}

    def val_step(self, data: Any) -> Any:
        return self.backend.numpy(self(self.backend.tensor(data[0])))

    test_step = val_step


class SmallLoader:
    """Batches that follow from the epoch and the index alone."""

    def __init__(self, batches: int = BATCHES, seed: int = 0) -> None:
        self.count, self.seed = batches, seed

    def __len__(self) -> int:
        return self.count

    def batches(self, epoch: int, start: int = 0) -> Any:
        for index in range(start, self.count):
            generator = np.random.default_rng((self.seed, epoch, index))
            yield generator.standard_normal((4, 6), np.float32), generator.standard_normal((4, 3), np.float32)


class Losses(Hook):
    """Notes every loss; its list survives a stop."""

    priority = "LOW"

    def __init__(self) -> None:
        self.losses: list[float] = []

    def after_train_iter(self, runner: Any, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
        self.losses.append(float(outputs["loss"]))

    def state(self) -> dict[str, Any]:
        return {"losses": self.losses}

    def load_state(self, state: Any) -> None:
        self.losses = list(state["losses"])


class StopAfter(Hook):
    """Asks for a stop after so many iterations of all."""

    def __init__(self, iterations: int) -> None:
        self.iterations = iterations

    def after_train_iter(self, runner: Any, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
        if runner.iter + 1 == self.iterations:
            runner.request_stop("as the test wants")


class Scores:
    """An evaluator that gives the scores it was told, one after another."""

    def __init__(self, *scores: float, name: str = "accuracy") -> None:
        self.scores, self.name = list(scores), name

    def process(self, data_samples: Any, data_batch: Any = None) -> None:
        return

    def evaluate(self, size: int) -> dict[str, Any]:
        return {self.name: self.scores.pop(0)}


def small_engine(backend: Any, work_dir: Any = None, *hooks: Hook, epochs: int = 3, **options: Any) -> Engine:
    with use_backend(backend):
        model = options.pop("model", None) or SmallModel()
        initialise(model, 0)
    options.setdefault("train_dataloader", SmallLoader())
    if options.get("val_evaluator") is not None:
        options.setdefault("val_dataloader", SmallLoader(1))
    return Engine(
        model,
        work_dir=work_dir,
        optim_wrapper=options.pop("optim_wrapper", None) or HandWrapper(model),
        limits=options.pop("limits", {"max_epochs": epochs}),
        hooks=hooks,
        **options,
    )


def everything(engine: Engine) -> dict[str, Any]:
    """All numbers of a run, to be compared bit for bit."""
    import polynet

    found = {f"model/{name}": array for name, array in polynet.state(engine.model).items()}
    return found | {f"momentum/{name}": array for name, array in engine.optim_wrapper.momenta.items()}


def assert_identical(found: dict[str, Any], wanted: dict[str, Any]) -> None:
    assert found.keys() == wanted.keys()
    for name, array in wanted.items():
        assert found[name].dtype == array.dtype, name
        assert found[name].shape == array.shape, name
        assert found[name].tobytes() == array.tobytes(), name
