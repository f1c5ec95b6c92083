"""Networks of the zoo: on torch against timm's of the same kind, on MegEngine against BaseCls's.

    python -m benchmarks --only zoo-torch zoo-megengine zoo-building

One thread, four images of 224x224 pixels.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import polynet
from benchmarks.timing import Result, interleaved

IMAGES = (4, 3, 224, 224)
PAIRS = {
    "resnet50": "resnet50",
    "vit_small_patch16_224": "vit_small_patch16_224",
    "swin_tiny_patch4_window7_224": "swin_tiny_patch4_window7_224",
    "effnet_b0": "efficientnet_b0",
    "convnext_tiny": "convnext_tiny",
}
"""Our networks and timm's."""

BASECLS = {
    "resnet50": 0.740,
    "mbnetv2_x100": 0.266,
    "swin_tiny_patch4_window7_224": 0.658,
    "vit_tiny_patch16_224": 0.263,
    "vit_small_patch16_224": 0.484,
}
"""Seconds of processor time of BaseCls's own networks (2f206e9, MegEngine 1.13, the best of several runs) on two cores
of the kind that these benchmarks were first run on: elsewhere they say little."""

BUILT = ("resnet50", "mbnetv2_x100", "vit_small_patch16_224", "swin_tiny_patch4_window7_224", "convnext_tiny", "vgg16")


def run_torch(scale: float = 1.0) -> Iterator[Result]:
    """A forward pass in evaluation mode, and the most memory it takes, against timm's."""
    import timm
    import torch

    torch.set_num_threads(1)
    images = torch.from_numpy(_images())

    def forward(net: Any) -> Callable[[], object]:
        net.eval()

        def call() -> object:
            with torch.no_grad():
                return net(images)

        return call

    for name, theirs in PAIRS.items():
        ours, others = polynet.build(name, backend="torch", seed=0), timm.create_model(theirs)
        timing = interleaved(forward(ours), forward(others), rounds=max(5, int(31 * scale)))
        yield timing.result(f"torch: {name} forward, against timm", "1.00 ± 0.03")
        peak, their_peak = _peak(ours, images), _peak(others, images)
        yield Result(f"torch: {name} peak memory, against timm", peak, their_peak, "at most 1.00", unit="MB")


def run_megengine(scale: float = 1.0) -> Iterator[Result]:
    """A forward pass in evaluation mode, in processor time, against BaseCls's."""
    backend = polynet.get_backend("megengine")
    images = backend.tensor(_images())
    for name, theirs in BASECLS.items():
        net = polynet.build(name, backend="megengine", seed=0)
        backend.set_training(net, False)
        taken = []
        for _ in range(max(4, int(12 * scale))):
            began = time.process_time()
            net(images).numpy()
            taken.append(time.process_time() - began)
        yield Result(f"megengine: {name} forward, against BaseCls", min(taken), theirs, "at most 1.00")


def run_building(scale: float = 1.0) -> Iterator[Result]:
    """Building a network with weights given, against copying those weights into memory of their own.

    Networks of many small layers cannot come near that: their modules alone take each framework longer to make.
    """
    for backend in polynet.installed_backends():
        for name in BUILT:
            state = polynet.state(polynet.build(name, backend=backend, seed=0))
            framework = polynet.get_backend(backend)

            def build(name: str = name, backend: str = backend, state: Any = state, framework: Any = framework) -> None:
                polynet.build(name, backend=backend, weights=state, layout="polynet")
                framework.synchronise()

            def copy(state: Any = state) -> list[Any]:
                return [np.array(array) for array in state.values()]

            timing = interleaved(build, copy, rounds=max(3, int(9 * scale)))
            size = sum(array.nbytes for array in state.values()) / 1e6
            yield timing.result(f"{backend}: build {name} ({size:.0f} MB), against copying", "below 2")


def _images() -> Any:
    return np.random.default_rng(0).standard_normal(IMAGES, dtype=np.float32)


def _peak(net: Any, images: Any) -> float:
    """Megabytes of tensors that live at most at once during a forward pass, by the profiler's account of every one.

    What the process holds would be another measure, but the system's allocator moves it by a fifth from run to run.
    """
    import torch
    from torch.profiler import ProfilerActivity

    with torch.no_grad():
        net(images)  # what a first call alone needs is left out
        with torch.profiler.profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profile:
            net(images)
    events = [event for event in profile.profiler.kineto_results.events() if event.name() == "[memory]"]
    held = np.cumsum([event.nbytes() for event in sorted(events, key=lambda event: event.start_ns())])
    return float(held.max()) / 1e6
