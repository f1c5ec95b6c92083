"""The programs of MMEngine's guide to models, with PolyNet's names in their imports and less data."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from polynet.dialects.mmengine.evaluator import BaseMetric
from polynet.dialects.mmengine.model import BaseModel

from polynet import nn, ops
from polynet.backend import Backend, use_backend
from polynet.metrics.evaluator import Evaluator
from polynet.nn import initialise
from polynet.train.engine import Engine
from polynet.train.hook import Hook
from polynet.train.optim_wrapper import OptimWrapper
from polynet.weights import state

IMAGES = np.random.default_rng(0).random((24, 1, 28, 28), np.float32)
LABELS = np.arange(24) % 10


def batches(size: int = 8) -> list[tuple[Any, Any]]:
    return [(IMAGES[start : start + size], LABELS[start : start + size]) for start in range(0, 24, size)]


class NeuralNetwork(BaseModel):
    """The guide's, its layers written for all frameworks."""

    def __init__(self, init_cfg: Any = None) -> None:
        super().__init__(init_cfg=init_cfg)
        self.flatten = nn.Flatten()
        self.linear_relu_stack = nn.Sequential(
            nn.Linear(28 * 28, 16),
            nn.ReLU(),
            nn.Linear(16, 16),
            nn.ReLU(),
            nn.Linear(16, 10),
        )
        self.loss = nn.CrossEntropyLoss()

    def forward(self, img: Any, label: Any, mode: str = "tensor") -> Any:
        x = self.flatten(img)
        pred = self.linear_relu_stack(x)
        loss = self.loss(pred, label)
        if mode == "loss":
            return {"loss": loss}
        return ops.argmax(pred, dim=1), loss.item()


class FashionMnistMetric(BaseMetric):
    """The guide's."""

    def process(self, data: Any, preds: Any) -> None:
        self.results.append(((data[1] == ops.to_numpy(preds[0])).sum() / len(preds[0]), preds[1]))

    def compute_metrics(self, results: Any) -> dict[str, Any]:
        correct, loss = zip(*results, strict=True)
        return {"Accuracy": sum(correct) / len(self.results), "Avg_loss": sum(loss) / len(self.results)}


