"""Runs small enough to be followed by hand."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from polynet import nn, ops
from polynet.backend import Backend
from polynet.models.mmengine_model import BaseModel
from polynet.train.engine import Engine
from polynet.train.hook import Hook
from polynet.train.optim_wrapper import build_optim_wrapper


class Script(nn.Module):
    """A model whose step returns what its batch says, as tensors where it says `"tensor"`; it learns nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(1, 1)

    def train_step(self, data: dict[str, Any], optim_wrapper: Any) -> dict[str, Any]:
        return {key: ops.tensor(value) if key != "batch_size" else value for key, value in data.items()}

    def val_step(self, data: Any) -> Any:
        return [data]

    test_step = val_step


class Measured:
    """An evaluator that gives one list of figures after another."""

    def __init__(self, figures: Iterable[dict[str, Any]]) -> None:
        self.figures = iter(figures)

    def process(self, data_samples: Any, data_batch: Any = None) -> None:
        pass

    def evaluate(self, size: int) -> dict[str, Any]:
        return next(self.figures)


class Regression(BaseModel):
    """Fits `y = w x` with one weight, which begins at 0, by half the squared error."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(1, 1, bias=False)

    def forward(self, x: Any, y: Any, mode: str = "tensor") -> Any:
        found = self.fc(x)
        if mode == "loss":
            return {"loss": ops.mse_loss(found, y) * 0.5}
        return [found] if mode == "predict" else found


def pair(x: float, y: float) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    return np.full((1, 1), x, np.float32), np.full((1, 1), y, np.float32)


def weight(engine: Engine) -> float:
    slot = engine.backend.slots(engine.model)["fc.weight"]
    return float(slot.read()[0, 0])


def engine_of(
    backend: Backend, model: Any, batches: list[Any], hooks: Iterable[Hook], epochs: int = 1, **options: Any
) -> Engine:
    """An engine over these batches, its weight at 0 and its rate 0.1."""
    if "optim_wrapper" not in options:
        config = {"optimizer": {"type": "SGD", "lr": 0.1}, **options.pop("wrapper", {})}
        options["optim_wrapper"] = build_optim_wrapper(model, config)
    backend.slots(model)["fc.weight"].write(np.zeros((1, 1), np.float32))
    limits = options.pop("limits", {"max_epochs": epochs})
    return Engine(model, train_dataloader=batches, limits=limits, hooks=hooks, **options)
