"""MegEngine networks of float16 on a CPU: as float32 has it, and never the end of the process."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import Any

import numpy as np
import pytest

import polynet
from polynet import nn, ops

megengine = pytest.importorskip("megengine")

GENERATOR_SEED = 7

CLOSE = 4e-3
"""Of the largest value: a few roundings to eleven bits."""

LAYERS = {
    "nn.Conv1d(4, 8, 3, groups=2)": (2, 4, 9),
    "nn.Conv2d(4, 8, 3, padding=1)": (2, 4, 9, 9),
    "nn.Conv2d(4, 4, 3, groups=4)": (2, 4, 9, 9),
    "nn.Conv3d(4, 8, 3)": (2, 4, 5, 5, 5),
    "nn.ConvTranspose2d(4, 8, 2, stride=2)": (2, 4, 5, 5),
    "nn.Linear(16, 8)": (2, 5, 16),
    "nn.BatchNorm1d(8)": (4, 8),
    "nn.BatchNorm2d(8)": (2, 8, 9, 9),
    "nn.BatchNorm2d(8, momentum=None)": (2, 8, 9, 9),
    "nn.BatchNorm2d(8).eval()": (2, 8, 9, 9),
    "nn.BatchNorm2d(8, track_running_stats=False)": (2, 8, 9, 9),
    "nn.LayerNorm(16)": (2, 5, 16),
    "nn.GroupNorm(2, 8)": (2, 8, 9, 9),
    "nn.InstanceNorm2d(8, affine=True)": (2, 8, 9, 9),
    "nn.MaxPool2d(3, 2, 1)": (2, 8, 9, 9),
    "nn.AvgPool2d(2)": (2, 8, 9, 9),
    "nn.AdaptiveAvgPool2d(1)": (1, 512, 2, 2),
    "nn.AdaptiveMaxPool2d(3)": (2, 8, 9, 9),
    "nn.MultiheadAttention(16, 4, batch_first=True)": (2, 5, 16),
    "nn.LSTM(16, 8)": (5, 2, 16),
    "nn.GRU(16, 8)": (5, 2, 16),
    "nn.GELU()": (2, 8, 9),
    "nn.Softmax(dim=-1)": (2, 8, 9),
}

# Memory written past its end ends a process at some later time: in one of its own, often enough to be seen.
_NORMS = """
import warnings
warnings.simplefilter("ignore")
import megengine, numpy as np, polynet
from polynet import nn
with polynet.use_backend("megengine"):
    layers = [nn.BatchNorm2d(8), nn.BatchNorm2d(8).eval(), nn.LayerNorm(32), nn.GroupNorm(2, 8)]
survivors = 0
for layer in layers:
    for dtype in ("float16", "float32"):
        print(layer, dtype, flush=True)
        layer.half()
        for _ in range(20):
            result = layer(megengine.Tensor(np.ones((1, 8, 32, 32), dtype)))
            assert np.isfinite(result.numpy()).all() and result.dtype == dtype
        survivors += 1
