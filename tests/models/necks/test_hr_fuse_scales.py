"""HRNet's neck: keys, shapes, refusals, and the same on every framework."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from polynet import ops
from polynet.backend import Backend, use_backend
from polynet.errors import InputError, OptionError
from polynet.models.necks.hr_fuse_scales import HRFuseScales
from polynet.registry import NECKS
from polynet.weights import load_state, state
from tests.compare import assert_close

MAPS = [np.random.default_rng(i).standard_normal((2, 2 + i, 8 >> i, 8 >> i)).astype(np.float32) for i in range(2)]


def test_the_keys_are_mmpretrains(backend: Backend) -> None:
    neck = NECKS.build({"type": "HRFuseScales", "in_channels": [18, 36, 72, 144], "out_channels": 32})
    weights = state(neck)
    layers = {name.rpartition(".")[0] for name in weights}
    block = ("conv1", "bn1", "conv2", "bn2", "conv3", "bn3", "downsample.0", "downsample.1")
    assert layers == {
        *(f"increase_layers.{i}.0.{layer}" for i in range(4) for layer in block),
        *(f"downsample_layers.{i}.{layer}" for i in range(3) for layer in ("conv", "bn")),
        "final_layer.conv",
        "final_layer.bn",
    }
    assert weights["downsample_layers.2.conv.weight"].shape == (1024, 512, 3, 3)
    assert weights["final_layer.conv.weight"].shape == (32, 1024, 1, 1)


def test_other_numbers_of_scales_are_refused(backend: Backend) -> None:
    for wrong in ([4], [1, 2, 3, 4, 5], 18):
        with pytest.raises(OptionError, match="two to four numbers"):
            HRFuseScales(wrong)  # type: ignore[arg-type]  # the mistake under test
    neck = HRFuseScales([2, 3], 8)
    with pytest.raises(InputError, match="a tuple of 2 maps, not 1 maps"):
        neck((ops.tensor(MAPS[0]),))
    with pytest.raises(InputError, match="not one tensor"):
        neck(ops.tensor(MAPS[0]))


def test_outputs_agree_between_frameworks(both: tuple[Backend, Backend]) -> None:
    found = []
    weights: Any = None
    for backend in both:
        with use_backend(backend):
            neck = HRFuseScales([2, 3], 8)
            neck.init_weights()
            weights = state(neck) if weights is None else weights
            load_state(neck, weights)
            found.append(backend.numpy(neck(tuple(ops.tensor(each) for each in MAPS))[0]))
    assert found[0].shape == (2, 8, 4, 4)
    assert_close(found[1], found[0])
