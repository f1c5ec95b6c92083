"""GhostNet and SqueezeNet: what their options do, and what they refuse."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from polynet import ops
from polynet.backend import Backend
from polynet.errors import InputError, OptionError
from polynet.models.networks.ghostnet import GhostNet
from polynet.models.networks.squeezenet import SqueezeNet
from polynet.nn import initialise
from tests.compare import assert_close

PLAN: Any = (((3, 12, 10, 0, 2),), ((5, 18, 10, 0.25, 1), (3, 18, 15, 0, 1)))


def zeros(side: int) -> Any:
    return ops.zeros((1, 3, side, side))


def test_widths_grow_by_multiples_of_four_and_the_hidden_layer_does_not(backend: Backend) -> None:
    slots = backend.slots(GhostNet(width_mult=1.3))
    shapes = {name: slots[name].shape for name in ("stem.conv.weight", "head.conv.weight", "head.h_fc.weight")}
    assert shapes == {
        "stem.conv.weight": (20, 3, 3, 3),
        "head.conv.weight": (1248, 208, 1, 1),
        "head.h_fc.weight": (1280, 1248),
    }


def test_attention_begins_with_the_third_block_and_needs_two_positions(backend: Backend) -> None:
    net = GhostNet(plan=PLAN, attention=True, head=None).eval()
    slots = backend.slots(net)
    assert [name for name in slots if ".short_conv.0." in name] == ["blocks.1.1.ghost1.short_conv.0.weight"]
    assert (net.minimum_size, tuple(net(zeros(5)).shape)) == (5, (1, 16, 2, 2))
    with pytest.raises(InputError, match="at least 5x5"):
        net(zeros(4))


def test_later_blocks_are_dropped_more(backend: Backend) -> None:
    net = GhostNet(plan=PLAN, drop_path_prob=0.3, head=None)
    drops = [getattr(block.drop_path, "p", 0.0) for stage in net.blocks for block in stage]
    assert drops == pytest.approx([0.0, 0.1, 0.2])


@pytest.mark.parametrize("plan", [(), ((),), (((3, 12, 10, 0),),), (((3, "12", 10, 0, 1),),)])
def test_a_plan_that_is_none_is_refused(backend: Backend, plan: Any) -> None:
    with pytest.raises(OptionError, match=r"GhostNet: (plan must hold|a block is)"):
        GhostNet(plan=plan)


@pytest.mark.parametrize(("version", "least"), [("1_0", 21), ("1_1", 17)])
def test_squeezenet_takes_images_its_poolings_do_not_use_up(backend: Backend, version: str, least: int) -> None:
    net = SqueezeNet(version, head=None)
    assert tuple(net(zeros(least)).shape) == (1, 512, 1, 1)
    with pytest.raises(InputError, match=f"at least {least}x{least}"):
        net(zeros(least - 1))


def test_squeezenet_starts_as_in_torchvision(backend: Backend) -> None:
    net = SqueezeNet("1_1")
    initialise(net, seed=0)
    slots = backend.slots(net)
    assert slots["head.classifier.1.weight"].read().std() == pytest.approx(0.01, rel=0.02)
    weight = slots["features.12.expand3x3.weight"].read()
    assert np.abs(weight).max() == pytest.approx((6 / (64 * 9)) ** 0.5, rel=0.01)
    assert not slots["features.0.bias"].read().any()


def test_squeezenet_logits_are_never_negative(backend: Backend) -> None:
    net = SqueezeNet("1_1", num_classes=4).eval()
    initialise(net, seed=0)
    x = ops.tensor(np.random.standard_normal((2, 3, 33, 33)).astype(np.float32))
    assert backend.numpy(net(x)).min() >= 0
    assert_close(net.get_classifier()(net.forward_features(x)), net(x), 0)


@pytest.mark.parametrize("options", [{"version": "1_2"}, {"width_mult": 0}])
def test_a_squeezenet_that_cannot_be_is_refused(backend: Backend, options: dict[str, Any]) -> None:
    with pytest.raises(OptionError, match=r"version must be one of 1_0, 1_1"):
        SqueezeNet(**options)
