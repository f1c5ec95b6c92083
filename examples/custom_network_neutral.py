"""A network of one's own, written once for every framework, and checked to be the same on all that are installed.

Run it: `python examples/custom_network_neutral.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

import polynet
from polynet import nn, ops
from polynet.models.heads import build_head
from polynet.registry import HEADS, NETWORKS
from polynet.types import Tensor


@HEADS.register()
class MyAlexNetHead(nn.Module):
    """Three linear layers on a grid of 6x6."""

    def __init__(self, w_in: int, w_out: int, width: int = 4096):
        super().__init__()
        self.avg_pool = nn.AdaptiveAvgPool2d((6, 6))
        self.classifier = nn.Sequential(
            nn.Dropout(),  # 0.5, torch's default, on every framework
            nn.Linear(w_in * 6 * 6, width),
            nn.ReLU(),
            nn.Dropout(),
            nn.Linear(width, width),
            nn.ReLU(),
            nn.Linear(width, w_out),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Run it."""
        return self.classifier(ops.flatten(self.avg_pool(x), 1))


@NETWORKS.register()
class MyAlexNet(nn.Module):
    """Five convolutions and a head."""

    def __init__(self, head: Mapping[str, Any] | None = None):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 64, kernel_size=11, stride=4, padding=2),
            nn.ReLU(),
            nn.MaxPool2d(kernel_size=3, stride=2),
            nn.Conv2d(64, 192, kernel_size=5, padding=2),
            nn.ReLU(),
            nn.MaxPool2d(kernel_size=3, stride=2),
            nn.Conv2d(192, 384, kernel_size=3, padding=1),
            nn.ReLU(),
            nn.Conv2d(384, 256, kernel_size=3, padding=1),
            nn.ReLU(),
            nn.Conv2d(256, 256, kernel_size=3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(kernel_size=3, stride=2),
        )
        self.head = build_head(256, head)

    def forward(self, x: Tensor) -> Tensor:
        """Run it."""
        x = self.features(x)
        return x if self.head is None else self.head(x)


CONFIG = {"num_classes": 10, "model": {"name": "MyAlexNet", "head": {"name": "MyAlexNetHead", "width": 64}}}


def main() -> None:
    """Build it on every framework installed, from one seed, and compare the logits."""
    images = np.random.default_rng(0).standard_normal((2, 3, 224, 224)).astype(np.float32)
    logits = {}
    for name in polynet.installed_backends():
        net = polynet.build(CONFIG, backend=name, seed=0).eval()
        with polynet.use_backend(name) as backend:
            logits[name] = backend.numpy(net(ops.tensor(images)))
        print(f"{name}: {type(net).__mro__[1].__name__}, logits {logits[name].shape}")
    first, *others = logits.values()
    for other in others:
        print(f"largest difference: {np.abs(first - other).max():.1e} of {np.abs(first).max():.1e}")


if __name__ == "__main__":
    main()
