"""The training loop: the engine with the hooks of every run against a loop written by hand over the same network."""

from __future__ import annotations

import itertools
import logging
import math
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

import polynet
from benchmarks.networks import MLP
from benchmarks.timing import Result, Timing
from polynet import nn, ops
from polynet.backend import get_backend
from polynet.train.engine import Engine
from polynet.train.hook import Hook
from polynet.train.optim_wrapper import build_optim_wrapper
from polynet.train.registry import HOOKS
from polynet.train.tasks.classification import ClassificationTask
from polynet.types import Tensor


class WideMLP(nn.Module):
    """A perceptron for images of 28 by 28."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(784, 512)
        self.second = nn.Linear(512, 512)
        self.third = nn.Linear(512, 10)

    def forward(self, x: Tensor) -> Tensor:
        return self.third(ops.relu(self.second(ops.relu(self.first(x)))))


CASES: dict[str, tuple[Any, tuple[int, ...], int, int, int, str]] = {
    "resnet18 at 32, batch 128": ("resnet18", (3, 32, 32), 128, 1, 6, "below 1.03"),
    "MLP 784-512-512-10, batch 64": (WideMLP, (784,), 64, 20, 30, "below 1.10"),
    "MLP 16-32-32-10, batch 128": (MLP, (16,), 128, 100, 30, "below 1.10"),
}
"""Case: network, input, batch, iterations to a round, rounds, goal."""

EVERY_RUN: tuple[dict[str, Any], ...] = (
    *({"type": name} for name in ("RuntimeInfoHook", "IterTimerHook", "DistSamplerSeedHook", "NonFiniteLossHook")),
    *({"type": name} for name in ("ParamSchedulerHook", "ProgressHook")),
    *({"type": name, "interval": 100} for name in ("LoggerHook", "JsonLinesHook")),
)
"""The hooks of every run, but for checkpoints."""


class _Alternating(Hook):
    """After every few iterations of the engine, times as many of the loop by hand."""

    priority = "HIGHEST"

    def __init__(self, by_hand: Callable[[], None], iterations: int) -> None:
        self.by_hand, self.iterations = by_hand, iterations
        self.ours: list[float] = []
        self.theirs: list[float] = []
        self._began = 0.0

    def before_train_iter(self, runner: Any, batch_idx: int, data_batch: Any = None) -> None:
        if runner.iter % self.iterations:
            return
        if runner.iter:
            runner.backend.synchronise()
            self.ours.append(time.perf_counter() - self._began)
            began = time.perf_counter()
            for _ in range(self.iterations):
                self.by_hand()
            runner.backend.synchronise()
            self.theirs.append(time.perf_counter() - began)
        self._began = time.perf_counter()


def run(backend: str, rounds_scale: float = 1.0) -> Iterator[Result]:
    """Time every case on a backend; the first round is left out."""
    for name, (network, shape, batch, iterations, rounds, goal) in CASES.items():
        rounds = max(4, int(rounds * rounds_scale))
        draw = np.random.default_rng(0)
        data = (draw.standard_normal((batch, *shape), dtype=np.float32), draw.integers(0, 10, batch))
        total = iterations * (rounds + 2)
        timer = _Alternating(_by_hand(backend, network, data, total), iterations)
        with tempfile.TemporaryDirectory() as folder:
            engine_of(backend, network, data, [timer], total, Path(folder)).train()
        yield Timing(timer.ours[1:], timer.theirs[1:]).result(f"{backend}: training loop, {name}", goal)


def engine_of(backend: str, network: Any, data: Any, more: list[Hook], iterations: int, folder: Path) -> Engine:
    """An engine that trains on one batch again and again, with the hooks of every run."""
    _silence()
    net = polynet.build(network, backend=backend, seed=0)
    with polynet.use_backend(backend):
        task = ClassificationTask(net, topk=())  # the loop by hand counts no hits either
        wrapper = build_optim_wrapper(task, {"optimizer": {"type": "SGD", "lr": 1e-4, "momentum": 0.9}})
        hooks = [*more, *map(HOOKS.build, EVERY_RUN)]
    return Engine(
        task,
        work_dir=folder,
        optim_wrapper=wrapper,
        train_dataloader=[data] * iterations,
        limits={"max_iters": iterations},
        param_schedulers=[{"type": "CosineAnnealingLR", "by_epoch": False, "T_max": iterations}],
        hooks=hooks,
    )


def _silence() -> None:
    """Have the log written to its file alone."""
    logger = logging.getLogger("polynet.train")
    logger.propagate = False
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())


def _by_hand(backend: str, network: Any, data: Any, iterations: int) -> Callable[[], None]:
    """A step of the same recipe, schedule included, in the framework's own words."""
    net = polynet.build(network, backend=backend, seed=0)
    get_backend(backend).set_training(net, True)
    return {"torch": _torch_loop, "megengine": _megengine_loop}[backend](net, *data, iterations)


def _torch_loop(net: Any, images: Any, labels: Any, iterations: int) -> Callable[[], None]:
    import torch
    from torch.nn import functional

    optimizer = torch.optim.SGD(net.parameters(), 1e-4, momentum=0.9)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=iterations)

    def step() -> None:
        loss = functional.cross_entropy(net(torch.from_numpy(images)), torch.from_numpy(labels))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        scheduler.step()
        loss.item()

    return step


def _megengine_loop(net: Any, images: Any, labels: Any, iterations: int) -> Callable[[], None]:
    import megengine
    from megengine import functional
    from megengine.autodiff import GradManager
    from megengine.optimizer import SGD

    optimizer = SGD(list(net.parameters()), 1e-4, momentum=0.9)
    done = itertools.count(1)
    manager = GradManager().attach(list(net.parameters()))

    def step() -> None:
        x, y = megengine.tensor(images), megengine.tensor(labels.astype(np.int32))
        with manager:
            loss = functional.nn.cross_entropy(net(x), y)
            manager.backward(loss)
        optimizer.step().clear_grad()
        for group in optimizer.param_groups:
            group["lr"] = 1e-4 * (1 + math.cos(math.pi * next(done) / iterations)) / 2
        loss.item()

    return step
