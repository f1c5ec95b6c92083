from __future__ import annotations

import copy

import numpy as np
import pytest

from polynet.config import ClassReference, Config, model_arguments
from polynet.errors import ConfigError, ConfigTypeError


class Net:
    pass


class AlexNetHead:
    pass


def full(num_classes=1000, **model):
    return {"num_classes": num_classes, "model": {"name": "AlexNet", **model}}


@pytest.mark.checklist("S4-13", "S4-14", "S4-18")
@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (full(), {"head": {"w_out": 1000}}),
        (full(None), {}),
        (full(None, head={"w_out": 5}), {"head": {"w_out": 5}}),
        (full(head={"name": "ClsHead"}), {"head": {"name": "ClsHead", "w_out": 1000}}),
        (full(head={"name": AlexNetHead, "width": 64}), {"head": {"name": AlexNetHead, "width": 64, "w_out": 1000}}),
        (full(head={"w_out": 5}), {"head": {"w_out": 5}}),
        (full(head={"num_classes": 5}), {"head": {"num_classes": 5}}),
        (full(head={"w_out": 5, "num_classes": 7}), {"head": {"w_out": 5}}),
        (full(head={"w_out": None}), {"head": {"w_out": 1000}}),
        (full(head=None), {"head": None}),
        (full(head={}), {"head": {"w_out": 1000}}),
        (full(head="ClsHead"), {"head": {"name": "ClsHead", "w_out": 1000}}),
        (full(head=AlexNetHead), {"head": {"name": AlexNetHead, "w_out": 1000}}),
        (full(head={"type": "ClsHead"}), {"head": {"name": "ClsHead", "w_out": 1000}}),
        (full(head={"NAME": "ClsHead", "DIM": 3}), {"head": {"name": "ClsHead", "dim": 3, "w_out": 1000}}),
        (full(head={"dropout_prob": 0.1}), {"head": {"dropout_prob": 0.1, "w_out": 1000}}),
        (full(num_classes=np.int64(7)), {"head": {"w_out": 7}}),
        (full(0), {"head": None}),
        (full(0, head={"dropout_prob": 0.1}), {"head": None}),
        (full(0, head={"name": "ClsHead"}), {"head": {"name": "ClsHead"}}),
        (full(0, head={"w_out": 3}), {"head": {"w_out": 3}}),
        ({"num_classes": 1000, "model": {"name": "AlexNet", "num_classes": 10}}, {"num_classes": 10}),
        (full(depth=18, stages=[1, 2]), {"depth": 18, "stages": [1, 2], "head": {"w_out": 1000}}),
    ],
)
def test_the_classifier_gets_its_width_by_the_rules_of_basecls(config, expected):
    assert model_arguments(config) == ("AlexNet", expected)
    assert model_arguments(Config(config)) == ("AlexNet", expected)


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ("resnet18", ("resnet18", {})),
        (Net, (Net, {})),
        ({"name": "resnet18", "num_classes": 10}, ("resnet18", {"num_classes": 10})),
        ({"type": Net, "depth": 3}, (Net, {"depth": 3})),
        ({"NAME": "Net", "DEPTH": 3}, ("Net", {"depth": 3})),
        ({"model": "resnet18", "num_classes": 3}, ("resnet18", {"head": {"w_out": 3}})),
        ({"model": Net}, (Net, {})),
        ({"model": {"type": "Net"}, "name": "the experiment"}, ("Net", {})),
    ],
)
def test_every_form_a_model_may_have(config, expected):
    assert model_arguments(config) == expected


@pytest.mark.parametrize(
    ("config", "options", "expected"),
    [
        ("resnet18", {"num_classes": 10, "head": None}, {"num_classes": 10, "head": None}),
        (full(head={"w_out": 5, "width": 1}), {"num_classes": 10}, {"head": {"width": 1}, "num_classes": 10}),
        (full(head={"w_out": 5}), {"head": {"w_out": 7}}, {"head": {"w_out": 7}}),
        (full(head={"name": "A", "x": 1}), {"head": {"name": "B"}}, {"head": {"name": "B", "x": 1, "w_out": 1000}}),
        (full(), {"head": None}, {"head": None}),
        (full(None, depth=1), {"depth": 2}, {"depth": 2}),
    ],
)
def test_the_callers_options_lie_over_the_config(config, options, expected):
    before = copy.deepcopy(options)
    assert model_arguments(config, options)[1] == expected
    assert options == before


