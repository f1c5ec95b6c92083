"""BaseCls's page on networks of one's own: its AlexNet, written once for both frameworks, at work on digits.

Run it: `python examples/basecls_alexnet.py --backend torch`, or `--backend megengine`.

The page's program is kept as it is; `M`, `F` and `mge.Tensor` are PolyNet's, which have these names on either
framework. To write it in one framework alone, see `custom_network_megengine.py` and `custom_network_torch.py`.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from polynet.dialects.basecls.layers import build_head
from polynet.dialects.basecls.utils import registers

import polynet
import polynet.nn as M
import polynet.ops as F
from polynet.data import load_digits
from polynet.types import Tensor


class AlexNetHead(M.Module):
    """Three linear layers on a grid of 6x6."""

    def __init__(self, w_in: int, w_out: int, width: int = 4096):
        super().__init__()
        self.avg_pool = M.AdaptiveAvgPool2d((6, 6))
        self.classifier = M.Sequential(
            M.Dropout(),  # drops half, as in torch; MegEngine's own Dropout() drops nothing
            M.Linear(w_in * 6 * 6, width),
            M.ReLU(),
            M.Dropout(),
            M.Linear(width, width),
            M.ReLU(),
            M.Linear(width, w_out),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Scores of features."""
        x = self.avg_pool(x)
        x = F.flatten(x, 1)
        return self.classifier(x)


@registers.models.register(force=True)  # PolyNet has an AlexNet of its own, which this one takes the name of
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

    def forward(self, x: Tensor) -> Tensor:
        """Scores of images, or features without a head."""
        x = self.features(x)
        if getattr(self, "head", None) is not None:
            x = self.head(x)
        return x


_cfg = {
    "num_classes": 2,
    "model": {
        "name": "AlexNet",
        "head": {
            "name": AlexNetHead,
            "width": 128,  # the page's 4096 makes 55 million weights, more than two digits need
            # "w_out": 2 would say it twice: it is num_classes unless given
        },
    },
}


def enlarged(images: np.ndarray[Any, Any], side: int = 64) -> np.ndarray[Any, Any]:
    """Digits of 8x8 as images `(N, 3, side, side)`, which AlexNet's strides need; standardised."""
    larger = images.repeat(side // 8, axis=2).repeat(side // 8, axis=3)
    standardised: np.ndarray[Any, Any] = (np.repeat(larger, 3, axis=1) - 0.3) / 0.38
    return standardised.astype(np.float32)


def batches(count: int, steps: int, size: int = 32) -> Iterator[Any]:
    """Indices of random batches."""
    draw = np.random.default_rng(0)
    for _ in range(steps):
        yield draw.choice(count, size, replace=False)


def main(arguments: Sequence[str] | None = None) -> dict[str, float]:
    """Build it from the config, train it for some steps, and print how well it tells noughts from ones."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--backend", choices=polynet.installed_backends(), default=polynet.installed_backends()[0])
    parser.add_argument("--steps", type=int, default=20)
    options = parser.parse_args(arguments)

    net = polynet.build(_cfg, backend=options.backend, seed=0)
    backend = polynet.backend.backend_of(net)
    print(f"{AlexNet.__name__} is a {backend.native_module_type.__module__}.{backend.native_module_type.__qualname__}")
    headless = polynet.build(_cfg, backend=options.backend, head=None).eval()
    print(f"without a head it gives {tuple(headless(backend.tensor(np.zeros((1, 3, 224, 224), np.float32))).shape)}")

    digits = load_digits()
    (images, labels), (new_images, new_labels) = (
        (images[labels < 2], labels[labels < 2])
        for images, labels in ((digits.train_images, digits.train_labels), (digits.test_images, digits.test_labels))
    )
    optimizer = backend.optimizer("adamw", net.train(), lr=3e-4)
    losses = []
    for chosen in batches(len(labels), options.steps):
        x = backend.tensor(enlarged(images[chosen]))
        label = backend.tensor(labels[chosen])
        losses.append(float(optimizer.step(lambda x=x, label=label: F.cross_entropy(net(x), label))))
    net.eval()
    with backend.ops.no_grad():
        scores = backend.numpy(net(backend.tensor(enlarged(new_images))))
    right = float(np.mean(scores.argmax(1) == new_labels))
    print(f"cross-entropy {losses[0]:.2f} at first, {losses[-1]:.2f} at last")
    print(f"{right:.1%} of new noughts and ones are told apart")
    return {"first": losses[0], "last": losses[-1], "right": right}


if __name__ == "__main__":
    main()
