from __future__ import annotations

import copy
import pickle

import pytest

from polynet.config import MISSING, Config
from polynet.errors import ConfigError, ConfigKeyError, ConfigTypeError


@pytest.fixture
def config():
    return Config({"model": {"name": "resnet18", "head": {"width": 0}}, "steps": [{"rate": 0.1}, (1, {"deep": 2})]})


def test_items_and_attributes_are_the_same(config):
    assert config.model.head.width == config["model"]["head"]["width"] == 0
    config.model.head.width = 64
    assert config["model"]["head"]["width"] == 64
    config["model"]["head"]["width"] = 32
    assert config.model.head.width == 32
    del config.model.head.width
    assert "width" not in config.model.head


def test_mappings_within_lists_and_tuples_become_configs(config):
    assert config.steps[0].rate == 0.1
    assert config.steps[1][1].deep == 2
    assert type(config.steps[1]) is tuple


def test_a_mapping_assigned_later_becomes_a_config_and_is_not_shared(config):
    mine = {"depth": {"of": 1}}
    config.extra = mine
    config.extra.depth.of = 2
    assert mine == {"depth": {"of": 1}}
    assert config.setdefault("more", {"x": 1}).x == 1


def test_a_missing_key_names_the_nearest_and_is_every_builtin_it_should_be(config):
    for look in (lambda: config.modle, lambda: config["modle"]):
        with pytest.raises(ConfigKeyError, match=r"no key 'modle'\. Did you mean 'model'"):
            look()
    for error in (KeyError, AttributeError, ValueError):
        with pytest.raises(error):
            _ = config.modle
    assert not hasattr(config, "modle")
    assert getattr(config, "modle", 3) == 3
    assert config.get("modle") is None
    for change in (lambda: config.pop("modle"), lambda: config.__delitem__("modle")):
        with pytest.raises(ConfigKeyError):
            change()


def test_private_names_are_plain_attribute_errors(config):
    with pytest.raises(AttributeError) as caught:
        _ = config.__array_interface__
    assert not isinstance(caught.value, ConfigKeyError)


@pytest.mark.parametrize("name", ["items", "keys", "merge", "freeze", "copy", "frozen"])
def test_a_key_named_like_a_method_is_reached_by_item(name):
    config = Config({name: {"x": 1}})
    assert config[name].x == 1
    assert config.to_dict() == {name: {"x": 1}}
    with pytest.raises(ConfigKeyError, match=r"config\["):
        setattr(config, name, 2)
    assert config[name].x == 1


def test_a_key_that_starts_with_an_underscore_is_reached_by_item():
    config = Config({"_base_": "a.yaml"})
    assert config["_base_"] == "a.yaml"
    with pytest.raises(ConfigKeyError):
        config._base_ = "b.yaml"


def test_equality_with_a_dict(config):
    assert config == {
        "model": {"name": "resnet18", "head": {"width": 0}},
        "steps": [{"rate": 0.1}, (1, {"deep": 2})],
    }
    assert config != {"model": 1}


def test_to_dict_is_fresh_and_holds_no_config(config):
    values = config.to_dict()
    assert type(values["model"]["head"]) is dict
    assert type(values["steps"][0]) is dict
    assert type(values["steps"][1][1]) is dict
    values["model"]["head"]["width"] = 9
    values["steps"].append(1)
    assert config.model.head.width == 0
    assert len(config.steps) == 2


@pytest.mark.parametrize(
    "duplicate",
    [
        lambda config: config.clone(),
        lambda config: config.copy(),
        copy.copy,
        copy.deepcopy,
        lambda config: pickle.loads(pickle.dumps(config)),
        lambda config: Config(config),
    ],
)
def test_copies_are_equal_and_share_no_container(config, duplicate):
    twin = duplicate(config)
    assert type(twin) is Config
    assert twin == config
    twin.model.head.width = 1
    twin.steps[0].rate = 9
    assert config.model.head.width == 0
    assert config.steps[0].rate == 0.1


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_every_pickle_protocol_keeps_content_and_frozenness(config, protocol):
    assert pickle.loads(pickle.dumps(config.freeze(), protocol)).frozen
    assert pickle.loads(pickle.dumps(config, protocol)).model.frozen


def test_leaves_are_the_same_objects_in_a_clone():
    leaf = object()
    assert Config(a=leaf, b=int).clone().a is leaf
    assert Config(a=leaf, b=int).to_dict()["b"] is int


def test_a_frozen_config_refuses_every_change(config):
    config.freeze()
    changes = [
        lambda: setattr(config, "x", 1),
        lambda: setattr(config.model, "name", "x"),
        lambda: config.__setitem__("x", 1),
        lambda: config.update(x=1),
        lambda: config.merge({"model": {"head": {"width": 1}}}),
        lambda: config.override("model.head.width=1"),
        lambda: config.pop("model"),
        lambda: config.popitem(),
        lambda: config.clear(),
        lambda: config.setdefault("x", 1),
        lambda: config.__delitem__("model"),
        lambda: delattr(config.model, "name"),
        lambda: config.__ior__({"x": 1}),
        lambda: setattr(config.steps[0], "rate", 1),
        lambda: setattr(config.steps[1][1], "deep", 1),
    ]
    before = config.to_dict()
    for change in changes:
        with pytest.raises(ConfigTypeError, match="frozen"):
            change()
    assert config == before
    assert config.frozen
    assert config.setdefault("model") is config.model


