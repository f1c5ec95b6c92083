from __future__ import annotations

import pytest

from polynet.errors import OptionError, UnknownNameError
from polynet.registry import HEADS, LOSSES, MODELS, NETWORKS, temporary


@pytest.fixture(autouse=True)
def _names():
    with temporary():
        for name in ("zz_resnet101", "zz_resnet18", "zz_resnet18_d", "zz_vgg11", "zz_alexnet", "ZZ_upper"):
            NETWORKS.register(dict, name=name)
        HEADS.register(dict, name="zz_head")
        NETWORKS.register(dict, name="zz_native", backend="torch")
        yield


def test_names_come_in_natural_order():
    assert NETWORKS.list("zz_resnet*") == ["zz_resnet18", "zz_resnet18_d", "zz_resnet101"]


def test_several_patterns_and_exclusions():
    assert NETWORKS.list(["zz_resnet*", "zz_vgg*"], exclude=["*_d", "*101"]) == ["zz_resnet18", "zz_vgg11"]


def test_patterns_heed_case():
    assert NETWORKS.list("ZZ_*") == ["ZZ_upper"]


def test_a_backend_lists_its_native_and_all_neutral_names():
    assert NETWORKS.list("zz_[an]*", backend="torch") == ["zz_alexnet", "zz_native"]
    assert NETWORKS.list("zz_[an]*", backend="megengine") == ["zz_alexnet"]


def test_a_kind_narrows_the_list():
    assert MODELS.list("zz_*", kind="head") == ["zz_head"]
    assert "zz_head" in MODELS.list("zz_*")
    with pytest.raises(UnknownNameError):
        MODELS.list(kind="hed")
    assert HEADS.list("zz_*", kind="network") == []


def test_membership_length_and_iteration_agree():
    assert list(NETWORKS) == NETWORKS.list()
    assert len(NETWORKS) == len(NETWORKS.list())
    assert all(name in NETWORKS for name in NETWORKS)


def test_a_registry_prints_its_names_by_kind():
    assert "network: " in str(MODELS)
    assert "head: " in str(MODELS)
    assert "zz_alexnet" in str(NETWORKS)
    assert repr(NETWORKS).startswith("<Registry networks: ")


def test_an_empty_registry_is_still_true():
    assert LOSSES


@pytest.mark.parametrize("wrong", [3, None, ["a", 4]])
def test_a_pattern_that_is_no_string_is_refused(wrong):
    with pytest.raises(OptionError, match="pattern"):
        NETWORKS.list(wrong)
