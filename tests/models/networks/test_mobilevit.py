"""What the options of MobileViT and PoolFormer do, beyond what their references show."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from polynet import ops
from polynet.backend import Backend
from polynet.errors import OptionError
from polynet.models.networks.mobilevit import MobileViT, MobileViTV2Block
from polynet.models.networks.poolformer import PoolFormer

STAGES: dict[str, Any] = {
    "depths": (1, 1),
    "widths": (8, 16),
    "strides": (1, 2),
    "transformer_depths": (0, 1),
    "transformer_widths": None,
}


def test_blocks_of_the_second_version_round_maps_up_to_whole_patches(backend: Backend) -> None:
    block = MobileViTV2Block(8, dim=8, depth=1)
    assert tuple(block(ops.tensor(np.ones((1, 8, 5, 4), np.float32))).shape) == (1, 8, 6, 4)


def test_every_block_is_dropped_more_than_the_one_before(backend: Backend) -> None:
    net = MobileViT(**{**STAGES, "depths": (2, 1)}, drop_path_rate=0.3, head=None)
    assert net.s1[0].drop_path is None  # it changes the width, so it has no shortcut
    assert net.s1[1].drop_path.p == pytest.approx(0.1)
    assert net.s2[1].transformer[0].drop_path.p == pytest.approx(0.3)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"version": 3}, "version must be 1 or 2"),
        ({"patch_size": 0}, "patch_size must be a whole number"),
        ({"transformer_depths": (1,)}, "transformer_depth must have 2 entries"),
    ],
)
def test_mobilevit_refuses_options_that_do_not_fit(backend: Backend, options: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        MobileViT(**{**STAGES, **options})


@pytest.mark.parametrize(
    ("options", "message"),
    [({"version": 0}, "version must be 1 or 2"), ({"pool_size": 2}, "pool_size must be odd")],
)
def test_poolformer_refuses_options_that_do_not_fit(backend: Backend, options: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        PoolFormer(depths=(1,), widths=(8,), **options)


def test_poolformer_of_the_second_version_scales_its_inputs_from_the_third_stage_on(backend: Backend) -> None:
    net = PoolFormer(depths=(1, 1, 1), widths=(8, 8, 8), version=2, layer_scale=None, head=None)
    slots = backend.slots(net)
    assert [name for name in slots if "res_scale1" in name] == ["s3.blocks.0.res_scale1"]
    assert not any(name.endswith("mlp.fc1.bias") for name in slots)
