"""A network of one's own, written in MegEngine: BaseCls's AlexNet tutorial with its two imports changed.

Run it: `python examples/custom_network_megengine.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import megengine as mge
import megengine.functional as F
import megengine.module as M
import numpy as np

import polynet
from polynet.models.heads import build_head
from polynet.registry import registers


class AlexNetHead(M.Module):
    """Three linear layers on a grid of 6x6."""

    def __init__(self, w_in: int, w_out: int, width: int = 4096):
        super().__init__()
        self.avg_pool = M.AdaptiveAvgPool2d((6, 6))
        self.classifier = M.Sequential(
            M.Dropout(),  # MegEngine's default probability is 0: this drops nothing
            M.Linear(w_in * 6 * 6, width),
            M.ReLU(),
            M.Dropout(),
            M.Linear(width, width),
            M.ReLU(),
            M.Linear(width, w_out),
        )

    def forward(self, x: mge.Tensor) -> mge.Tensor:
        """Run it."""
        x = self.avg_pool(x)
        x = F.flatten(x, 1)
        return self.classifier(x)


@registers.models.register()
class AlexNet(M.Module):
    """Five convolutions and a head."""

    def __init__(self, head: Mapping[str, Any] | None = None):
        super().__init__()
        self.features = M.Sequential(
            M.Conv2d(3, 64, kernel_size=11, stride=4, padding=2),
            M.ReLU(),
            M.MaxPool2d(kernel_size=3, stride=2),
            M.Conv2d(64, 192, kernel_size=5, padding=2),
            M.ReLU(),
            M.MaxPool2d(kernel_size=3, stride=2),
            M.Conv2d(192, 384, kernel_size=3, padding=1),
            M.ReLU(),
            M.Conv2d(384, 256, kernel_size=3, padding=1),
            M.ReLU(),
            M.Conv2d(256, 256, kernel_size=3, padding=1),
            M.ReLU(),
            M.MaxPool2d(kernel_size=3, stride=2),
        )
        self.head = build_head(256, head)

    def forward(self, x: mge.Tensor) -> mge.Tensor:
        """Run it."""
        x = self.features(x)
        if getattr(self, "head", None) is not None:
            x = self.head(x)
        return x


# `AlexNet` now has two meanings: PolyNet's own on torch, this one on MegEngine. `head.w_out` is filled in from
# `num_classes`; every other key of `head` is an argument of AlexNetHead.
CONFIG = {"num_classes": 10, "model": {"name": "AlexNet", "head": {"name": AlexNetHead, "width": 64}}}


def main() -> None:
    """Build it from the config, with its head and without, and run it."""
    images = mge.tensor(np.zeros((2, 3, 224, 224), np.float32))
    net = polynet.build(CONFIG, backend="megengine", seed=0)
    print(type(net).__module__, isinstance(net, M.Module), net(images).shape)
    headless = polynet.build(CONFIG, backend="megengine", head=None)
    print(headless(images).shape)


if __name__ == "__main__":
    main()