class Outputs(Hook):
    """Notes what a validation gave and what training logged."""

    def __init__(self) -> None:
        self.predicted: list[Any] = []
        self.logged: list[float] = []

    def after_train_iter(self, runner: Any, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
        self.logged.append(float(outputs["loss"]))

    def after_val_iter(self, runner: Any, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
        self.predicted.append(outputs)


@pytest.mark.checklist("S2-65", "S2-66")
def test_the_guides_network_gives_what_it_says_in_each_mode(backend: Backend) -> None:
    model = NeuralNetwork()
    img, label = backend.tensor(IMAGES[:8]), backend.tensor(LABELS[:8])
    losses = model(img, label, mode="loss")
    assert list(losses) == ["loss"]
    for mode in ({}, {"mode": "tensor"}, {"mode": "predict"}):
        labels, loss = model(img, label, **mode)
        assert tuple(labels.shape) == (8,)
        assert isinstance(loss, float)
        assert loss == pytest.approx(float(losses["loss"].item()), abs=1e-6)
    assert isinstance(model.linear_relu_stack[0], backend.native_module_type)


@pytest.mark.checklist("S2-65", "S2-66")
def test_the_guides_network_runs_as_it_is_written_for_torch() -> None:
    torch = pytest.importorskip("torch")

    class Verbatim(BaseModel):
        def __init__(self) -> None:
            super(Verbatim, self).__init__()  # noqa: UP008 - as the guide writes it
            self.flatten = torch.nn.Flatten()
            self.linear_relu_stack = torch.nn.Sequential(torch.nn.Linear(28 * 28, 16), torch.nn.Linear(16, 10))
            self.loss = torch.nn.CrossEntropyLoss()

        def forward(self, img: Any, label: Any, mode: str = "tensor") -> Any:
            x = self.flatten(img)
            pred = self.linear_relu_stack(x)
            loss = self.loss(pred, label)
            if mode == "loss":
                return dict(loss=loss)  # noqa: C408 - as the guide writes it
            else:
                return pred.argmax(1), loss.item()

    with use_backend("torch") as backend:
        model = Verbatim()
        loader = torch.utils.data.DataLoader(
            torch.utils.data.TensorDataset(torch.from_numpy(IMAGES), torch.from_numpy(LABELS)), batch_size=8
        )
        wrapper = OptimWrapper(backend.optimizer("SGD", model, lr=0.05))
        losses = [float(model.train_step(batch, wrapper)["loss"]) for _ in range(6) for batch in loader]
        labels, loss = model.val_step(next(iter(loader)))
    assert np.mean(losses[-3:]) < np.mean(losses[:3])
    assert labels.shape == (8,)
    assert isinstance(loss, float)


@pytest.mark.checklist("S2-3", "S2-64")
def test_a_loop_by_hand_trains_a_network_of_the_library(backend: Backend) -> None:
    class Plain(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.flatten = nn.Flatten()
            self.linear_relu_stack = nn.Sequential(nn.Linear(28 * 28, 16), nn.ReLU(), nn.Linear(16, 10))

        def forward(self, x: Any) -> Any:
            return self.linear_relu_stack(self.flatten(x))

    model, loss_fn = Plain(), nn.CrossEntropyLoss()
    initialise(model, 0)
    optimizer = backend.optimizer("SGD", model, lr=0.1)
    losses = [
        optimizer.step(lambda x=x, y=y: loss_fn(model(backend.tensor(x)), backend.tensor(y)))
        for _ in range(8)
        for x, y in batches()
    ]
    model.eval()
    correct = 0
    with ops.no_grad():
        for x, y in batches():
            correct += int((ops.to_numpy(model(backend.tensor(x))).argmax(1) == y).sum())
    assert np.mean(losses[-3:]) < 0.9 * np.mean(losses[:3])
    assert correct > 24 * 0.2


@pytest.mark.checklist("S2-64")
def test_torchs_own_loop_trains_a_network_of_the_library() -> None:
    torch = pytest.importorskip("torch")
    with use_backend("torch"):
        model = nn.Sequential(nn.Flatten(), nn.Linear(28 * 28, 16), nn.ReLU(), nn.Linear(16, 10))
    loss_fn = torch.nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-1)
    losses = []
    for _ in range(8):
        for x, y in batches():
            loss = loss_fn(model(torch.from_numpy(x)), torch.from_numpy(y))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    assert np.mean(losses[-3:]) < 0.9 * np.mean(losses[:3])


@pytest.mark.checklist("S2-64")
def test_megengines_own_loop_trains_a_network_of_the_library() -> None:
    megengine = pytest.importorskip("megengine")
    autodiff = pytest.importorskip("megengine.autodiff")
    optimizers = pytest.importorskip("megengine.optimizer")
    functional = pytest.importorskip("megengine.functional")
    with use_backend("megengine"):
        model = nn.Sequential(nn.Flatten(), nn.Linear(28 * 28, 16), nn.ReLU(), nn.Linear(16, 10))
    manager = autodiff.GradManager().attach(model.parameters())
    optimizer = optimizers.SGD(model.parameters(), lr=1e-1)
    losses = []
    for _ in range(8):
        for x, y in batches():
            with manager:
                loss = functional.loss.cross_entropy(model(megengine.tensor(x)), megengine.tensor(y.astype(np.int32)))
                manager.backward(loss)
            optimizer.step().clear_grad()
            losses.append(loss.item())
    assert np.mean(losses[-3:]) < 0.9 * np.mean(losses[:3])


@pytest.mark.checklist("S2-47", "S2-57", "S2-60", "S2-62", "S2-73", "S2-74")
def test_an_engine_initialises_trains_and_validates_the_guides_network(backend: Backend) -> None:
    model = NeuralNetwork({"type": "Constant", "val": 0.01, "layer": "Linear"})
    assert not (state(model)["linear_relu_stack.0.weight"] == np.float32(0.01)).all()
    notes, evaluator = Outputs(), Evaluator({"type": FashionMnistMetric})
    engine = Engine(
        model,
        train_dataloader=batches(),
        optim_wrapper=OptimWrapper(backend.optimizer("SGD", model, lr=0.0)),
        limits={"max_epochs": 2, "val_interval": 2},
        val_dataloader=batches(),
        val_evaluator=evaluator,
        hooks=[notes],
    )
    engine.train()
    assert (state(model)["linear_relu_stack.0.weight"] == np.float32(0.01)).all()
    assert np.mean(notes.logged) == pytest.approx(np.log(10), abs=1e-4)  # every class is as likely
    assert len(notes.logged) == 6
    assert [tuple(labels.shape) for labels, _ in notes.predicted] == [(8,)] * 3
    assert [loss for _, loss in notes.predicted] == [pytest.approx(np.log(10), abs=1e-4)] * 3
