from __future__ import annotations

import copy

import pytest

from polynet.config import Config
from polynet.config.overrides import parse_value
from polynet.errors import ConfigError, ConfigKeyError, ConfigTypeError

BASE = {"model": {"name": "resnet18", "head": {"name": "ClsHead", "w_out": 10}}, "sizes": [1, 2, 3]}


@pytest.mark.parametrize(
    ("update", "expected"),
    [
        ({"model": {"head": {"w_out": 5}}}, {"name": "ClsHead", "w_out": 5}),
        ({"model": {"head": {"width": 64}}}, {"name": "ClsHead", "w_out": 10, "width": 64}),
        ({"model": {"head": None}}, None),
        ({"model": {"head": "ClsHead"}}, "ClsHead"),
        ({"model": {"head": {"_delete_": True, "width": 64}}}, {"width": 64}),
        ({"model": {"head": {"_delete_": False, "width": 64}}}, {"name": "ClsHead", "w_out": 10, "width": 64}),
        ({"model": {"_delete_": True, "head": {"x": 1}}}, {"x": 1}),
        ({}, {"name": "ClsHead", "w_out": 10}),
        (None, {"name": "ClsHead", "w_out": 10}),
    ],
)
def test_mappings_merge_and_all_else_is_replaced(update, expected):
    given = copy.deepcopy(update)
    assert Config(BASE).merge(update).model.head == expected
    assert update == given
    assert BASE["model"]["head"] == {"name": "ClsHead", "w_out": 10}


def test_lists_are_replaced_whole():
    assert Config(BASE).merge({"sizes": [9]}).sizes == [9]
    assert Config(BASE).merge(sizes=(9,)).sizes == (9,)


def test_none_is_replaced_by_a_mapping():
    assert Config(head=None).merge({"head": {"_delete_": True, "w_out": 3}}).head == {"w_out": 3}


def test_keywords_beat_values():
    assert Config(BASE).merge({"x": 1, "y": 1}, x=2) == {**BASE, "x": 2, "y": 1}


def test_merging_keeps_the_parts_that_others_hold():
    config = Config(BASE)
    head = config.model.head
    config.merge({"model": {"head": {"w_out": 5}}})
    assert head is config.model.head
    assert head.w_out == 5


def test_nothing_is_shared_with_what_was_merged():
    values = {"new": {"list": [{"x": 1}]}}
    config = Config(BASE).merge(values)
    config.new.list[0].x = 2
    config.new.list.append(3)
    assert values == {"new": {"list": [{"x": 1}]}}


def test_update_is_deep_too():
    config = Config(BASE)
    config.update({"model": {"name": "vgg11"}})
    assert config.model == {"name": "vgg11", "head": {"name": "ClsHead", "w_out": 10}}


def test_strict_merging_names_the_nearest_key_and_changes_nothing():
    config = Config(BASE)
    with pytest.raises(ConfigKeyError, match=r"'model\.heda'.*Did you mean 'head'"):
        config.merge({"sizes": [0], "model": {"heda": None}}, strict=True)
    with pytest.raises(ConfigKeyError, match=r"'model\.heda'.*Did you mean 'head'"):
        config.override("sizes=0", "model.heda.x=1", strict=True)
    assert config == BASE
    assert config.merge({"model": {"head": {"_delete_": True, "new": 1}}}, strict=True).model.head == {"new": 1}


