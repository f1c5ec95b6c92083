"""Networks asked for feature maps alone."""

from __future__ import annotations

import pytest

import polynet
from polynet import ops
from polynet.backend import Backend
from polynet.errors import OptionError, OptionIndexError
from tests.models.small import SMALL


@pytest.mark.parametrize("family", SMALL)
def test_every_family_returns_the_maps_that_it_says_it_has(family: str, backend: Backend) -> None:
    small = SMALL[family]
    net = polynet.build(small.build, backend=backend, seed=0, features_only=True)
    backend.set_training(net, False)
    maps = net(ops.zeros((1, 3, small.side, small.side)))
    assert net.head is None
    assert [tuple(each.shape)[1] for each in maps] == net.feature_info.channels()
    assert len(net.feature_info) == len(maps)


def test_chosen_stages_come_in_the_order_asked_for(backend: Backend) -> None:
    net = polynet.build("resnet18", backend=backend, seed=0, features_only=True, out_indices=(3, 1), num_classes=10)
    backend.set_training(net, False)
    assert [tuple(each.shape) for each in net(ops.zeros((1, 3, 64, 64)))] == [(1, 512, 2, 2), (1, 128, 8, 8)]
    assert net.feature_info.reduction() == [32, 8]
    assert net.feature_info.module_name() == ["s4", "s2"]
    assert net.feature_info.get_dicts()[0] == {"num_chs": 512, "reduction": 32, "module": "s4", "index": 3}
    assert net.feature_info.channels([0, 3]) == [64, 512]
    with pytest.raises(OptionIndexError, match="no stage 7"):
        net.feature_info.channels(7)


def test_features_only_must_be_true_or_false() -> None:
    with pytest.raises(OptionError, match="features_only must be True or False"):
        polynet.build("resnet18", backend="shapes", features_only="yes")


def test_without_features_only_nothing_changes() -> None:
    net = polynet.build("resnet18", backend="shapes", features_only=False, num_classes=10)
    assert net.num_classes == 10
    assert net.out_indices is None


@pytest.mark.parametrize("indices", [(1, 1), (3, -1)])
def test_one_map_is_not_given_twice(indices: tuple[int, ...]) -> None:
    with pytest.raises(OptionError, match="out_indices names a stage twice"):
        polynet.build("resnet18", backend="shapes", features_only=True, out_indices=indices)
