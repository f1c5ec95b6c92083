"""The rules of `init_cfg`: what they draw, which layers they reach, and what they refuse."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from polynet import nn
from polynet.backend import Backend, use_backend
from polynet.errors import ConfigError, ConfigTypeError, DuplicateNameError, ModeError, OptionError, UnknownNameError
from polynet.models.base_module import BaseModule
from polynet.models.init_cfg import WEIGHT_INITIALIZERS, PretrainedInit, constant_init, seeded
from polynet.models.init_cfg.layers import layer_names
from polynet.weights import state


class Toy(BaseModule):
    """A grouped and a plain convolution, a normalisation and a linear layer."""

    def __init__(self, init_cfg: Any = None) -> None:
        super().__init__(init_cfg)
        self.conv1 = nn.Conv2d(8, 64, 3, groups=4)
        self.conv2 = nn.Conv2d(64, 96, 3)
        self.norm = nn.BatchNorm2d(96)
        self.linear = nn.Linear(256, 128)


def drawn(init_cfg: Any, seed: int = 0) -> dict[str, np.ndarray[Any, Any]]:
    """The weights of a `Toy` after `init_weights`."""
    toy = Toy(init_cfg)
    with seeded(seed):
        toy.init_weights()
    return state(toy)


@pytest.mark.parametrize(
    ("rule", "deviation"),
    [
        ({"type": "Normal", "mean": 0.0, "std": 0.5}, 0.5),
        ({"type": "Kaiming"}, math.sqrt(2 / (96 * 9))),
        ({"type": "Kaiming", "mode": "fan_in", "a": 1, "nonlinearity": "leaky_relu"}, math.sqrt(1 / (64 * 9))),
        ({"type": "Kaiming", "distribution": "uniform"}, math.sqrt(2 / (96 * 9))),
        ({"type": "Xavier"}, math.sqrt(2 / (96 * 9 + 64 * 9))),
        ({"type": "Xavier", "gain": 3, "distribution": "uniform"}, 3 * math.sqrt(2 / (96 * 9 + 64 * 9))),
        ({"type": "Caffe2Xavier"}, math.sqrt(1 / (64 * 9))),
        ({"type": "Uniform", "a": -1, "b": 2}, 3 / math.sqrt(12)),
        ({"type": "TruncNormal", "std": 0.1}, 0.1),
    ],
)
@pytest.mark.checklist("S2-13", "S2-27", "S2-28", "S2-31")
def test_a_rule_draws_with_its_deviation(backend: Backend, rule: dict[str, Any], deviation: float) -> None:
    weights = drawn({**rule, "layer": "Conv2d", "bias": 0.25})
    assert weights["conv2.weight"].dtype == np.float32
    assert weights["conv2.weight"].std() == pytest.approx(deviation, rel=0.02)
    np.testing.assert_array_equal(weights["conv2.bias"], np.full(96, 0.25, np.float32))


@pytest.mark.checklist("S2-29", "S2-30", "S2-32")
def test_bounded_rules_stay_within_their_bounds(backend: Backend) -> None:
    uniform = drawn({"type": "Uniform", "a": -0.5, "b": 0.25, "layer": "Linear"})["linear.weight"]
    assert uniform.min() >= -0.5
    assert uniform.max() <= 0.25
    assert uniform.max() > 0.24
    cut = drawn({"type": "TruncNormal", "std": 1.0, "a": -0.5, "b": 1.5, "layer": "Linear"})["linear.weight"]
    assert cut.min() >= -0.5
    assert 1.4 < cut.max() <= 1.5
    caffe = drawn({"type": "Caffe2Xavier", "layer": "Linear"})["linear.weight"]
    assert abs(caffe).max() == pytest.approx(math.sqrt(3 / 256), rel=0.001)


@pytest.mark.checklist("S2-18", "S2-26")
def test_constants_and_biases(backend: Backend) -> None:
    weights = drawn({"type": "Constant", "val": 3, "bias": 2, "layer": "Linear"})
    assert (weights["linear.weight"] == 3).all()
    assert (weights["linear.bias"] == 2).all()
    assert (drawn({"type": "Kaiming", "layer": "Conv2d"})["conv1.bias"] == 0).all()
    focal = drawn({"type": "Normal", "bias_prob": 0.01, "layer": "Linear"})["linear.bias"]
    np.testing.assert_allclose(focal, -4.59512, rtol=1e-6)


@pytest.mark.checklist("S2-35")
def test_the_fan_of_a_grouped_convolution_is_that_of_its_canonical_weight(backend: Backend) -> None:
    weights = drawn({"type": "Kaiming", "layer": "Conv2d"})
    assert weights["conv1.weight"].shape == (64, 2, 3, 3)
    assert weights["conv1.weight"].std() == pytest.approx(math.sqrt(2 / (64 * 9)), rel=0.05)
    inward = drawn({"type": "Kaiming", "mode": "fan_in", "layer": "Conv2d"})["conv1.weight"]
    assert inward.std() == pytest.approx(math.sqrt(2 / (2 * 9)), rel=0.05)


@pytest.mark.checklist("S2-36")
def test_a_seed_means_the_same_numbers_on_both_frameworks(both: tuple[Backend, Backend]) -> None:
    rules = [{"type": "Kaiming", "layer": "Conv2d"}, {"type": "TruncNormal", "std": 0.02, "layer": "Linear"}]
    found = []
    for backend in both:
        with use_backend(backend):
            found.append([drawn(rules, seed=3), drawn(rules, seed=3), drawn(rules, seed=4)])
    for name in ("conv1.weight", "conv2.weight", "linear.weight"):
        first, again, other = (each[name] for each in found[0])
        np.testing.assert_array_equal(first, again)
        np.testing.assert_array_equal(first, found[1][0][name])
        assert (first != other).any()


@pytest.mark.checklist("S2-13", "S2-14", "S2-15")
def test_each_rule_reaches_the_layers_it_names_and_no_others(backend: Backend) -> None:
    toy = Toy(
        [
            {"type": "Constant", "val": 1, "layer": ["Conv2d", "GroupNorm"]},
            {"type": "Constant", "val": 2, "layer": "Linear"},
        ]
    )
    before = state(toy)
    toy.init_weights()
    after = state(toy)
    assert (after["conv1.weight"] == 1).all()
    assert (after["conv2.weight"] == 1).all()
    assert (after["linear.weight"] == 2).all()
    for name in ("norm.weight", "norm.bias", "norm.running_mean"):
        np.testing.assert_array_equal(after[name], before[name])


@pytest.mark.checklist("S2-13")
def test_of_two_rules_for_a_layer_the_later_stays(backend: Backend) -> None:
    rules = [{"type": "Constant", "val": 1, "layer": "Linear"}, {"type": "Constant", "val": 2, "layer": "Linear"}]
    assert (drawn(rules)["linear.weight"] == 2).all()
    assert (drawn(rules[::-1])["linear.weight"] == 1).all()


class Wider(nn.Conv2d):
    """A layer of the user's own."""