print(survivors)
"""


def test_norms_of_half_precision_leave_the_process_alive() -> None:
    done = subprocess.run([sys.executable, "-c", _NORMS], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, (done.stdout, done.stderr)
    assert done.stdout.splitlines()[-1] == "8"


@pytest.mark.parametrize("layer", LAYERS)
def test_layers_of_half_precision_give_what_float32_gives(layer: str) -> None:
    x = np.random.default_rng(GENERATOR_SEED).standard_normal(LAYERS[layer]).astype("float16")
    outputs = []
    with polynet.use_backend("megengine"):
        for dtype in ("float32", "float16"):
            net = eval(layer, {"nn": nn})
            nn.initialise(net, 0)
            if dtype == "float16":
                net.half()
            given = megengine.Tensor(x.astype(dtype))
            found = net(*[given] * (3 if "Attention" in layer else 1))
            found = found[0] if isinstance(found, tuple) else found
            outputs.append(found.numpy())
    wanted, found = outputs
    assert found.dtype == np.float16
    assert found.shape == wanted.shape
    np.testing.assert_allclose(found.astype("float32"), wanted, atol=CLOSE * max(1.0, np.abs(wanted).max()))


def test_running_statistics_of_half_precision_follow_the_batches() -> None:
    x = np.random.default_rng(GENERATOR_SEED).standard_normal((4, 8, 5, 5)).astype("float16") * 2 + 1
    found = []
    with polynet.use_backend("megengine"):
        for dtype in ("float32", "float16"):
            net: Any = nn.BatchNorm2d(8)
            net = net.half() if dtype == "float16" else net
            for _ in range(3):
                net(megengine.Tensor(x.astype(dtype)))
            found.append((net.running_mean.numpy(), net.running_var.numpy()))
    for wanted, half in zip(*found, strict=True):
        assert half.dtype == np.float16
        assert half.shape == wanted.shape
        np.testing.assert_allclose(half.astype("float32"), wanted, atol=CLOSE * np.abs(wanted).max())


@pytest.mark.parametrize("layer", ["nn.BatchNorm2d(8)", "nn.Conv2d(8, 4, 3)", "nn.Linear(9, 4)"])
def test_gradients_of_half_precision_are_those_of_float32(layer: str) -> None:
    x = np.random.default_rng(GENERATOR_SEED).standard_normal((2, 8, 9, 9)).astype("float16")
    found = []
    with polynet.use_backend("megengine"):
        for dtype in ("float32", "float16"):
            net = eval(layer, {"nn": nn})
            nn.initialise(net, 0)
            net = net.half() if dtype == "float16" else net
            manager = megengine.autodiff.GradManager().attach(list(net.parameters()))
            with manager:
                output = net(megengine.Tensor(x.astype(dtype))).astype("float32")
                slope = np.random.default_rng(1).standard_normal(output.shape).astype("float32")
                manager.backward((output * megengine.Tensor(slope)).sum())
            found.append([parameter.grad.numpy() for parameter in net.parameters()])
    for wanted, half in zip(*found, strict=True):
        assert half.dtype == np.float16
        assert half.shape == wanted.shape
        np.testing.assert_allclose(half.astype("float32"), wanted, atol=CLOSE * np.abs(wanted).max())


@pytest.mark.parametrize("training", [True, False])
def test_the_batch_norm_operation_takes_half_precision(training: bool) -> None:
    x = np.random.default_rng(GENERATOR_SEED).standard_normal((2, 4, 5, 5)).astype("float16")
    found = []
    for dtype in ("float32", "float16"):
        mean, variance = (megengine.Tensor(np.full(4, each, dtype)) for each in (0.5, 2.0))
        output = ops.batch_norm(megengine.Tensor(x.astype(dtype)), mean, variance, training=training)
        found.append((output.numpy(), mean.numpy(), variance.numpy()))
    for wanted, half in zip(*found, strict=True):
        assert half.dtype == np.float16
        assert half.shape == wanted.shape
        np.testing.assert_allclose(half.astype("float32"), wanted, atol=CLOSE * np.abs(wanted).max())


def test_products_of_half_precision_take_no_hundred_times_as_long() -> None:
    with polynet.use_backend("megengine"):
        net: Any = nn.Sequential(nn.Linear(192, 768), nn.Linear(768, 192))
    x = np.ones((1, 197, 192), "float16")
    took = {}
    for dtype in ("float32", "float16"):
        net = net.half() if dtype == "float16" else net
        given = megengine.Tensor(x.astype(dtype))
        net(given).numpy()
        times = []
        for _ in range(3):
            began = time.perf_counter()
            net(given).numpy()
            times.append(time.perf_counter() - began)
        took[dtype] = min(times)
    # Natively 100 times as long, here about twice.
    assert took["float16"] < 20 * took["float32"]


def test_the_softmax_of_half_precision_has_a_gradient() -> None:
    x = np.random.default_rng(GENERATOR_SEED).standard_normal((4, 5)).astype("float16")
    found = []
    for dtype in ("float32", "float16"):
        given = megengine.Tensor(x.astype(dtype))
        manager = megengine.autodiff.GradManager().attach([given])
        with manager:
            manager.backward((ops.softmax(given, 0).astype("float32") ** 2).sum())
        found.append(given.grad.numpy())
    wanted, half = found
    assert half.dtype == np.float16
    assert half.shape == wanted.shape
    np.testing.assert_allclose(half.astype("float32"), wanted, atol=CLOSE)
