"""HRNet: its streams, where features can be taken, and which images and options it takes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import polynet
from polynet import ops
from polynet.backend import Backend
from polynet.errors import InputError, OptionError
from polynet.models.networks.hrnet import HRNet
from tests.compare import assert_close
from tests.zoo.reference import Reference, answers

SMALL: dict[str, Any] = {
    "stage_modules": (1, 1),
    "stage_blocks": ((1,), (1, 1)),
    "stage_block_names": ("bottleneck", "basic"),
    "stage_channels": ((4,), (8, 12)),
    "merge_channels": (4, 6),
    "num_classes": 3,
}


def zeros(height: int, width: int) -> Any:
    return ops.zeros((1, 3, height, width))


@pytest.mark.parametrize("w_stem", [16, 64])
def test_the_stem_may_have_any_width(backend: Backend, w_stem: int) -> None:
    net = HRNet(**SMALL, w_stem=w_stem)
    assert backend.slots(net)["stem.conv_2.weight"].shape == (w_stem, w_stem, 3, 3)
    assert tuple(net(zeros(32, 32)).shape) == (1, 3)


def test_places_of_features_are_the_widened_streams_and_their_sum(backend: Backend) -> None:
    net = HRNet(**SMALL, w_stem=8)
    assert [(stage.name, stage.channels, stage.stride) for stage in net.stages] == [
        ("merge.branch1", 16, 4),
        ("merge.branch2", 24, 8),
        ("merge", 24, 8),
    ]
    assert [tuple(each.shape) for each in net.forward_stages(zeros(32, 64), (2, 0))] == [(1, 24, 4, 8), (1, 16, 8, 16)]


def test_its_stages_are_the_pyramid_and_the_sum_of_timm(backend: Backend) -> None:
    pytest.importorskip("timm")
    branches = tuple(f"incre_modules.{index}" for index in range(4))
    # The last is what the sum's first convolution is given, so the one before its normalisation comes instead.
    theirs = answers(Reference("hrnet_w18_small_v1", "hrnet_w18_small", stages=(*branches, "final_layer.0"), size=64))
    net = polynet.build("hrnet_w18_small_v1", backend=backend.name, weights=theirs.state, layout="timm").eval()
    *widened, joined = net.forward_stages(backend.tensor(theirs.images))
    for found, expected in zip(widened, theirs.maps, strict=False):
        assert_close(found, expected, 2e-5)
    bias = theirs.state["final_layer.0.bias"].reshape(1, -1, 1, 1)
    assert_close(backend.numpy(net.head.conv(joined)) + bias, theirs.maps[-1], 2e-5)


def test_learning_rates_fall_from_stage_to_stage(backend: Backend) -> None:
    groups = HRNet(**SMALL, w_stem=8).parameter_groups(lr=1.0, layer_decay=0.5)
    scales = {name: group["lr_scale"] for group in groups for name in group["names"]}
    blocks = ("stem.conv_1", "stage1.module1.branch1.block1.a", "stage2.module1.branch2.block1.a", "merge.branch2.a")
    # The transition between the stages lies at a depth of its own.
    assert [scales[f"{block}.weight"] for block in blocks] == [0.0625, 0.125, 0.5, 1.0]


def test_images_whose_size_the_streams_cannot_halve_are_refused(backend: Backend) -> None:
    net = HRNet(**SMALL, w_stem=8)
    assert (net.fits(32, 40), net.fits(32, 36), net.fits(0, 8)) == (True, False, False)
    with pytest.raises(InputError, match=r"multiples of 8 pixels, got 32x36 .*nearest size is 32x(32|40)"):
        net(zeros(32, 36))
    with pytest.raises(InputError, match="of at least 8x8"):
        net.forward_stages(zeros(4, 4))


def test_an_option_it_has_not_is_refused_with_the_nearest(backend: Backend) -> None:
    with pytest.raises(OptionError, match=r"no option 'stem_w'.*w_stem"):
        polynet.build("hrnet_w18", backend=backend, stem_w=32)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"stage_channels": ((4, 8), (8, 12))}, "one stream in the first stage"),
        ({"stage_channels": ((4,), ())}, "never fewer than before"),
        ({"stage_blocks": ((1,), (1,))}, "2 positive entries for stage 2"),
        ({"stage_blocks": ((1,), (1, 0))}, "2 positive entries for stage 2"),
        ({"merge_channels": (4,)}, "merge_channels must have 2 entries"),
        ({"stage_modules": (1, 0)}, "at least one"),
        ({"stage_block_names": ("bottleneck",)}, "block must have 2 entries"),
        ({"stage_block_names": "botleneck"}, r"no block 'botleneck'.*Did you mean 'bottleneck'"),
    ],
)
def test_options_that_do_not_fit_are_refused(backend: Backend, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        HRNet(**{**SMALL, **options})


def test_streams_that_come_two_at_once_are_halved_in_steps(backend: Backend) -> None:
    options = {"stage_blocks": ((1,), (1, 1, 1)), "stage_channels": ((4,), (8, 12, 16)), "merge_channels": (4, 6, 8)}
    net = HRNet(**{**SMALL, **options}, w_stem=8)
    assert backend.slots(net)["stage2.transition.trans_3.conv_2.weight"].shape == (16, 16, 3, 3)
    maps = net.eval().forward_stages(ops.tensor(np.ones((1, 3, 32, 32), np.float32)))
    assert [tuple(each.shape) for each in maps] == [(1, 16, 8, 8), (1, 24, 4, 4), (1, 32, 2, 2), (1, 32, 2, 2)]


def test_blocks_further_along_are_dropped_more_and_those_beside_each_other_alike() -> None:
    net = polynet.build("hrnet_w18_small_v1", backend="shapes", drop_path_rate=0.7)
    rates = {name: module.p for name, module in net.named_modules() if type(module).__name__ == "DropPath"}
    along = {}
    for name, rate in rates.items():
        stage, *_, block, _ = name.replace("merge.", "merge.module1.").split(".")
        along.setdefault((stage, block if stage != "merge" else ""), set()).add(round(rate, 9))
    assert list(along.values()) == [{0.1}, {0.2}, {0.3}, {0.4}, {0.5}, {0.6}, {0.7}]