@pytest.mark.checklist("S2-16")
def test_layers_match_by_their_class_and_its_direct_bases(backend: Backend) -> None:
    assert layer_names(type(nn.Conv2d(1, 1, 1))) == {"Conv2d", "_ConvNd"}
    assert layer_names(type(nn.BatchNorm2d(1))) == {"BatchNorm2d", "_BatchNorm"}
    assert layer_names(type(nn.Linear(1, 1))) == {"Linear", "Module"}
    assert layer_names(type(nn.LayerNorm(4))) == {"LayerNorm", "Module"}
    assert layer_names(type(Wider(1, 1, 1))) == {"Wider", "Conv2d"}
    assert layer_names(type(Toy())) == {"Toy", "BaseModule"}
    assert (drawn({"type": "Constant", "val": 7, "layer": "_BatchNorm"})["norm.weight"] == 7).all()


@pytest.mark.checklist("S2-17")
@pytest.mark.parametrize(
    ("rule", "says"),
    [
        ({"type": "Kaiming"}, "names no layer"),
        ({"type": "Kaiming", "layer": "Conv2D"}, r"'Conv2D'\. Did you mean 'Conv2d'\?"),
        ({"type": "Constant", "val": 0, "layer": "_NormBase"}, "The layers are: BatchNorm2d, Conv2d, Linear"),
    ],
)
def test_a_rule_that_fills_nothing_is_warned_of(backend: Backend, rule: dict[str, Any], says: str) -> None:
    toy = Toy(rule)
    before = state(toy)
    with pytest.warns(UserWarning, match=says):
        toy.init_weights()
    for name, array in state(toy).items():
        np.testing.assert_array_equal(array, before[name])


