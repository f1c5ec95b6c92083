"""A network of one's own, written in torch, registered and built from a config.

Run it: `python examples/custom_network_torch.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

import polynet
from polynet.models.heads import build_head
from polynet.registry import HEADS, NETWORKS


@HEADS.register(name="TutorialHead")
class AlexNetHead(nn.Module):
    """The head, registered under a name, so that a config file can say it."""

    def __init__(self, w_in: int, w_out: int, width: int = 4096):
        super().__init__()
        self.avg_pool = nn.AdaptiveAvgPool2d((6, 6))
        self.classifier = nn.Sequential(
            nn.Dropout(),
            nn.Linear(w_in * 6 * 6, width),
            nn.ReLU(),
            nn.Dropout(),
            nn.Linear(width, width),
            nn.ReLU(),
            nn.Linear(width, w_out),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Run it."""
        return self.classifier(torch.flatten(self.avg_pool(x), 1))


@NETWORKS.register()
class AlexNet(nn.Module):
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

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Run it."""
        x = self.features(x)
        return x if self.head is None else self.head(x)


CONFIG = {"num_classes": 10, "model": {"name": "AlexNet", "head": {"name": "TutorialHead", "width": 64}}}


def main() -> None:
    """Build it from the config, with its head and without, and run it."""
    images = torch.zeros(2, 3, 224, 224)
    net = polynet.build(CONFIG, backend="torch", seed=0)
    print(type(net).__module__, isinstance(net, nn.Module), tuple(net(images).shape))
    headless = polynet.build(CONFIG, backend="torch", head=None)
    print(tuple(headless(images).shape))


if __name__ == "__main__":
    main()