def test_a_config_file_may_stand_for_the_config(tmp_path):
    path = tmp_path / "net.yaml"
    path.write_text("num_classes: 3\nmodel: {name: resnet18}\n")
    assert model_arguments(path) == model_arguments(str(path)) == ("resnet18", {"head": {"w_out": 3}})


@pytest.mark.checklist("S4-25")
def test_the_config_is_untouched_and_nothing_is_shared():
    leaf = object()
    config = full(head={"name": "ClsHead"}, stages=[{"depth": 1}], leaf=leaf)
    before = copy.copy(config["model"]["head"]), len(config["model"])
    _, arguments = model_arguments(config)
    arguments["stages"][0]["depth"] = 9
    arguments["head"]["w_out"] = 9
    assert config["model"]["stages"] == [{"depth": 1}]
    assert (config["model"]["head"], len(config["model"])) == before
    assert arguments["leaf"] is leaf
    assert model_arguments(Config(config).freeze())[1]["head"]["w_out"] == 1000


def test_references_are_resolved_when_building_and_not_before():
    reference = ClassReference("polynet.nn:Linear")
    config = full(None, head={"name": reference}, layers=[(reference,)])
    name, arguments = model_arguments(config, resolve=False)
    assert arguments == {"head": {"name": reference}, "layers": [(reference,)]}
    from polynet.nn import Linear

    assert model_arguments(config)[1] == {"head": {"name": Linear}, "layers": [(Linear,)]}
    with pytest.raises(ConfigError, match="os:system"):
        model_arguments({"model": {"name": ClassReference("os:system")}})
    assert name == "AlexNet"


@pytest.mark.checklist("S4-27")
@pytest.mark.parametrize(
    ("wrong", "match"),
    [
        ({}, "Model name is missing"),
        ({"model": None}, "Model name is missing"),
        ({"model": {}}, "Model name is missing"),
        ({"model": {"name": None}}, "Model name is missing"),
        ({"model": {"nmae": "x"}}, "Is 'nmae' meant for it"),
        ({"modle": {"name": "x"}}, "neither `model` nor `name`.*Is 'modle' meant"),
        ({"num_classes": 10}, "Model name is missing"),
        ({"model": {"name": ""}}, "empty"),
        ("", "empty"),
        (full(-1), "number of classes"),
        (full(head={"w_out": -3}), r"model\.head\.w_out"),
    ],
)
def test_what_names_no_model_is_a_value_error(wrong, match):
    before = copy.deepcopy(wrong)
    with pytest.raises(ValueError, match=match):
        model_arguments(wrong)
    assert wrong == before


@pytest.mark.parametrize(
    "wrong",
    [
        3,
        None,
        [],
        {"model": 3},
        {"model": ["resnet18"]},
        {"model": {"name": 3}},
        {"model": {"name": "x", 3: 4}},
        full("10"),
        full(10.0),
        full(True),
        full([10]),
        full(head=3),
        full(head=[{"name": "ClsHead"}]),
        full(head={"w_out": "10"}),
        full(head={"name": 3}),
    ],
)
def test_a_wrong_type_is_a_type_error(wrong):
    before = copy.deepcopy(wrong)
    with pytest.raises(ConfigTypeError):
        model_arguments(wrong)
    assert wrong == before


@pytest.mark.parametrize("options", [3, [("a", 1)], {3: 4}, {"name": "x"}, {"num_classes": "ten"}])
def test_wrong_options_are_refused(options):
    with pytest.raises(ConfigError):
        model_arguments("resnet18", options)