@pytest.mark.checklist("S2-19", "S2-20", "S2-21", "S2-23")
def test_an_override_fills_the_whole_of_a_part_and_nothing_else(backend: Backend) -> None:
    rule = {"type": "Constant", "val": 1, "bias": 4, "layer": "Conv2d"}
    weights = drawn({**rule, "override": {"name": "conv2", "type": "Constant", "val": 5, "layer": "Linear"}})
    assert (weights["conv1.weight"] == 1).all()
    assert (weights["conv2.weight"] == 5).all()
    assert (weights["conv2.bias"] == 0).all()
    weights = drawn({**rule, "override": [{"name": "norm"}, {"name": "linear", "type": "Constant", "val": 2}]})
    assert (weights["norm.weight"] == 1).all()
    assert (weights["norm.bias"] == 4).all()
    assert (weights["linear.weight"] == 2).all()
    assert (drawn({"type": "Constant", "val": 9, "override": {"name": "linear"}})["linear.weight"] == 9).all()


@pytest.mark.checklist("S2-22", "S2-24", "S2-25", "S2-34")
@pytest.mark.parametrize(
    ("init_cfg", "kind", "says"),
    [
        ({"type": "Kaimin", "layer": "Conv2d"}, KeyError, "'Kaimin'.*Did you mean 'Kaiming'"),
        ({"layer": "Conv2d"}, KeyError, "needs `type`"),
        ({"type": "Constant", "layer": "Conv2d"}, OptionError, "val"),
        ({"type": "Normal", "sdt": 1, "layer": "Conv2d"}, OptionError, "'sdt'. Did you mean 'std'"),
        ({"type": "Normal", "bias_prob": 1, "layer": "Conv2d"}, TypeError, "bias_prob must be a float"),
        ({"type": "Normal", "std": "1", "layer": "Conv2d"}, OptionError, "std must be a number"),
        ({"type": "Kaiming", "mode": "fan_inn", "layer": "Conv2d"}, OptionError, "Did you mean 'fan_in'"),
        ({"type": "Kaiming", "layer": "BatchNorm2d"}, OptionError, "two dimensions"),
        ({"type": "Normal", "layer": 3}, TypeError, "`layer` is a layer's name"),
        ({"type": "Normal", "override": "conv1"}, TypeError, "override must be a dict or a list of dict"),
        ({"type": "Normal", "override": {"type": "Xavier"}}, ValueError, 'must contain the key "name"'),
        ({"type": "Normal", "override": {"name": "conv1", "std": 2}}, ValueError, 'need "type" key'),
        ({"type": "Normal", "override": {"name": "conv9"}}, RuntimeError, "no part 'conv9'.*Did you mean 'conv"),
    ],
)
def test_a_wrong_rule_is_named_and_changes_nothing(
    backend: Backend, init_cfg: dict[str, Any], kind: type[Exception], says: str
) -> None:
    toy = Toy(init_cfg)
    before = state(toy)
    with pytest.raises(kind, match=says):
        toy.init_weights()
    for name, array in state(toy).items():
        np.testing.assert_array_equal(array, before[name])


def test_the_errors_are_polynets_own(backend: Backend) -> None:
    for init_cfg, kind in (
        ({"type": "Nope"}, UnknownNameError),
        ({"type": "Normal", "override": {}}, ConfigError),
        ({"type": "Normal", "override": {"name": "x"}}, ModeError),
    ):
        with pytest.raises(kind):
            Toy(init_cfg).init_weights()
    with pytest.raises(ConfigTypeError, match="init_cfg is a mapping or a list"):
        Toy("Normal")


@pytest.mark.checklist("S2-10", "S2-37")
def test_a_strategy_of_the_users_own_is_used(backend: Backend) -> None:
    @WEIGHT_INITIALIZERS.register_module(name="Ascending", force=True)
    class Ascending:
        def __init__(self, start: int) -> None:
            self.start = start

        def __call__(self, module: Any) -> None:
            constant_init(module.conv1, self.start)
            constant_init(module.conv2, self.start + 1)

    weights = drawn({"type": "Ascending", "start": 5})
    assert (weights["conv1.weight"] == 5).all()
    assert (weights["conv2.weight"] == 6).all()
    assert (drawn({"type": Ascending, "start": 1})["conv1.weight"] == 1).all()
    assert WEIGHT_INITIALIZERS.get("Pretrained") is PretrainedInit
    with pytest.raises(DuplicateNameError, match="registered already"):
        WEIGHT_INITIALIZERS.register_module("Ascending", module=Toy)
