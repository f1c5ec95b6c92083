"""Gradients lie in memory of their own: freed memory is filled with large numbers, none of which may turn up."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

pytest.importorskip("megengine")
pytest.importorskip("torch")

PROGRAM = """
import numpy as np
import polynet
from polynet.proof.run import Run

config = {"name": "ResNet", "depths": (2, 1), "widths": (32, 64), "strides": (1, 2), "stem_w": 32, "num_classes": 10}
batch = np.random.default_rng(0).standard_normal((2, 3, 64, 64), dtype=np.float32)
runs = [Run(polynet.build(config, backend=name, seed=0), batch, 0) for name in ("torch", "megengine")]
expected, _ = runs[0].gradients()
largest = max(np.abs(gradient).max() for gradient in expected.values())
for _ in range(4):
    found, _ = runs[1].gradients()
    for name, gradient in found.items():
        difference = np.abs(gradient - expected[name]).max()
        assert difference < 1e-2 * largest, f"{name}: {difference} of {largest}"
"""


def test_gradients_do_not_read_memory_that_was_freed() -> None:
    # glibc fills every block with 0x7f, a float of 3.4e38, when it is handed out or freed: see mallopt(3), M_PERTURB.
    surroundings = {**os.environ, "MALLOC_PERTURB_": "128"}
    result = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=surroundings, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
