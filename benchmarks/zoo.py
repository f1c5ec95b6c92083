"""Networks of the zoo: on torch against timm's of the same kind, on MegEngine against BaseCls's.

    python -m benchmarks --only zoo-torch zoo-megengine zoo-building

One thread, four images of 224x224 pixels.
"""

from __future__ import annotations

import functools
import gc
import time
from collections.abc import Callable, Iterator, Mapping
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

BUILT = {
    "resnet50": "resnet50",
    "mbnetv2_x100": "mobilenetv2_100",
    "vit_small_patch16_224": "vit_small_patch16_224",
    "swin_tiny_patch4_window7_224": "swin_tiny_patch4_window7_224",
    "convnext_tiny": "convnext_tiny",
    "vgg16": "vgg16",
}
"""Networks that are built, and timm's of the same kind."""


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
    """Building a network, in processor time, against copying its weights, and on torch against timm.

    With weights given: the structure is made and the weights are written into it, against copies of the same arrays.
    From a seed: they are drawn, against timm, which draws them as well. Networks of many small layers cannot come near
    a copy: their modules alone take each framework longer to make.
    """
    rounds = max(3, int(15 * scale))
    for backend in polynet.installed_backends():
        for name, theirs in BUILT.items():
            seeded = _least(functools.partial(polynet.build, name, backend=backend, seed=0), rounds)
            state = polynet.state(polynet.build(name, backend=backend, seed=0))
            given = _least(functools.partial(_built, name, backend, state), rounds)
            copied = _least(functools.partial(_copies, state), rounds)
            size = sum(array.nbytes for array in state.values()) / 1e6
            label = f"{backend}: build {name} ({size:.0f} MB)"
            yield Result(f"{label}, against copying", given, copied, "below 2")
            if backend == "torch":
                import timm

                created = _least(functools.partial(timm.create_model, theirs), rounds)
                yield Result(f"{label} from a seed, against timm", seeded, created, "below 1")
            else:
                yield Result(f"{label} from a seed", seeded, None, "")


def _built(name: str, backend: str, state: Mapping[str, Any]) -> Any:
    """A network with weights given, once everything pending has run."""
    net = polynet.build(name, backend=backend, weights=state, layout="polynet")
    polynet.get_backend(backend).synchronise()
    return net


def _copies(state: Mapping[str, Any]) -> list[Any]:
    return [np.array(array) for array in state.values()]


def _least(action: Callable[[], object], rounds: int) -> float:
    """Seconds of processor time of the best of several calls, each of which begins without garbage."""
    taken = []
    for _ in range(rounds + 1):
        gc.collect()
        began = time.process_time()
        made = action()
        taken.append(time.process_time() - began)
        del made
    return min(taken)


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
