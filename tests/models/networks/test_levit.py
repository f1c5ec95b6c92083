"""LeViT's grids, biases and two heads."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from polynet import ops
from polynet.backend import Backend
from polynet.errors import OptionError
from polynet.models.blocks.distance_attention import distances
from polynet.models.networks.levit import LeViT
from polynet.nn import initialise

PYRAMID: dict[str, Any] = {"img_size": 80, "embed_dim": (16, 32), "key_dim": 8, "depth": (1, 1), "num_heads": (2, 3)}


def images() -> Any:
    return ops.tensor(np.random.standard_normal((2, 3, 80, 80)).astype(np.float32))


def test_distances_are_the_same_both_ways_and_the_least_to_oneself() -> None:
    found = distances((3, 4))
    assert found.shape == (12, 12)
    np.testing.assert_array_equal(found, found.T)
    assert not np.diagonal(found).any()
    # A row apart is as far as four columns of the numbering.
    assert found[0, 4] == 4


def test_queries_of_a_halved_grid_are_every_second_place() -> None:
    np.testing.assert_array_equal(distances((3, 3), 2), distances((3, 3))[[0, 2, 6, 8]])


def test_a_grid_that_cannot_be_halved_is_rounded_up(backend: Backend) -> None:
    net = LeViT(**PYRAMID).eval()
    assert [tuple(each.shape) for each in net.forward_stages(images())] == [(2, 16, 5, 5), (2, 32, 3, 3)]


def test_blocks_start_as_identities(backend: Backend) -> None:
    net = LeViT(**PYRAMID)
    initialise(net, seed=0)
    net.eval()
    stem = net.forward_stem(images())
    np.testing.assert_array_equal(ops.to_numpy(net.forward_stage(0, stem)), ops.to_numpy(stem))


def test_two_heads_are_averaged_or_given_as_a_pair(backend: Backend) -> None:
    net = LeViT(**PYRAMID, num_classes=5, distilled_training=True)
    initialise(net, seed=0)
    first, second = net.train()(images())
    assert tuple(first.shape) == tuple(second.shape) == (2, 5)
    assert tuple(net.eval()(images()).shape) == (2, 5)
    net.reset_classifier(3)
    assert tuple(net(images()).shape) == (2, 3)
    net.reset_classifier(0)
    assert (net.head, net.head_dist) == (None, None)
    assert tuple(net(images()).shape) == (2, 32)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"img_size": 72}, "multiples of stride=16"),
        ({"depth": (1,)}, "equally long"),
        ({"embed_dim": (12, 32)}, "multiple of 8"),
    ],
)
def test_options_that_do_not_fit_are_refused(backend: Backend, options: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        LeViT(**{**PYRAMID, **options})
