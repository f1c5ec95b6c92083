"""Gradients of operands that are broadcast along axes apart from one another."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

pytest.importorskip("megengine")

from polynet import nn, ops
from polynet.backend import get_backend, use_backend
from polynet_megengine.broadcasting import _steps


@pytest.mark.parametrize(
    ("shape", "other", "expected"),
    [
        ((1, 5, 1, 1), (2, 5, 3, 4), ((2, 5, 1, 1),)),
        ((5, 1, 1), (2, 5, 3, 4), ((2, 5, 1, 1),)),
        ((1, 5, 1, 1), (1, 5, 3, 4), ()),
        ((1, 5, 1, 1), (2, 5, 1, 1), ()),
        ((5,), (2, 3, 5), ()),
        ((2, 1, 1), (2, 3, 4), ()),
        ((1, 5, 1, 6, 1), (2, 5, 3, 6, 4), ((2, 5, 1, 6, 1), (2, 5, 3, 6, 1))),
        ((2, 5, 3), (1, 5, 1), ()),
    ],
)
def test_all_but_the_last_group_of_axes_are_lengthened_first(shape, other, expected):
    assert _steps(shape, other) == expected


PROGRAM = """
import numpy as np
import megengine
import polynet
from megengine.autodiff import GradManager
from polynet.backend import get_backend

get_backend("megengine").load()
draw = np.random.default_rng(0)
for _ in range(1500):
    shape = tuple(int(draw.integers(low, high)) for low, high in ((2, 5), (4, 64), (2, 6), (2, 6)))
    x, w = (draw.standard_normal(shape, dtype=np.float32) for _ in range(2))
    scale = megengine.Parameter(np.ones((1, shape[1], 1, 1), np.float32))
    shift = megengine.Parameter(np.zeros((1, shape[1], 1, 1), np.float32))
    manager = GradManager()
    manager.attach([scale, shift])
    with manager:
        y = megengine.Tensor(x) * scale + shift
        manager.backward((y * megengine.Tensor(w)).sum())
    np.testing.assert_allclose(scale.grad.numpy().ravel(), (x * w).sum((0, 2, 3)), rtol=1e-3, atol=1e-3)
    np.testing.assert_allclose(shift.grad.numpy().ravel(), w.sum((0, 2, 3)), rtol=1e-3, atol=1e-3)
"""


def test_gradients_of_a_scale_and_a_shift_are_right_every_time():
    # Without the care taken about 10 runs of 1500 fail; freed memory is filled: see mallopt(3), M_PERTURB.
    surroundings = {**os.environ, "MALLOC_PERTURB_": "128"}
    result = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=surroundings, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("size", [4, 32], ids=["small", "large"])
def test_frozen_batch_normalisation_takes_care_of_its_gradients(size):
    with use_backend("megengine"):
        layer = nn.BatchNorm2d(24)
        layer.eval()
        x = np.random.default_rng(0).standard_normal((3, 24, size, size), dtype=np.float32)
        given = ops.tensor(x)
        value, gradients = get_backend("megengine").differentiate(
            lambda: ops.sum(layer(given) * given), [layer.weight, layer.bias]
        )
    expected = (x * x).sum((0, 2, 3)) / np.sqrt(1 + 1e-5)
    np.testing.assert_allclose(np.asarray(gradients[0].numpy()).ravel(), expected, rtol=1e-4)
    np.testing.assert_allclose(np.asarray(gradients[1].numpy()).ravel(), x.sum((0, 2, 3)), rtol=1e-3, atol=1e-3)
    assert float(value) == pytest.approx(float(expected.sum()), rel=1e-4)
