"""What using PolyNet costs before the first batch: importing, building, saving and loading."""

from __future__ import annotations

import importlib
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import polynet
from benchmarks.timing import Result, interleaved, seconds


def run_import(rounds: int = 15) -> Iterator[Result]:
    """`import polynet` and `polynet list` in fresh processes, against a bare Python."""

    def started(*words: str) -> float:
        start = time.perf_counter()
        subprocess.run([sys.executable, *words], check=True, stdout=subprocess.DEVNULL)
        return time.perf_counter() - start

    times: dict[str, list[float]] = {"bare": [], "import": [], "list": []}
    for _ in range(rounds):
        times["bare"].append(started("-c", "pass"))
        times["import"].append(started("-c", "import polynet"))
        times["list"].append(started("-m", "polynet", "list"))
    medians = {name: 1000 * statistics.median(found) for name, found in times.items()}
    yield Result("import polynet, over a bare Python", medians["import"] - medians["bare"], None, "below 60", "ms")
    yield Result("polynet list, whole command", medians["list"], None, "below 200", "ms")


def run_build(backend: str, rounds: int = 21) -> Iterator[Result]:
    """`polynet.build` of a ResNet-50 with random weights, against constructing the hand-written module.

    Both wait until all weights are there: MegEngine's own constructors return before their random numbers are drawn.
    """
    native = importlib.import_module(f"benchmarks.native_{backend}")
    framework = polynet.get_backend(backend)

    def ours() -> None:
        polynet.build("resnet50", backend=backend, seed=0)
        framework.synchronise()

    def theirs() -> None:
        native.resnet50()
        framework.synchronise()

    timing = interleaved(ours, theirs, rounds=rounds, warm_up=1)
    yield timing.result(f"{backend}: build resnet50", "at most 1.00")


def run_files(rounds: int = 5) -> Iterator[Result]:
    """Save and load a VGG-16 (553 MB) as safetensors; saving beside a plain write of as many bytes to the same disk."""
    for backend in polynet.installed_backends():
        yield from _run_files(backend, rounds)


def _run_files(backend: str, rounds: int) -> Iterator[Result]:
    net = polynet.build("vgg16", backend=backend, seed=0)
    size = sum(slot.read().nbytes for slot in polynet.get_backend(backend).slots(net).values()) / 1e6
    saving: list[float] = []
    loading: list[float] = []
    writing: list[float] = []
    content = memoryview(b"polynet." * int(size * 1e6 / 8))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "vgg16.safetensors")
        for _ in range(rounds):
            start = time.perf_counter()
            polynet.save(net, path)
            saving.append(time.perf_counter() - start)
            start = time.perf_counter()
            polynet.load(net, path)
            loading.append(time.perf_counter() - start)
            writing.append(seconds(lambda: _write(Path(folder, "plain"), content)))
    speeds = size / statistics.median(saving), size / statistics.median(writing)
    yield Result(f"{backend}: save vgg16, against a plain write and fsync", *speeds, "above 500", "MB/s")
    yield Result(f"{backend}: load vgg16, safetensors", size / statistics.median(loading), None, "above 500", "MB/s")


def _write(path: Path, content: memoryview) -> None:
    """Write a file as plainly as can be, and wait until it is on the disk."""
    with path.open("wb", buffering=0) as file:
        while content.nbytes:
            content = content[file.write(content) :]
        os.fsync(file.fileno())
