"""Steps of training on small grey images: one framework against the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import polynet
from benchmarks.timing import Result, interleaved
from polynet.train.optim_wrapper import build_optim_wrapper
from polynet.train.tasks.classification import ClassificationTask

BATCH = 64
NETWORK = {"name": "resnet18", "in_channels": 1, "num_classes": 10}


def run(scale: float = 1.0) -> Iterator[Result]:
    """ResNet-18 on batches of the size of FashionMNIST's images, MegEngine against torch."""
    draw = np.random.default_rng(0)
    data = (draw.standard_normal((BATCH, 1, 28, 28), dtype=np.float32), draw.integers(0, 10, BATCH))
    timing = interleaved(
        _step_of("megengine", data), _step_of("torch", data), rounds=max(4, int(12 * scale)), warm_up=2
    )
    result = timing.result(f"megengine against torch: resnet18 step, 1x28x28, batch {BATCH}", "below 1.5")
    yield result
    for name, seconds in (("megengine", result.ours), ("torch", result.theirs)):
        yield Result(f"{name}: resnet18, 1x28x28", BATCH / seconds if seconds else 0.0, None, "", unit="images/s")


def _step_of(backend: str, data: Any) -> Callable[[], float]:
    net = polynet.build(NETWORK, backend=backend, seed=0)
    with polynet.use_backend(backend) as active:
        task = ClassificationTask(net)
        wrapper = build_optim_wrapper(task, {"optimizer": {"type": "SGD", "lr": 1e-4, "momentum": 0.9}})
        active.set_training(task, True)

    def step() -> float:
        with polynet.use_backend(backend):
            loss = float(task.train_step(data, optim_wrapper=wrapper)["loss"])
            active.synchronise()
        return loss

    return step
