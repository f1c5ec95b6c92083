"""Whole networks: forward pass and training step, PolyNet against a hand-written native module, on each framework."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import polynet
from benchmarks.timing import Result, interleaved
from polynet import nn, ops
from polynet.types import Tensor

CASES: dict[str, tuple[int, tuple[int, ...], int, int, bool]] = {
    "resnet50 at 224, batch 1": (1, (3, 224, 224), 15, 1, True),
    "resnet18 at 32, batch 2": (2, (3, 32, 32), 101, 2, True),
    "MLP 16-32-32-10, batch 8": (8, (16,), 201, 50, True),
}
"""Case: batch, input, rounds, calls per timing, whether it is trained too."""


class MLP(nn.Module):
    """The small network of `native_torch.MLP`, in neutral layers."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(16, 32)
        self.second = nn.Linear(32, 32)
        self.third = nn.Linear(32, 10)

    def forward(self, x: Tensor) -> Tensor:
        return self.third(ops.relu(self.second(ops.relu(self.first(x)))))


def _ours(case: str, backend: str) -> Any:
    name: Any = MLP if case.startswith("MLP") else case.split()[0]
    return polynet.build(name, backend=backend, seed=0)


def _theirs(case: str, native: Any) -> Any:
    return native.MLP() if case.startswith("MLP") else getattr(native, case.split()[0])()


def run(backend: str, rounds_scale: float = 1.0) -> Iterator[Result]:
    """Time every case on a backend."""
    pairs = {"torch": _torch_actions, "megengine": _megengine_actions}[backend]
    for case, (batch, shape, rounds, calls, _) in CASES.items():
        draw = np.random.default_rng(0)
        images = draw.standard_normal((batch, *shape), dtype=np.float32)
        labels = draw.integers(0, 10, batch)
        rounds = max(3, int(rounds * rounds_scale))
        for what, ours, theirs in pairs(case, images, labels):
            few = what == "training step" and "224" in case and backend == "megengine"
            timed = interleaved(
                ours, theirs, rounds=3 if few else rounds, calls=1 if few else calls, warm_up=1 if few else 2
            )
            goal = (
                "below 1: the native weight gradient is slow"
                if what == "training step" and backend == "megengine"
                else "1.00 ± 0.02"
            )
            yield timed.result(f"{backend}: {case}, {what}", goal)


def _torch_actions(
    case: str, images: Any, labels: Any
) -> Iterator[tuple[str, Callable[[], object], Callable[[], object]]]:
    import torch

    from benchmarks import native_torch

    x, y = torch.from_numpy(images), torch.from_numpy(labels)
    nets = [_ours(case, "torch"), _theirs(case, native_torch)]

    def forward(net: Any) -> Callable[[], object]:
        def call() -> object:
            with torch.no_grad():
                return net(x)

        return call

    for net in nets:
        net.eval()
    yield "forward", forward(nets[0]), forward(nets[1])
    for net in nets:
        net.train()
    optimizers = [torch.optim.SGD(net.parameters(), 1e-4, momentum=0.9) for net in nets]
    if len(images) > 1 or "resnet" not in case:
        yield (
            "training step",
            lambda: native_torch.training_step(nets[0], x, y, optimizers[0]),
            lambda: native_torch.training_step(nets[1], x, y, optimizers[1]),
        )


def _megengine_actions(
    case: str, images: Any, labels: Any
) -> Iterator[tuple[str, Callable[[], object], Callable[[], object]]]:
    import megengine
    from megengine.autodiff import GradManager
    from megengine.optimizer import SGD

    from benchmarks import native_megengine

    x, y = megengine.Tensor(images), megengine.Tensor(labels.astype(np.int32))
    nets = [_ours(case, "megengine"), _theirs(case, native_megengine)]
    for net in nets:
        net.eval()
    yield "forward", lambda: nets[0](x).numpy(), lambda: nets[1](x).numpy()
    for net in nets:
        net.train()
    optimizers = [SGD(list(net.parameters()), 1e-4, momentum=0.9) for net in nets]
    managers = [GradManager().attach(list(net.parameters())) for net in nets]
    if len(images) > 1 or "resnet" not in case:
        yield (
            "training step",
            lambda: native_megengine.training_step(nets[0], x, y, optimizers[0], managers[0]),
            lambda: native_megengine.training_step(nets[1], x, y, optimizers[1], managers[1]),
        )
