"""Normalisations compute on every backend what torch's do, in training and evaluation, and leave the same state."""

from __future__ import annotations

import numpy as np
import pytest

from polynet import nn
from polynet.backend import Backend, use_backend
from tests.compare import assert_close
from tests.nn.layer_case import Case, case, check, normal

IMAGE = normal(3, 4, 5, 6)

CASES = [
    *(
        case(layer, 4, inputs=inputs, **options)
        for layer, inputs in (
            ("BatchNorm1d", normal(6, 4)),
            ("BatchNorm1d", normal(3, 4, 7)),
            ("BatchNorm2d", IMAGE),
            ("BatchNorm3d", normal(2, 4, 3, 4, 5)),
            ("SyncBatchNorm", IMAGE),
        )
        for options in (
            {},
            {"eps": 1e-3, "momentum": 0.01},
            {"affine": False},
            {"track_running_stats": False},
            {"affine": False, "track_running_stats": False},
        )
    ),
    case("LayerNorm", 6, inputs=normal(2, 3, 6)),
    case("LayerNorm", (5, 6), eps=1e-6, inputs=IMAGE),
    case("LayerNorm", 6, elementwise_affine=False, inputs=normal(4, 6)),
    case("LayerNorm", 6, bias=False, inputs=normal(4, 6)),
    case("LayerNorm", 768, inputs=normal(2, 768)),
    case("GroupNorm", 2, 4, inputs=IMAGE),
    case("GroupNorm", 1, 4, inputs=IMAGE),
    case("GroupNorm", 4, 4, eps=1e-3, affine=False, inputs=IMAGE),
    case("GroupNorm", 1, 4, inputs=normal(2, 4, 40, 40)),
    case("GroupNorm", 2, 12, inputs=normal(3, 12)),
    case("GroupNorm", 2, 4, inputs=normal(3, 4, 7)),
    case("GroupNorm", 2, 4, inputs=normal(2, 4, 3, 4, 5)),
    case("InstanceNorm2d", 4, inputs=IMAGE),
    case("InstanceNorm2d", 4, affine=True, eps=1e-3, inputs=IMAGE),
    case("InstanceNorm2d", 4, track_running_stats=True, momentum=0.3, inputs=IMAGE),
    case("InstanceNorm2d", 4, affine=True, track_running_stats=True, inputs=IMAGE),
    case("RMSNorm", 6, inputs=normal(2, 3, 6)),
    case("RMSNorm", (5, 6), eps=1e-5, inputs=IMAGE),
    case("RMSNorm", 6, elementwise_affine=False, inputs=normal(4, 6)),
    case("LocalResponseNorm", 3, inputs=IMAGE),
    case("LocalResponseNorm", 4, alpha=0.5, beta=0.6, k=2.0, inputs=IMAGE),
    case("LocalResponseNorm", 5, alpha=0.1, inputs=normal(2, 4, 7)),
]


@pytest.mark.parametrize("case", CASES)
def test_layer_equals_torchs(backend: Backend, reference: Backend, case: Case) -> None:
    check(backend, reference, case)


@pytest.mark.parametrize("momentum", [0.1, None, 1.0])
def test_running_statistics_follow_torchs_over_several_batches(
    backend: Backend, reference: Backend, momentum: float | None
) -> None:
    generator = np.random.default_rng(0)
    layers = []
    for chosen in (backend, reference):
        with use_backend(chosen):
            layers.append(nn.BatchNorm2d(3, momentum=momentum))
        chosen.set_training(layers[-1], True)
    for _ in range(3):
        batch = generator.standard_normal((4, 3, 5, 5)).astype(np.float32) * 3 + 2
        for chosen, layer in zip((backend, reference), layers, strict=True):
            layer(chosen.tensor(batch))
    for name in ("running_mean", "running_var"):
        actual, expected = backend.slots(layers[0])[name].read(), reference.slots(layers[1])[name].read()
        assert_close(actual, expected, what=name)


def test_layer_norm_keeps_its_accuracy_far_from_zero(backend: Backend) -> None:
    values = np.random.default_rng(0).standard_normal((4, 64)) + 100
    layer = nn.LayerNorm(64)
    for slot in backend.slots(layer).values():
        slot.write(np.full(slot.shape, 1.0 if slot.leaf == "weight" else 0.0, np.float32))
    centred = values.astype(np.float32).astype(np.float64)
    centred -= centred.mean(-1, keepdims=True)
    expected = centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-5)
    assert_close(backend.numpy(layer(backend.tensor(values.astype(np.float32)))), expected, 3e-5)


@pytest.mark.parametrize("affine", [True, False])
def test_group_norm_keeps_its_accuracy_over_large_groups(backend: Backend, affine: bool) -> None:
    values = np.random.default_rng(0).standard_normal((1, 8, 96, 96)).astype(np.float32) + np.float32(0.3)
    layer = nn.GroupNorm(1, 8, affine=affine)
    for slot in backend.slots(layer).values():
        slot.write(np.full(slot.shape, 1.0 if slot.leaf == "weight" else 0.0, np.float32))
    exact = values.astype(np.float64)
    expected = (exact - exact.mean()) / np.sqrt(exact.var() + 1e-5)
    assert_close(backend.numpy(layer(backend.tensor(values))), expected.astype(np.float32), 1e-6)


def test_training_on_a_single_value_per_channel_is_an_error(backend: Backend) -> None:
    layer = nn.BatchNorm2d(2)
    backend.set_training(layer, True)
    before = {name: slot.read() for name, slot in backend.slots(layer).items()}
    with pytest.raises(ValueError, match=r"more than (1|one) value"):
        layer(backend.tensor(np.ones((1, 2, 1, 1), np.float32)))
    for name, slot in backend.slots(layer).items():
        assert_close(slot.read(), before[name], what=name)
