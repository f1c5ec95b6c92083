"""Settings by rule: those that MMEngine's, MMPretrain's and BaseCls's rules give to each parameter."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import pytest

import polynet
from polynet import nn
from polynet.backend import Backend
from polynet.config.references import ClassReference
from polynet.errors import OptionError
from polynet.train import OptimWrapper, build_optim_wrapper
from polynet.train.parameter_groups import trained_parameters
from polynet.train.weight_decay import DecayPolicy

SGD = {"type": "SGD", "lr": 0.1, "momentum": 0.9, "weight_decay": 0.05}


class Net(nn.Module):
    """One layer of each kind that rules tell apart."""

    def __init__(self) -> None:
        super().__init__()
        self.backbone = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.Conv2d(8, 8, 3, groups=8))
        self.norm = nn.LayerNorm(8)
        self.head = nn.Linear(8, 4)
        self.cls_token = nn.Parameter(polynet.ops.zeros((1, 1, 8)))
        self.gamma = nn.Parameter(polynet.ops.ones((4,)))


NAMES = {
    *("backbone.0.weight", "backbone.0.bias", "backbone.1.weight", "backbone.1.bias", "backbone.2.weight"),
    *("backbone.2.bias", "norm.weight", "norm.bias", "head.weight", "head.bias", "cls_token", "gamma"),
}


def table(wrapper: OptimWrapper, setting: str) -> dict[str, float]:
    """A setting of every parameter that is optimised."""
    return {name: group[setting] for group in wrapper.optimizer.groups for name in group["parameters"]}


def built(
    net: Any, paramwise: Mapping[str, Any] | None, optimizer: Mapping[str, Any] = SGD, **more: Any
) -> OptimWrapper:
    given = copy.deepcopy((paramwise, optimizer))
    wrapper = build_optim_wrapper(net, {"optimizer": optimizer, "paramwise_cfg": paramwise, **more})
    assert (paramwise, optimizer) == given
    return wrapper


def differing(wrapper: OptimWrapper, setting: str, usual: float) -> dict[str, float]:
    return {name: value for name, value in table(wrapper, setting).items() if value != usual}


def test_without_rules_there_is_one_group(backend: Backend) -> None:
    wrapper = built(Net(), None)
    assert len(wrapper.param_groups) == 1
    assert set(table(wrapper, "lr")) == NAMES
    assert wrapper.get_lr() == {"lr": [0.1]}


def test_multipliers_of_the_weight_decay_apply_in_mmengines_order(backend: Backend) -> None:
    rules = {"norm_decay_mult": 0.2, "bias_decay_mult": 0.4, "dwconv_decay_mult": 0.6, "flat_decay_mult": 0.0}
    wrapper = built(Net(), rules)
    assert differing(wrapper, "weight_decay", 0.05) == pytest.approx(
        {
            **dict.fromkeys(("backbone.1.weight", "backbone.1.bias", "norm.weight", "norm.bias"), 0.01),
            **dict.fromkeys(("backbone.0.bias", "backbone.2.bias", "head.bias"), 0.02),
            "backbone.2.weight": 0.03,
            "gamma": 0.0,
        }
    )
    assert differing(wrapper, "lr", 0.1) == {}


def test_depthwise_biases_follow_their_convolution_without_a_rule_for_biases(backend: Backend) -> None:
    wrapper = built(Net(), {"dwconv_decay_mult": 0.0})
    assert differing(wrapper, "weight_decay", 0.05) == {"backbone.2.weight": 0.0, "backbone.2.bias": 0.0}


def test_the_learning_rate_of_biases_is_not_that_of_normalisations(backend: Backend) -> None:
    wrapper = built(Net(), {"bias_lr_mult": 2.0})
    assert differing(wrapper, "lr", 0.1) == {"backbone.0.bias": 0.2, "backbone.2.bias": 0.2, "head.bias": 0.2}


def test_the_longest_custom_key_decides_alone(backend: Backend) -> None:
    keys = {
        "backbone": {"lr_mult": 0.1, "decay_mult": 0.5},
        "backbone.0": {"lr_mult": 0.5},
        ".cls_token": {"decay_mult": 0.0},
        "head": {"momentum": 0.5},
    }
    wrapper = built(Net(), {"custom_keys": keys, "bias_lr_mult": 3.0, "norm_decay_mult": 0.0})
    assert differing(wrapper, "lr", 0.1) == pytest.approx(
        {
            **dict.fromkeys(("backbone.0.weight", "backbone.0.bias"), 0.05),
            **{f"backbone.{number}.{leaf}": 0.01 for number in (1, 2) for leaf in ("weight", "bias")},
        }
    )
    assert differing(wrapper, "weight_decay", 0.05) == pytest.approx(
        {
            **{f"backbone.{number}.{leaf}": 0.025 for number in (1, 2) for leaf in ("weight", "bias")},
            **dict.fromkeys(("cls_token", "norm.weight", "norm.bias"), 0.0),
        }
    )
    assert differing(wrapper, "momentum", 0.9) == {"head.weight": 0.5, "head.bias": 0.5}


def test_keys_of_the_same_length_go_by_the_alphabet(backend: Backend) -> None:
    wrapper = built(nn.Linear(2, 2), {"custom_keys": {"ght": {"lr_mult": 2.0}, "eig": {"lr_mult": 3.0}}})
    assert table(wrapper, "lr") == pytest.approx({"weight": 0.3, "bias": 0.1})


def test_the_settings_that_rules_start_from_are_kept_beside_the_groups(backend: Backend) -> None:
    wrapper = built(Net(), {"norm_decay_mult": 0.0})
    assert wrapper.get_lr() == {"base_lr": [0.1], "lr": [0.1, 0.1]}
    assert len(wrapper.param_groups) == len(wrapper.optimizer.groups) + 1
    assert [group["name"] for group in wrapper.optimizer.groups] == ["all others", "weight_decay=0"]


def test_parameters_that_are_frozen_or_shared_are_stepped_once_or_never(backend: Backend) -> None:
    net = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    net[1].weight = net[0].weight
    for bypass in (False, True):
        wrapper = built(net, {"bias_decay_mult": 0.0, "bypass_duplicate": bypass})
        assert set(table(wrapper, "lr")) == {"0.weight", "0.bias", "1.bias"}


def test_a_custom_key_that_matches_nothing_is_warned_of_with_the_nearest(backend: Backend) -> None:
    with pytest.warns(UserWarning, match="custom key 'backbnoe'.*Did you mean 'backbone'"):
        built(Net(), {"custom_keys": {"backbnoe": {"lr_mult": 0.1}}})


WRONG: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    ({"norm_decay_mul": 0.0}, SGD, "Did you mean 'norm_decay_mult'"),
    ({"bias_lr_mult": -1.0}, SGD, "bias_lr_mult"),
    ({"bias_decay_mult": 0.0}, {"type": "SGD", "lr": 0.1}, "multiplies weight_decay, which"),
    ({"custom_keys": {"head": {"decay_mult": 0.0}}}, {"type": "SGD", "lr": 0.1}, "custom_keys.head.decay_mult"),
    ({"custom_keys": ["head"]}, SGD, "custom_keys is a mapping"),
    ({"custom_keys": {"head": {"lr_mult": -1}}}, SGD, "lr_mult"),
    ({"custom_keys": {"head": {"momentun": 0.1}}}, SGD, "Did you mean 'momentum'"),
]


@pytest.mark.parametrize(("rules", "optimizer", "message"), WRONG)
def test_a_wrong_rule_is_said(backend: Backend, rules: dict[str, Any], optimizer: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        built(Net(), rules, optimizer)


def test_the_first_rule_that_fits_decides_the_weight_decay(backend: Backend) -> None:
    wrapper = built(Net(), None, {**SGD, "weight_decay": [(1e-3, "bias"), (0, "NORM_TYPES"), 1e-4]})
    assert differing(wrapper, "weight_decay", 1e-4) == {
        **dict.fromkeys((name for name in NAMES if name.endswith("bias")), 1e-3),
        **dict.fromkeys(("backbone.1.weight", "norm.weight"), 0.0),
    }
    assert len(wrapper.optimizer.groups) == 3
    assert wrapper.base_param_settings is not None
    assert wrapper.base_param_settings["weight_decay"] == 1e-4


def test_one_weight_decay_for_all_is_one_group(backend: Backend) -> None:
    for policy in (1e-4, [1e-4], (1e-4,)):
        wrapper = built(Net(), None, {**SGD, "weight_decay": policy})
        assert [group["weight_decay"] for group in wrapper.optimizer.groups] == [1e-4]


@pytest.mark.parametrize(
    "kinds", ["Linear", nn.Linear, [nn.Linear], (nn.Linear, "LayerNorm"), ClassReference("polynet.nn:Linear")]
)
def test_parameters_are_chosen_by_the_class_of_their_layer(backend: Backend, kinds: Any) -> None:
    policy = DecayPolicy([(0.5, kinds), 0.1])
    chosen = {one.name for one in trained_parameters(Net()) if policy.decay(one) == 0.5}
    assert chosen >= {"head.weight", "head.bias"}
    assert ("norm.weight" in chosen) == isinstance(kinds, tuple)


def test_a_negative_weight_decay_stands_for_the_default(backend: Backend) -> None:
    policy = DecayPolicy([(-1, "bias"), (0, "head"), 0.1])
    assert {one.name: policy.decay(one) for one in trained_parameters(nn.Sequential(nn.Linear(1, 1)))}["0.bias"] == 0.1


def test_the_rules_of_a_shipped_config_spare_biases_and_normalisations(backend: Backend) -> None:
    from polynet.config import Config

    config = Config.fromfile("configs/resnet/resnet18.py")
    net = polynet.build({"model": {"name": "resnet18"}, "num_classes": 3}, seed=0)
    optimizer = {"type": "sgd", "lr": 0.1, "weight_decay": config["solver"]["weight_decay"]}
    decays = table(build_optim_wrapper(net, {"optimizer": optimizer}), "weight_decay")
    for parameter in trained_parameters(net):
        spared = parameter.normalises or parameter.leaf == "bias"
        assert decays[parameter.name] == (0 if spared else 2e-5)
    assert sum(decay > 0 for decay in decays.values()) == 21


def test_rules_of_both_kinds_go_together(backend: Backend) -> None:
    optimizer = {**SGD, "weight_decay": [(0, "bias"), 0.05]}
    wrapper = built(nn.Linear(2, 2), {"custom_keys": {"weight": {"lr_mult": 0.5}}}, optimizer)
    assert table(wrapper, "lr") == {"weight": 0.05, "bias": 0.1}
    assert table(wrapper, "weight_decay") == {"weight": 0.05, "bias": 0}


def test_a_rule_that_matches_nothing_is_warned_of_with_the_nearest(backend: Backend) -> None:
    with pytest.warns(UserWarning, match="'pos_embd'"):
        built(Net(), None, {**SGD, "weight_decay": [(0, "pos_embd"), 0.1]})
    with pytest.warns(UserWarning, match="'NORM_TYPE'.*Did you mean 'NORM_TYPES'"):
        built(Net(), None, {**SGD, "weight_decay": [(0, "NORM_TYPE"), 0.1]})


@pytest.mark.parametrize(
    ("policy", "message"),
    [
        ([(0, "bias")], "ends with that of all others"),
        ([], "ends with that of all others"),
        ([(0, "bias", 1), 0.1], "a rule is"),
        ([("bias", 0), 0.1], "weight_decay"),
        ([(0, "bias("), 0.1], "no regular expression"),
        ([(0, 3), 0.1], "chosen by a regular expression"),
        ([(0, "bias"), -0.1], "the default"),
    ],
)
def test_a_wrong_policy_is_said(policy: Any, message: str) -> None:
    with pytest.raises(OptionError, match=message):
        DecayPolicy(policy)
