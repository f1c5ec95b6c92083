"""Part three: a small network trained on handwritten digits, on both frameworks from the same seed and batches."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import numpy as np

from polynet import nn, ops
from polynet.backend import backend_of
from polynet.builder import build
from polynet.data import Digits, load_digits
from polynet.types import NativeModule, Tensor

EPOCHS = 8
BATCH_SIZE = 64
COMPARED_STEPS = 20
LOSS_TOLERANCE = 1e-4
LEAST_ACCURACY = 0.95
_SETTINGS: dict[str, Any] = {"lr": 0.02, "momentum": 0.9, "weight_decay": 1e-4}


class DigitNetwork(nn.Module):
    """Two convolutions and a classifier for 1×8×8 images; written once, in neutral layers."""

    def __init__(self, width: int = 16, num_classes: int = 10) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, width, 3, padding=1, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            nn.Conv2d(width, 2 * width, 3, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(2 * width),
            nn.ReLU(),
        )
        self.classifier = nn.Linear(2 * width * 4 * 4, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        """Logits (N, classes) of images (N, 1, 8, 8)."""
        return self.classifier(ops.flatten(self.features(x), 1))


@attrs.frozen
class Trained:
    """One framework's run.

    Attributes:
        backend: Its name.
        losses: Loss before each step.
        accuracy: Share of test images classified rightly after the last step.
        seconds: Time of all steps.
    """

    backend: str
    losses: tuple[float, ...]
    accuracy: float
    seconds: float


def train(backend: str, report: Callable[[int, float], None], *, seed: int = 0) -> Trained:
    """Train on one backend.

    Args:
        backend: `"torch"` or `"megengine"`.
        report: Called after each step with the number of steps done and the loss.
        seed: Seed of the weights and of the order of the images.
    """
    digits = load_digits()
    net = build(DigitNetwork, backend=backend, seed=seed)
    framework = backend_of(net)
    optimizer = framework.optimizer("sgd", net, **_SETTINGS)
    losses: list[float] = []
    started = time.perf_counter()
    for chosen in _batches(digits, seed):
        images = framework.tensor(digits.train_images[chosen])
        labels = framework.tensor(digits.train_labels[chosen])

        def loss(images: Tensor = images, labels: Tensor = labels) -> Tensor:
            return ops.cross_entropy(net(images), labels)

        losses.append(optimizer.step(loss))
        report(len(losses), losses[-1])
    return Trained(backend, tuple(losses), accuracy(net, digits), time.perf_counter() - started)


def step_count() -> int:
    """Steps of a whole run."""
    return len(_batches(load_digits(), 0))


def _batches(digits: Digits, seed: int) -> list[Any]:
    """Indices of every batch of every epoch; a last batch that is not full is left out."""
    draw = np.random.default_rng(seed)
    count = len(digits.train_labels)
    found = []
    for _ in range(EPOCHS):
        order = draw.permutation(count)
        found += [order[start : start + BATCH_SIZE] for start in range(0, count - BATCH_SIZE + 1, BATCH_SIZE)]
    return found


def accuracy(net: NativeModule, digits: Digits) -> float:
    """Share of the test images whose likeliest class is the right one."""
    framework = backend_of(net)
    framework.set_training(net, False)
    with framework.ops.no_grad():
        logits = framework.numpy(net(framework.tensor(digits.test_images)))
    return float((logits.argmax(1) == digits.test_labels).mean())


def loss_difference(runs: tuple[Trained, ...]) -> float:
    """Largest difference of the runs' losses over the first steps."""
    first, *others = (np.array(run.losses[:COMPARED_STEPS]) for run in runs)
    return max((float(np.abs(other - first).max()) for other in others), default=0.0)


def draw_losses(runs: tuple[Trained, ...], path: Path) -> None:
    """Write a PNG of every run's loss against the step."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(7, 4), dpi=120)
    for run, style in zip(runs, ("-", "--"), strict=False):
        axes.plot(run.losses, style, label=f"{run.backend}: {run.accuracy:.1%} of test images right", linewidth=1.5)
    axes.set(
        xlabel="step",
        ylabel="cross-entropy",
        yscale="log",
        title="The same network, seed and batches on two frameworks",
    )
    axes.legend()
    axes.grid(alpha=0.3)
    figure.tight_layout()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path)
    pyplot.close(figure)
