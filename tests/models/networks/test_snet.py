"""ShuffleNet v2 and v2+: which channels pass by, which options can be."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from polynet import nn, ops
from polynet.backend import Backend, use_backend
from polynet.errors import OptionError
from polynet.models.blocks.shuffle import SNV2Block, SNV2EvenBlock
from polynet.models.networks.snet import SNetV2
from polynet.nn import initialise
from polynet.registry import NETWORKS
from polynet.weights import state, to_layout
from tests.compare import assert_close

SMALL: dict[str, Any] = {"stem_w": 8, "depths": (1, 2), "widths": (12, 24), "strides": (2, 2)}


def images(side: int = 32, channels: int = 3) -> Any:
    return ops.tensor(np.random.standard_normal((2, channels, side, side)).astype(np.float32))


def test_even_channels_pass_a_block_unchanged(backend: Backend) -> None:
    block = SNV2Block(4, 8, 4)
    x = images(4, channels=8)
    assert_close(block(x)[:, :4], backend.numpy(x)[:, ::2], 0)


def test_the_even_block_shuffles_after_and_passes_the_first_half(backend: Backend) -> None:
    block = SNV2EvenBlock(4, 8, 4)
    x = images(4, channels=8)
    assert_close(block(x)[:, ::2], backend.numpy(x)[:, :4], 0)


def test_a_shrinking_block_keeps_its_input_channels_beside_the_new_ones(backend: Backend) -> None:
    slots = backend.slots(SNetV2(**SMALL, head=None))
    assert slots["stage0.0.branch_proj.2.weight"].shape == (8, 8, 1, 1)
    assert slots["stage0.0.branch_main.5.weight"].shape == (4, 6, 1, 1)


def test_only_stages_from_the_third_on_squeeze_and_only_from_the_second_on_change_activation(backend: Backend) -> None:
    options: dict[str, Any] = {"depths": (1, 1, 1), "widths": (12, 24, 48), "strides": (2, 2, 2), "stem_w": 8}
    net: Any = SNetV2(**options, se_r=0.25, act_name="hswish", head=None)
    assert [net.stage0[0].se, net.stage1[0].se] == [None, None]
    assert net.stage2[0].se is not None
    assert isinstance(net.stage0[0].branch_main[2], nn.ReLU)
    assert isinstance(net.stage1[0].branch_main[2], nn.Hardswish)


def test_the_last_block_is_dropped_with_the_whole_probability(backend: Backend) -> None:
    net: Any = SNetV2(**SMALL, drop_path_prob=0.3, head=None)
    drops = [net.stage0[0].drop_path.p, net.stage1[0].drop_path.p, net.stage1[1].drop_path.p]
    assert drops == pytest.approx([0.1, 0.2, 0.3])


def test_initial_weights_are_the_authors(backend: Backend) -> None:
    net = SNetV2(**{**SMALL, "widths": (128, 256)}, num_classes=10)
    initialise(net, seed=0)
    slots = backend.slots(net)
    assert slots["stem.conv.weight"].read().std() == pytest.approx(0.01, rel=0.2)
    assert slots["stage1.1.branch_main.0.weight"].read().std() == pytest.approx(1 / 128, rel=0.05)
    assert slots["stage1.1.branch_main.3.weight"].read().std() == pytest.approx(1, rel=0.1)
    assert (slots["stem.bn.bias"].read() == np.float32(1e-4)).all()
    assert "head.fc.bias" not in slots


@pytest.mark.parametrize(
    ("name", "parameters"), [("snetv2p_x075", 5.1e6), ("snetv2p_x100", 5.7e6), ("snetv2p_x125", 6.7e6)]
)
def test_plus_networks_are_as_large_as_their_authors_say(name: str, parameters: float) -> None:
    with use_backend("shapes") as shapes:
        slots = shapes.slots(NETWORKS.get(name)())
    counted = sum(int(np.prod(slot.shape)) for slot in slots.values() if slot.kind == "parameter")
    assert counted == pytest.approx(parameters, abs=1e5)


def test_native_shapes_are_those_of_megengine(both: tuple[Backend, Backend]) -> None:
    megengine = next(each for each in both if each.name == "megengine")
    options = {**SMALL, "block": "SNV2XceptionBlock", "kernels": ((3,), ("x", 5)), "num_classes": 3}
    with use_backend(megengine):
        net = SNetV2(**options)
        given = {name: tuple(parameter.shape) for name, parameter in net.named_parameters()}
        spelt = {name: array.shape for name, array in to_layout(state(net), "basecls", "snet").items()}
    # What normalises keeps four axes in memory, and one in a state.
    convolutions = {name: shape for name, shape in given.items() if len(spelt[name]) > 1}
    assert convolutions == {name: spelt[name] for name in convolutions}
    assert any(len(shape) == 5 for shape in convolutions.values())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"strides": (2, 1)}, "strides must be 2"),
        ({"widths": (12, 25)}, "widths must be even"),
        ({"widths": (12,)}, "width must have 2 entries"),
        ({"kernels": ((3,), ("x", 3))}, "see SNV2XceptionBlock"),
        ({"kernels": ((3,), ("y", 3)), "block": "SNV2XceptionBlock"}, "odd number or 'x'"),
        ({"kernels": ((3,), (3,))}, "needs 2 values"),
        ({"widths": (8, 24)}, "leave none for the main branch"),
        ({"block": "SNV2Blok"}, r"no block 'SNV2Blok'.*Did you mean 'SNV2Block'"),
    ],
)
def test_options_that_do_not_fit_are_refused(backend: Backend, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        SNetV2(**{**SMALL, **options})


def test_a_block_has_stride_one_or_two(backend: Backend) -> None:
    with pytest.raises(OptionError, match="stride must be 1 or 2"):
        SNV2Block(4, 8, 4, stride=3)
