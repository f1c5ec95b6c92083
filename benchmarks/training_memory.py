"""Whether a long run grows in memory: the slope of resident memory over the later steps of a shorter one."""

from __future__ import annotations

import gc
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.networks import MLP
from benchmarks.timing import Result
from benchmarks.training import engine_of
from polynet.train.hook import Hook

STEPS = 6000
MEGABYTE = 1e6


class _Watching(Hook):
    """Notes the memory in use every few iterations."""

    priority = "LOWEST"

    def __init__(self, interval: int = 50) -> None:
        self.interval = interval
        self.steps: list[int] = []
        self.resident: list[int] = []
        self.blocks: list[int] = []

    def after_train_iter(self, runner: Any, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
        if runner.iter % self.interval == 0:
            gc.collect()
            self.steps.append(runner.iter)
            self.resident.append(_resident())
            self.blocks.append(sys.getallocatedblocks())


def run(backend: str, scale: float = 1.0) -> Iterator[Result]:
    """Train a small network and extrapolate what was added a step to a million steps."""
    steps = int(STEPS * scale)
    draw = np.random.default_rng(0)
    data = (draw.standard_normal((128, 16), dtype=np.float32), draw.integers(0, 10, 128))
    watch = _Watching()
    with tempfile.TemporaryDirectory() as folder:
        # Without the curves: their points grow to 2000 a curve, and no further (`tests/train/test_hooks_files.py`).
        engine_of(backend, MLP, data, [watch], steps, Path(folder)).train()
    grown = _slope(watch.steps, watch.resident)
    name = f"{backend}: memory of a million steps (by {steps})"
    yield Result(name, grown, None, "below 50", unit="MB")  # bytes a step are MB a million steps
    objects = _slope(watch.steps, watch.blocks)
    yield Result(f"{backend}: Python's blocks of memory added a step", objects, None, "below 0.1", unit="")


def _resident() -> int:
    with Path("/proc/self/statm").open(encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def _slope(steps: list[int], values: list[int]) -> float:
    """Growth a step over the later two thirds, by least squares."""
    begin = len(steps) // 3
    return float(np.polyfit(steps[begin:], values[begin:], 1)[0])