def test_a_clone_of_a_frozen_config_can_be_changed(config):
    twin = config.freeze().clone()
    assert not twin.frozen
    twin.model.head.width = 5
    assert config.model.head.width == 0


def test_merging_into_a_frozen_part_changes_nothing_at_all(config):
    config.model.head.freeze()
    with pytest.raises(ConfigTypeError, match="frozen"):
        config.merge({"first": 1, "model": {"name": "vgg11", "head": {"width": 1}}})
    assert "first" not in config
    assert config.model.name == "resnet18"


def test_diff_lists_both_sides_by_dotted_key(config):
    other = config.clone().merge({"model": {"head": {"width": 1}}, "new": None})
    del other["steps"]
    assert config.diff(other) == {
        "model.head.width": (0, 1),
        "new": (MISSING, None),
        "steps": (config.steps, MISSING),
    }
    assert config.diff(config.clone()) == {}
    assert Config(a=1).diff({"a": True}) == {"a": (1, True)}


def test_merging_operators(config):
    assert (config | {"model": {"name": "x"}}).model.head.width == 0
    assert ({"model": {"depth": 1}, "y": 2} | config).to_dict()["model"] == {
        "depth": 1,
        "name": "resnet18",
        "head": {"width": 0},
    }
    config |= {"model": {"name": "y"}}
    assert type(config) is Config
    assert config.model.to_dict() == {"name": "y", "head": {"width": 0}}


def test_parts_of_a_subclass_are_of_the_subclass():
    class Mine(Config):
        def have(self, key):
            return key in self

    config = Mine({"a": {"b": 1}})
    assert config.a.have("b")
    assert type(config.clone().a) is Mine


@pytest.mark.parametrize("wrong", [3, "resnet18", "config.yaml", [1, 2], [("a", 1, 2)], {1, 2}, b"x", object()])
def test_what_is_no_mapping_is_refused(wrong):
    with pytest.raises(ConfigTypeError, match="mapping"):
        Config(wrong)


@pytest.mark.parametrize("key", [None, 1.5, (1, 2), b"x"])
def test_keys_are_strings_or_integers(key):
    with pytest.raises(ConfigTypeError, match="keys are strings"):
        Config({"a": {key: 1}})
    config = Config()
    with pytest.raises(ConfigTypeError, match="keys are strings"):
        config[key] = 1
    with pytest.raises(ConfigTypeError, match="keys are strings"):
        config.merge({"a": [{key: 1}]})
    assert config == {}


def test_a_config_that_contains_itself_is_refused():
    loop = {"a": []}
    loop["a"].append(loop)
    config = Config(x=1)
    for use in (lambda: Config(loop), lambda: config.merge(loop), lambda: config.__setitem__("y", loop)):
        with pytest.raises(ConfigError, match=r"contains itself at '(y\.)?a\.0"):
            use()
    assert config == {"x": 1}


def test_deep_nesting_and_expanding_references_are_refused():
    deep, bomb = {}, [0]
    for _ in range(5000):
        deep = {"a": deep}
    for _ in range(30):
        bomb = [bomb] * 10
    with pytest.raises(ConfigError, match="nested deeper"):
        Config(deep)
    with pytest.raises(ConfigError, match="more than"):
        Config(a=bomb)


def test_shared_parts_become_separate():
    shared = {"x": 1}
    config = Config(a=shared, b=shared)
    config.a.x = 2
    assert config.b.x == 1


def test_pairs_make_a_config_as_they_make_a_dict():
    assert Config([("a", 1), ("b", {"c": 2})]).b.c == 2


def test_completion_offers_the_keys(config):
    assert {"model", "steps", "merge"} <= set(dir(config))


def test_repr_shows_the_content():
    assert repr(Config(a={"b": [1]})) == "Config({'a': Config({'b': [1]})})"


def test_merging_refuses_a_dotted_key_that_is_a_path_into_the_config():
    config = Config({"model": {"name": "AlexNet", "head": {"w_out": 3}}, "data": [{"x": 1}]})
    before = config.to_dict()
    for values in ({"model.head.w_out": 5}, {"data.0.x": 2}, {"lr": 1, "model.name": "VGG"}):
        with pytest.raises(ConfigKeyError, match=r"is a path.*nested, \{'.*override\("):
            config.merge(values)
        assert config == before
    with pytest.raises(ConfigKeyError, match=r"\{'model': \{'head': \{'w_out': …\}\}\}"):
        config.update({"model.head.w_out": 5})
    assert config.override("model.head.w_out=5").model.head.w_out == 5


def test_merging_keeps_dotted_keys_that_are_no_path():
    keys = Config({"backbone.layer0": {"lr_mult": 0.1}, "head": 1, "model": {"a": 1}})
    keys.merge({"backbone.layer0": {"decay_mult": 0}, "backbone.layer1": {}, "head.fc": 2, "model.": 3})
    assert keys["backbone.layer0"] == {"lr_mult": 0.1, "decay_mult": 0}
    assert keys["backbone.layer1"] == {}
    assert (keys["head.fc"], keys["model."]) == (2, 3)