@pytest.mark.parametrize("wrong", ["yes", 1, None, []])
def test_delete_is_true_or_false(wrong):
    with pytest.raises(ConfigTypeError, match=r"model\._delete_"):
        Config(BASE).merge({"model": {"_delete_": wrong}})


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", 0),
        ("-3", -3),
        ("1e-3", 1e-3),
        ("(3, 4)", (3, 4)),
        ("3,4", (3, 4)),
        ("[1, 'a']", [1, "a"]),
        ("{'a': 1}", {"a": 1}),
        ("true", True),
        ("True", True),
        ("false", False),
        ("null", None),
        ("None", None),
        ("'0'", "0"),
        ("resnet18", "resnet18"),
        ("a b", "a b"),
        ("", ""),
        ("/data/images", "/data/images"),
        ("__import__('os')", "__import__('os')"),
        ("1is", "1is"),
        ("'\\d'", "\\d"),
        ("...", "..."),
        ("9" * 5000, "9" * 5000),
        ("(" * 500, "(" * 500),
        ("-" * 5000 + "1", "-" * 5000 + "1"),
        ("a\x00b", "a\x00b"),
        ("{[]: 1}", "{[]: 1}"),
    ],
)
def test_override_values_are_literals_or_text(text, value):
    found = parse_value(text)
    assert type(found) is type(value)
    assert found == value


@pytest.mark.parametrize(
    "overrides",
    [["model.head.w_out=5", "a.b=x=y"], ["model.head.w_out", "5", "a.b", "x=y"], ["model.head.w_out", 5, "a.b", "x=y"]],
)
def test_both_forms_of_overrides(overrides):
    config = Config(BASE).merge(overrides)
    assert config.model.head == {"name": "ClsHead", "w_out": 5}
    assert config.a.b == "x=y"


def test_overrides_alone_make_a_config():
    assert Config.from_overrides(["model.head.width=0", "x=null"]) == {"model": {"head": {"width": 0}}, "x": None}


def test_overrides_reach_into_lists_and_tuples():
    config = Config(data=[{"x": 1}, {"x": 2}], pair=(1, {"y": 2}))
    config.override("data.1.x=5", "data.-2.x=4", "pair.1.y=3")
    assert config == {"data": [{"x": 4}, {"x": 5}], "pair": (1, {"y": 3})}
    assert config.pair[1].y == 3


def test_overrides_reach_integer_keys():
    assert Config({"classes": {0: "cat"}}).override("classes.0=dog") == {"classes": {0: "dog"}}


def test_overrides_create_what_is_missing_and_replace_what_holds_nothing():
    assert Config(head=None).override("head.w_out=3", "a.b.c=1") == {"head": {"w_out": 3}, "a": {"b": {"c": 1}}}


def test_an_override_with_a_mapping_merges():
    assert Config(BASE).override("model.head={'w_out': 3}").model.head == {"name": "ClsHead", "w_out": 3}
    assert Config(BASE).override("model.head={'_delete_': True, 'w_out': 3}").model.head == {"w_out": 3}


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ("model.head.w_out", ConfigError),
        ("=3", ConfigError),
        ("a..b=3", ConfigError),
        (".a=3", ConfigError),
        ("a.=3", ConfigError),
        ("sizes.3=1", ConfigKeyError),
        ("sizes.-4=1", ConfigKeyError),
        ("sizes.x=1", ConfigKeyError),
        ("sizes.99999999999999999999999=1", ConfigKeyError),
        (".".join("a" * 5000) + "=1", ConfigError),
        (3, ConfigTypeError),
        (None, ConfigTypeError),
    ],
)
def test_a_wrong_override_changes_nothing(wrong, error):
    config = Config(BASE)
    with pytest.raises(error):
        config.override("sizes=[7]", wrong)
    assert config == BASE


@pytest.mark.parametrize("wrong", [["a.b"], ["a", "1", "b"], [3, 4], ["a=1", 5], [None]])
def test_malformed_lists_of_overrides_are_refused(wrong):
    config = Config(BASE)
    with pytest.raises(ConfigError):
        config.merge(wrong)
    assert config == BASE


@pytest.mark.parametrize("wrong", ["model.name=x", {"a": 1}, 5, None])
def test_overrides_must_be_a_list(wrong):
    with pytest.raises(ConfigTypeError, match="Overrides are a list"):
        Config.from_overrides(wrong)
