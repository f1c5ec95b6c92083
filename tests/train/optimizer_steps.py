"""A small network with every kind of parameter, and steps of an optimiser over it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from polynet import nn, ops
from polynet.backend import Backend, use_backend
from polynet.optimizer import Optimizer
from polynet.types import Tensor

WITHOUT_GRADIENT = "stem.bias"
"""The batch normalisation after this bias takes it away again, so its true gradient is 0: what a framework computes is
rounding noise, of which Adam and its like make steps of full length, up or down as the noise has it."""

_IMAGES = np.random.default_rng(7).standard_normal((8, 3, 6, 6)).astype(np.float32)
_LABELS = np.arange(8) % 4


class SmallNet(nn.Module):
    """Convolution, batch normalisation, grouped convolution, linear layer."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, padding=1)
        self.norm = nn.BatchNorm2d(8)
        self.grouped = nn.Conv2d(8, 8, 3, groups=4)
        self.classifier = nn.Linear(8, 4)

    def forward(self, images: Tensor) -> Tensor:
        maps = ops.relu(self.norm(self.stem(images)))
        return self.classifier(ops.mean(ops.relu(self.grouped(maps)), dim=(2, 3)))


def small_net(backend: Backend) -> Any:
    """The network with the same weights on every framework, training."""
    with use_backend(backend):
        net = SmallNet()
        nn.initialise(net, 3)
    return net.train()


def loss_of(backend: Backend, net: Any, rows: slice = slice(None)) -> Tensor:
    """The loss of the batch, or of some rows of it."""
    with use_backend(backend):
        return ops.cross_entropy(net(backend.tensor(_IMAGES[rows])), backend.tensor(_LABELS[rows]))


def take_steps(backend: Backend, net: Any, optimizer: Optimizer, count: int, clip: float | None = None) -> None:
    """Whole steps, as a training loop takes them."""
    for _ in range(count):
        optimizer.zero_grad()
        with optimizer.recording():
            optimizer.backward(loss_of(backend, net))
        if clip is not None:
            optimizer.clip_gradients_by_norm(clip)
        optimizer.step()


def weights(backend: Backend, net: Any) -> dict[str, np.ndarray[Any, Any]]:
    """Every trained parameter that has a true gradient, by canonical name."""
    return {
        name: slot.read()
        for name, slot in backend.slots(net).items()
        if slot.kind == "parameter" and name != WITHOUT_GRADIENT
    }


def largest_difference(
    left: Mapping[str, np.ndarray[Any, Any]], right: Mapping[str, np.ndarray[Any, Any]]
) -> tuple[float, str]:
    """The largest difference between two sets of weights of the same names and shapes, and where it is."""
    assert list(left) == list(right)
    assert [array.shape for array in left.values()] == [array.shape for array in right.values()]
    return max((float(np.abs(left[name].astype(np.float64) - right[name]).max()), name) for name in left)
