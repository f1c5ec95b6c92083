from __future__ import annotations

import copy

import pytest

from polynet.config import ClassReference, Config, normalise
from polynet.errors import ConfigError, ConfigTypeError


class Net:
    pass


def net_function():
    pass


@pytest.mark.parametrize("selector", ["name", "type", "NAME"])
@pytest.mark.parametrize("value", ["ResNet", Net, net_function, ClassReference("a:B")])
def test_three_spellings_are_one(selector, value):
    assert normalise({selector: value, "depth": 18}) == {"name": value, "depth": 18}


def test_upper_case_keys_are_lowered_beside_NAME_and_nowhere_else():  # noqa: N802 - the key itself
    config = {"NAME": "Head", "DIM": 512, "Mixed": 1, "init": 2, "SUB": {"NAME": "Sub", "STD": 0.1}}
    assert normalise(config) == {
        "name": "Head",
        "dim": 512,
        "Mixed": 1,
        "init": 2,
        "sub": {"NAME": "Sub", "STD": 0.1},
    }
    assert normalise({"type": "Head", "DIM": 512}) == {"name": "Head", "DIM": 512}


def test_components_further_in_are_left_to_whoever_builds_them():
    config = {"type": "Net", "norm_cfg": {"type": "BN"}}
    assert normalise(config) == {"name": "Net", "norm_cfg": {"type": "BN"}}


def test_no_selector_stays_none():
    assert normalise({"w_out": 10}) == {"w_out": 10}
    assert normalise({"name": None, "w_out": 10}) == {"name": None, "w_out": 10}


def test_the_result_shares_nothing_with_the_config():
    config = Config(type="Net", stages=[{"depth": 1}])
    before = copy.deepcopy(config)
    result = normalise(config)
    result["stages"][0]["depth"] = 2
    assert config == before
    assert type(result["stages"][0]) is dict


@pytest.mark.parametrize(
    ("wrong", "error", "match"),
    [
        ({"name": "a", "type": "b"}, ConfigError, "name and type"),
        ({"type": "a", "NAME": "b"}, ConfigError, "type and NAME"),
        ({"NAME": "a", "DIM": 1, "dim": 2}, ConfigError, "'dim'"),
        ({"NAME": "a", "Name": "b", "NAMe": 1}, None, None),
        ({"name": ""}, ConfigError, "empty"),
        ({"name": "  "}, ConfigError, "empty"),
        ({"name": 3}, ConfigTypeError, "registered name or a class, not int 3"),
        ({"type": ["a"]}, ConfigTypeError, "`type` takes"),
        ({"name": {"name": "a"}}, ConfigTypeError, "not dict"),
        ({"name": "a", 3: 1}, ConfigTypeError, "names of arguments, not 3"),
        ("resnet18", ConfigTypeError, "mapping"),
        (None, ConfigTypeError, "mapping"),
        ([("name", "a")], ConfigTypeError, "mapping"),
    ],
)
def test_what_has_no_normal_form_is_refused(wrong, error, match):
    before = copy.deepcopy(wrong)
    if error is None:
        assert normalise(wrong)["name"] == "a"
    else:
        with pytest.raises(error, match=match):
            normalise(wrong)
    assert wrong == before
