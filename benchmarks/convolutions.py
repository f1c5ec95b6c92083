"""Training convolutions on MegEngine's CPU: its own weight gradient is 20 to 90 times slower than it need be."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import numpy as np

import polynet
from benchmarks.timing import Result


def run(rounds: int = 2) -> Iterator[Result]:
    """Forward and backward pass of a ResNet-50 at batch 4, 224: PolyNet's against `M.Conv2d`'s."""
    import megengine
    import megengine.functional as F
    from megengine.autodiff import GradManager

    from benchmarks import native_megengine

    draw = np.random.default_rng(0)
    images = megengine.Tensor(draw.standard_normal((4, 3, 224, 224), dtype=np.float32))
    labels = megengine.Tensor(draw.integers(0, 1000, 4).astype(np.int32))

    def timed(net: object, repeats: int) -> float:
        manager = GradManager().attach(list(net.parameters()))  # type: ignore[attr-defined]  # a MegEngine module

        def step() -> None:
            with manager:
                loss = F.nn.cross_entropy(net(images), labels)  # type: ignore[operator]  # as above
                manager.backward(loss)
            megengine._full_sync()

        return min(_seconds(step) for _ in range(repeats))

    ours = timed(polynet.build("resnet50", backend="megengine", seed=0), rounds)
    theirs = timed(native_megengine.resnet50(), rounds)
    yield Result("megengine: resnet50 forward and backward, batch 4, 224", ours, theirs, "at most 0.125")


def _seconds(action: Callable[[], None]) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start
