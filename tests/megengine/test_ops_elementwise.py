"""Elementwise operations and activations on MegEngine equal torch, at kinks too."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("megengine")

from tests.megengine.ops_comparison import compare, integers, normal

KINKS = np.array([-3, -1, -0.5, 0, 0, 0.5, 1.5, 2.5, 3, 6, 7, -2.5], "float32")
ACTIVATIONS = ["relu", "relu6", "leaky_relu", "elu", "gelu", "silu", "mish", "hardswish", "hardsigmoid", "sigmoid"]
ACTIVATIONS += ["tanh", "softplus", "logsigmoid"]
POSITIVE = np.abs(normal(2, 3, 4)) + 0.1


@pytest.mark.parametrize("name", ["exp", "expm1", "sqrt", "rsqrt", "log", "log1p", "sin", "cos", "tan", "erf"])
def test_a_function_of_positive_numbers(name: str) -> None:
    compare(lambda ops, x: getattr(ops, name)(x), POSITIVE)


@pytest.mark.parametrize("name", ["abs", "floor", "ceil", "round", "sign"])
def test_rounding_at_halves_and_zero(name: str) -> None:
    compare(lambda ops, x: getattr(ops, name)(x), KINKS)


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize("scale", [1, 30])
def test_an_activation_and_its_subgradients(name: str, scale: float) -> None:
    compare(lambda ops, x: getattr(ops, name)(x), KINKS * scale)


@pytest.mark.parametrize("slope", [0.3, 1.0, 2.0, -0.5])
def test_leaky_relu_of_any_slope(slope: float) -> None:
    compare(lambda ops, x: ops.leaky_relu(x, slope), KINKS)


@pytest.mark.parametrize(("shape", "slopes"), [((3, 4), 1), ((2, 3, 4), 3), ((5, 3), 3), ((2, 3, 2, 2), 3)])
def test_prelu_with_one_slope_or_one_a_channel(shape: tuple[int, ...], slopes: int) -> None:
    compare(lambda ops, x, weight: ops.prelu(x, weight), np.round(normal(*shape)), normal(slopes))


def test_options_of_activations() -> None:
    compare(lambda ops, x: ops.gelu(x, approximate="tanh"), normal(3, 4) * 3)
    compare(lambda ops, x: ops.elu(x, 0.5), KINKS)
    compare(lambda ops, x: ops.softplus(x, 2.0, 3.0), normal(3, 4) * 3)


@pytest.mark.parametrize("dim", [0, 1, -1])
@pytest.mark.parametrize("offset", [0, 1000, -500])
def test_softmax_far_from_zero(dim: int, offset: float) -> None:
    compare(lambda ops, x: ops.softmax(x, dim), normal(2, 3, 4) + offset)
    compare(lambda ops, x: ops.log_softmax(x, dim), normal(2, 3, 4) + offset)


@pytest.mark.parametrize("name", ["maximum", "minimum"])
def test_a_tie_of_two_tensors_shares_the_gradient(name: str) -> None:
    compare(lambda ops, x, y: getattr(ops, name)(x, y), KINKS, np.round(KINKS))
    compare(lambda ops, x, y: getattr(ops, name)(x, y), normal(2, 3, 4), normal(4))


@pytest.mark.parametrize(("low", "high"), [(-1, 1), (None, 0.5), (0, None), (2, -1)])
def test_clamp_values(low: float | None, high: float | None) -> None:
    compare(lambda ops, x: ops.clamp(x, low, high), KINKS, gradients=False)
    compare(lambda ops, x: ops.clamp(x, low, high), normal(3, 4) * 3)


@pytest.mark.parametrize("exponent", [0, 1, 2, 3, 0.5, 2.5])
def test_powers_of_zero(exponent: float) -> None:
    compare(lambda ops, x: ops.pow(x, exponent), np.abs(KINKS))


def test_powers_of_tensors() -> None:
    base, exponent = np.array([0, 0, 0, 2, 3, 0], "float32"), np.array([0, 1, 2, 0, 2, 3], "float32")
    compare(lambda ops, x, y: ops.pow(x, y), base, exponent)
    compare(lambda ops, x, y: ops.pow(x, y), POSITIVE, normal(4))
    compare(lambda ops, x: ops.pow(x, 3), integers(-3, 4, 5))


@pytest.mark.parametrize("divisor", [2.0, -1.5, 0.3])
def test_the_remainder_has_the_sign_of_the_divisor(divisor: float) -> None:
    compare(lambda ops, x: ops.remainder(x, divisor), normal(3, 4) * 5)
    compare(lambda ops, x, y: ops.remainder(x, y), integers(-9, 9, 6), np.array([3, -3, 2, -2, 5, -5], "int32"))


@pytest.mark.parametrize("name", ["isnan", "isinf", "isfinite"])
def test_which_numbers_are_finite(name: str) -> None:
    compare(lambda ops, x: getattr(ops, name)(x), np.array([np.nan, np.inf, -np.inf, 0, 1], "float32"), gradients=False)
    compare(lambda ops, x: getattr(ops, name)(x), integers(0, 3, 4))


@pytest.mark.parametrize("name", ["logical_and", "logical_or"])
def test_logic_of_any_dtype(name: str) -> None:
    compare(lambda ops, x, y: getattr(ops, name)(x > 0, y), integers(0, 2, 6), integers(0, 2, 6, seed=1))


def test_a_slice_and_a_smaller_tensor() -> None:
    compare(lambda ops, x, y: ops.maximum(x[:, 1:3], y), normal(4, 3, 5), normal(5))
    compare(lambda ops, x, y: ops.split(x, 2, 1)[1] + y, normal(4, 6, 5), normal(5))
    compare(lambda ops, x, y: ops.unbind(x, 1)[1] * y, normal(4, 6, 5), normal(5))
    compare(lambda ops, x, y: ops.flip(x, 0) * y, normal(4, 6, 5), normal(5))
