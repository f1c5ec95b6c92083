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
from polynet.errors import ConfigKeyError, ConfigTypeError, OptionError, UnknownNameError
from polynet.models.networks.image_classifier import ImageClassifier
from polynet.train import AmpOptimWrapper, OptimWrapper, OptimWrapperDict, build_optim_wrapper
from polynet.train.layer_decay import block_of, structural_depths
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


# BaseCls's lists of rules


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


# Layer-wise decay


class Depths(nn.Module):
    """A network that says how deep its layers lie."""

    def __init__(self) -> None:
        super().__init__()
        self.patch = nn.Linear(2, 2)
        self.layers = nn.Sequential(nn.Linear(2, 2), nn.LayerNorm(2))
        self.head = nn.Linear(2, 2)

    def get_layer_depth(self, param_name: str) -> tuple[int, int]:
        parts = param_name.split(".")
        return (0 if parts[0] == "patch" else 3 if parts[0] == "head" else int(parts[1]) + 1), 4


LAYER_DECAY = "LearningRateDecayOptimWrapperConstructor"


def test_learning_rates_fall_with_the_depth_that_the_network_says(backend: Backend) -> None:
    rules = {"layer_decay_rate": 0.5, "norm_decay_mult": 0.0, "flat_decay_mult": 0.4}
    wrapper = built(Depths(), rules, constructor=LAYER_DECAY)
    rates = table(wrapper, "lr")
    assert {name: rates[f"{name}.weight"] for name in ("patch", "layers.0", "layers.1", "head")} == pytest.approx(
        {"patch": 0.0125, "layers.0": 0.025, "layers.1": 0.05, "head": 0.1}
    )
    assert differing(wrapper, "weight_decay", 0.05) == pytest.approx(
        {
            **dict.fromkeys(("patch.bias", "layers.0.bias", "head.bias"), 0.02),
            **dict.fromkeys(("layers.1.weight", "layers.1.bias"), 0.0),
        }
    )


def test_the_structure_stands_in_where_a_network_does_not_say_its_depths(backend: Backend) -> None:
    net = polynet.build({"model": {"name": "resnet18"}, "num_classes": 3}, seed=0)
    depths = structural_depths(net)
    found = {depths(parameter.name)[0] for parameter in trained_parameters(net)}
    assert found == set(range(10))
    assert depths(trained_parameters(net)[0].name) == (0, 10)
    assert depths(trained_parameters(net)[-1].name) == (9, 10)


def test_a_classifier_around_a_backbone_that_does_not_say_goes_by_structure(backend: Backend) -> None:
    config = {"type": "ResNet", "depth": 18}
    head = {"type": "LinearClsHead", "in_channels": 512, "num_classes": 3}
    net = ImageClassifier(backbone=config, neck={"type": "GlobalAveragePooling"}, head=head)
    rates = table(built(net, {"layer_decay_rate": 0.5}, constructor=LAYER_DECAY), "lr")
    assert rates["head.fc.weight"] == 0.1
    assert rates["backbone.conv1.weight"] == pytest.approx(0.1 * 0.5**9)
    assert rates["backbone.layer4.1.conv2.weight"] == pytest.approx(0.05)


def test_the_structure_of_a_vision_transformer_gives_mmpretrains_depths(backend: Backend) -> None:
    backbone = {"type": "VisionTransformer", "arch": "deit-tiny", "img_size": 32, "patch_size": 16}
    head = {"type": "VisionTransformerClsHead", "in_channels": 192, "num_classes": 3}
    net = ImageClassifier(backbone=backbone, head=head)
    depths = structural_depths(net)
    for name in (parameter.name for parameter in trained_parameters(net)):
        parts = name.split(".")
        first = parts[1] in ("cls_token", "pos_embed", "patch_embed")
        assert depths(name) == (
            0 if first else int(parts[2]) + 1 if parts[1] == "layers" and parts[0] == "backbone" else 13,
            14,
        )


@pytest.mark.parametrize(
    ("name", "block"),
    [
        ("layers.3.attn.qkv.weight", "layers.3"),
        ("backbone.layer1.0.downsample.0.weight", "backbone.layer1.0"),
        ("stages.1.blocks.2.conv.weight", "stages.1.blocks.2"),
        ("stages.1.2.conv.weight", "stages.1.2"),
        ("stages.1.downsample.reduction.weight", "stages.1"),
        ("s3.b12.a_bn.weight", "s3.b12"),
        ("layers.3.ffn.layers.0.0.weight", "layers.3"),
        ("blocks.0.norm1.weight", "blocks.0"),
        ("head.classifier.3.weight", None),
        ("conv1.weight", None),
        ("cls_token", None),
    ],
)
def test_a_block_is_what_a_number_names(name: str, block: str | None) -> None:
    assert block_of(name) == block


