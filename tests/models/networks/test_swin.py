"""Attention in windows: masks, indices, sizes of images, and the constants that other libraries keep."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import polynet
from polynet import ops
from polynet.backend import Backend, use_backend
from polynet.errors import InputError, OptionError, WeightsError
from polynet.models.blocks.window import Windows
from polynet.models.blocks.window_tables import relative_position_index, shifted_window_mask
from polynet.models.networks.swin import SwinBlock, SwinTransformer
from polynet.models.networks.swin_v2 import SwinTransformerV2
from polynet.nn import initialise
from polynet.weights import load, load_state, read_checkpoint, save, state, to_layout
from polynet.weights.layouts.constants import swapped_table
from tests.compare import assert_close

TINY: dict[str, Any] = {"img_size": 48, "embed_dim": 8, "depths": (2, 2), "num_heads": (1, 2), "window_size": 4}
BOTH = pytest.mark.parametrize("network", [SwinTransformer, SwinTransformerV2])


def test_places_see_only_those_that_were_neighbours_before_the_shift() -> None:
    mask = shifted_window_mask((4, 6), (2, 3), (1, 1))
    assert (mask.shape, mask.dtype.name) == ((4, 6, 6), "float32")
    # The first window has rolled nothing in; the last has four corners of the map.
    assert not mask[0].any()
    together = [[place == other or mask[3, place, other] == 0 for other in range(6)] for place in range(6)]
    assert [sum(row) for row in together] == [2, 2, 1, 2, 2, 1]


def test_the_two_orders_of_relative_positions_name_the_same_positions() -> None:
    table = np.random.standard_normal((25, 2))
    by_column = table[relative_position_index((3, 3))]
    np.testing.assert_array_equal(by_column, swapped_table(table)[relative_position_index((3, 3), row_first=True)])
    assert relative_position_index((3, 3)).max() == 24


def test_a_table_of_no_square_window_is_not_reordered() -> None:
    with pytest.raises(WeightsError, match="no square window"):
        swapped_table(np.zeros((15, 2)))


def test_attention_stays_within_windows(backend: Backend) -> None:
    """A change at one place reaches its window alone, and in a shifted block the places that lay beside it."""
    reached = []
    for shifted in (False, True):
        block = SwinBlock(8, 2, Windows.of((4, 4), (2, 2), shifted))
        initialise(block, seed=0)
        block.eval()
        x = np.random.standard_normal((1, 4, 4, 8)).astype(np.float32)
        changed = x.copy()
        changed[0, 0, 0, 0] += 5
        difference = ops.to_numpy(block(ops.tensor(changed))) - ops.to_numpy(block(ops.tensor(x)))
        reached.append(
            {(int(i), int(j)) for i, j in zip(*np.nonzero(np.abs(difference[0]).max(-1) > 1e-7), strict=True)}
        )
    assert reached == [{(0, 0), (0, 1), (1, 0), (1, 1)}, {(0, 0)}]


@BOTH
def test_images_of_another_size_are_refused_and_the_message_says_which(backend: Backend, network: Any) -> None:
    net = network(**TINY)
    assert (net.fits(48, 48), net.fits(32, 48)) == (True, False)
    with pytest.raises(InputError, match=r"of 48x48 pixels, got 32x48.*build it with img_size"):
        net(ops.ones((1, 3, 32, 48)))


@BOTH
def test_oblong_images_and_windows(backend: Backend, network: Any) -> None:
    net = network(**{**TINY, "img_size": (32, 48), "window_size": (2, 3)}, num_classes=5).eval()
    assert [tuple(each.shape) for each in net.forward_stages(ops.ones((2, 3, 32, 48)))] == [
        (2, 8, 8, 12),
        (2, 16, 4, 6),
    ]


@BOTH
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"img_size": 30}, "multiples of patch_size=4"),
        ({"window_size": 0}, "window_size must be one or two whole numbers of at least 1, not 0"),
        ({"window_size": (2, 2, 2)}, "window_size must be one or two"),
        ({"num_heads": (1,)}, "must be as long"),
        ({"depths": (2, 0)}, "each number at least 1"),
        ({"num_heads": (1, 3)}, "3 heads do not divide the width 16 of stage 1"),
    ],
)
def test_options_that_do_not_fit_are_refused(network: Any, options: dict[str, Any], message: str) -> None:
    with use_backend("shapes"), pytest.raises(OptionError, match=message):
        network(**{**TINY, **options})


def test_windows_of_the_pre_training_are_one_for_each_stage() -> None:
    with use_backend("shapes"), pytest.raises(OptionError, match="one window for each of 2 stages"):
        SwinTransformerV2(**TINY, pretrained_window_sizes=(4,))


def test_a_file_of_basecls_has_the_constants_of_this_network(backend: Backend, tmp_path: Path) -> None:
    net = SwinTransformer(**TINY, num_classes=3)
    initialise(net, seed=0)
    save(net, tmp_path / "swin.pkl", layout="basecls")
    written = read_checkpoint(tmp_path / "swin.pkl").tensors
    masks = {name for name in written if name.endswith("attn_mask")}
    # Maps of 12 and 6 places a side under windows of 4: 9 windows, and 4 with the map filled up to 8.
    assert {name: written[name].shape for name in masks} == {
        "layers.0.blocks.1.attn_mask": (9, 16, 16),
        "layers.1.blocks.1.attn_mask": (4, 16, 16),
    }
    np.testing.assert_array_equal(written["layers.0.blocks.1.attn_mask"], shifted_window_mask((12, 12), (4, 4), (2, 2)))
    index = written["layers.1.blocks.0.attn.rel_pos_index"]
    assert index.dtype == np.int32
    np.testing.assert_array_equal(index, relative_position_index((4, 4)))
    other = SwinTransformer(**TINY, num_classes=3)
    assert load(other, tmp_path / "swin.pkl").ok
    assert_close(state(other)["head.weight"], state(net)["head.weight"], 0)


def test_without_a_network_the_masks_are_those_of_the_papers() -> None:
    name = "swin_tiny_patch4_window7_224"
    net = polynet.build(name, backend="shapes")
    tensors = {key: np.zeros(slot.shape, np.float32) for key, slot in polynet.get_backend("shapes").slots(net).items()}
    assumed, known = (to_layout(tensors, "basecls", "swin", constants) for constants in (None, net.constants()))
    assert assumed.keys() == known.keys()
    for key in known:
        np.testing.assert_array_equal(assumed[key], known[key])


def test_wrong_masks_in_a_file_do_no_harm(backend: Backend) -> None:
    net = SwinTransformer(**TINY, num_classes=3)
    initialise(net, seed=0)
    given = {**state(net), "layers.0.blocks.1.attn_mask": np.full((9, 16, 16), 7.0, np.float32)}
    x = ops.tensor(np.random.standard_normal((1, 3, 48, 48)).astype(np.float32))
    net.eval()
    before = ops.to_numpy(net(x))
    assert load_state(net, given, layout="basecls").ok
    assert_close(net(x), before, 0)


def test_what_is_no_constant_is_still_unexpected(backend: Backend) -> None:
    net = SwinTransformer(**TINY, num_classes=3)
    with pytest.raises(WeightsError, match="attn_masks"):
        load_state(net, {**state(net), "layers.0.blocks.1.attn_masks": np.zeros(1)}, layout="basecls")