def test_a_depth_that_is_none_is_said(backend: Backend) -> None:
    net = Depths()
    type(net).get_layer_depth, kept = (lambda self, param_name: (5, 4)), type(net).get_layer_depth  # type: ignore[method-assign]
    try:
        with pytest.raises(OptionError, match=r"get_layer_depth\('patch.weight'\).*not \(5, 4\)"):
            built(net, {"layer_decay_rate": 0.5}, constructor=LAYER_DECAY)
    finally:
        type(net).get_layer_depth = kept  # type: ignore[method-assign]


def test_layer_decay_has_no_other_multiplier_of_the_learning_rate(backend: Backend) -> None:
    for rules in ({"custom_keys": {"head": {"lr_mult": 2.0}}}, {"bias_lr_mult": 2.0}, {"layer_decay_rate": 0.0}):
        with pytest.raises(OptionError):
            built(Depths(), rules, constructor=LAYER_DECAY)


# From configs


def test_a_config_says_the_wrapper_and_its_options(backend: Backend) -> None:
    config = {
        "type": "OptimWrapper",
        "optimizer": {"type": "AdamW", "lr": 1e-3, "betas": (0.9, 0.95)},
        "accumulative_counts": 4,
        "clip_grad": {"max_norm": 1.0},
    }
    wrapper = build_optim_wrapper(nn.Linear(1, 1), config)
    assert type(wrapper) is OptimWrapper
    assert (wrapper.optimizer.name, wrapper.accumulative_counts) == ("adamw", 4)
    assert wrapper.get_momentum() == {"momentum": [0.9]}
    if backend.why_no_autocast("cpu", "float16") is None:
        amp = build_optim_wrapper(nn.Linear(1, 1), {**config, "type": "AmpOptimWrapper", "dtype": "float16"})
        assert isinstance(amp, AmpOptimWrapper)
        assert amp.loss_scale is not None


def test_what_is_trained_is_what_a_task_says(backend: Backend) -> None:
    class Task(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.network = nn.Linear(1, 1)
            self.teacher = nn.Linear(1, 1)

        def weights_module(self) -> Any:
            return self.network

    assert set(table(built(Task(), None), "lr")) == {"weight", "bias"}


def test_several_parts_have_an_optimizer_each(backend: Backend) -> None:
    net = nn.Module()
    net.generator, net.discriminator = nn.Linear(1, 2), nn.Linear(2, 1)
    wrappers = build_optim_wrapper(
        net, {"generator": {"optimizer": SGD}, "discriminator": {"optimizer": {"type": "Adam", "lr": 0.2}}}
    )
    assert isinstance(wrappers, OptimWrapperDict)
    assert wrappers.get_lr() == {"generator.lr": [0.1], "discriminator.lr": [0.2]}
    with pytest.raises(ConfigKeyError, match="Did you mean 'generator'"):
        build_optim_wrapper(net, {"generatr": {"optimizer": SGD}})


@pytest.mark.parametrize(
    ("config", "error", "message"),
    [
        (
            {"optimizer": {"type": "SDG", "lr": 0.1}},
            UnknownNameError,
            "optim_wrapper: There is no optimiser 'SDG'.*sgd",
        ),
        ({"optimizer": {"type": "SGD", "lr": -0.1}}, OptionError, "lr must be"),
        ({"optimizer": {"type": "SGD", "lr": 0.1, "momentun": 0.9}}, OptionError, "Did you mean 'momentum'"),
        ({"optimizer": {"type": "Adam", "betas": (0.9, 1.5)}}, OptionError, "betas"),
        ({"optimizer": {"lr": 0.1}}, ConfigKeyError, "needs `type`"),
        ({"optimizer": 3}, ConfigTypeError, "optimizer is a mapping"),
        (
            {"optimiser": {"type": "SGD"}},
            ConfigKeyError,
            "needs `optimizer`.*Is 'optimiser' meant",
        ),
        ({"type": "OptimWraper", "optimizer": SGD}, UnknownNameError, "Did you mean 'OptimWrapper'"),
        ({"optimizer": SGD, "accumulative_count": 2}, OptionError, "Did you mean 'accumulative_counts'"),
        ({"optimizer": SGD, "constructor": "DefaultConstructor"}, UnknownNameError, "constructor"),
        ({"optimizer": SGD, "paramwise_cfg": 3}, ConfigTypeError, "paramwise_cfg is a mapping"),
        ("SGD", ConfigTypeError, "optim_wrapper is a mapping"),
    ],
)
def test_a_wrong_config_is_said(backend: Backend, config: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        build_optim_wrapper(nn.Linear(1, 1), config)
