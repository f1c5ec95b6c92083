"""Arithmetic, logic and activation functions, with the points where a slope is not unique."""

from __future__ import annotations

import math

import numpy as np

from polynet import ops
from tests.ops.case import Array, Case, normal, uniform, values, whole

X = normal(3, 4, scale=2.0)
Y = normal(3, 4, seed=1, scale=2.0)
POSITIVE = uniform(0.1, 4.0, 3, 4)
SMALL = values(-1e-4, 1e-4, 0.5, -0.5)
SPECIAL = values(0.0, 1.0, float("nan"), float("inf"), float("-inf"))
KINKS = values(-3.0, 0.0, 3.0, 6.0, -1.0, 1.0)
TRUE = np.array([True, True, False, False])
ALSO = np.array([True, False, True, False])


def erf(x: Array) -> Array:
    return np.vectorize(math.erf)(x)


def sigmoid(x: Array) -> Array:
    return 1.0 / (1.0 + np.exp(-x))


def softplus(x: Array) -> Array:
    return np.logaddexp(0.0, x)


def softmax(x: Array, axis: int) -> Array:
    exponential = np.exp(x - x.max(axis, keepdims=True))
    return exponential / exponential.sum(axis, keepdims=True)


def phi(x: Array) -> Array:
    return 0.5 * (1.0 + erf(x / math.sqrt(2.0)))


def tanh_gelu(x: Array) -> Array:
    return 0.5 * x * (1.0 + np.tanh(math.sqrt(2.0 / math.pi) * (x + 0.044715 * x**3)))


ARITHMETIC = [
    Case("abs", lambda x: ops.abs(x), (X,), np.abs),
    Case("abs at 0", lambda x: ops.abs(x), (KINKS,), np.abs),
    Case("exp", lambda x: ops.exp(x), (X,), np.exp),
    Case("expm1", lambda x: ops.expm1(x), (SMALL,), np.expm1),
    Case("log", lambda x: ops.log(x), (POSITIVE,), np.log),
    Case("log1p", lambda x: ops.log1p(x), (SMALL,), np.log1p),
    Case("sqrt", lambda x: ops.sqrt(x), (POSITIVE,), np.sqrt),
    Case("rsqrt", lambda x: ops.rsqrt(x), (POSITIVE,), lambda x: x**-0.5),
    Case("pow by a number", lambda x: ops.pow(x, 2.5), (POSITIVE,), lambda x: x**2.5),
    Case("pow of a negative by a whole number", lambda x: ops.pow(x, 3), (X,), lambda x: x**3),
    Case("pow by a tensor", lambda x, y: ops.pow(x, y), (POSITIVE, Y), lambda x, y: x**y),
    Case("sin", lambda x: ops.sin(x), (X,), np.sin),
    Case("cos", lambda x: ops.cos(x), (X,), np.cos),
    Case("tan", lambda x: ops.tan(x), (SMALL,), np.tan),
    Case("atan2", lambda x, y: ops.atan2(x, y), (X, Y), np.arctan2),
    Case("erf", lambda x: ops.erf(x), (X,), erf),
    Case("floor", lambda x: ops.floor(x), (X,), np.floor),
    Case("ceil", lambda x: ops.ceil(x), (X,), np.ceil),
    Case("round", lambda x: ops.round(x), (values(-2.5, -1.5, -0.5, 0.4, 0.5, 1.5, 2.5, 2.6),), np.round),
    Case("sign", lambda x: ops.sign(x), (KINKS,), np.sign),
    Case("clamp both", lambda x: ops.clamp(x, -1.0, 1.5), (X,), lambda x: np.clip(x, -1.0, 1.5)),
    Case("clamp at its bounds", lambda x: ops.clamp(x, -1.0, 3.0), (KINKS,), lambda x: np.clip(x, -1.0, 3.0)),
    Case("clamp below", lambda x: ops.clamp(x, min=0.5), (X,), lambda x: np.maximum(x, 0.5)),
    Case("clamp above", lambda x: ops.clamp(x, max=0.5), (X,), lambda x: np.minimum(x, 0.5)),
    Case("minimum", lambda x, y: ops.minimum(x, y), (X, Y), np.minimum),
    Case("minimum with ties", lambda x, y: ops.minimum(x, y), (KINKS, np.abs(KINKS)), np.minimum),
    Case("maximum", lambda x, y: ops.maximum(x, y), (X, Y), np.maximum),
    Case("maximum with ties", lambda x, y: ops.maximum(x, y), (KINKS, np.abs(KINKS)), np.maximum),
    Case("maximum broadcast", lambda x, y: ops.maximum(x, y), (X, Y[:1]), np.maximum),
    Case("remainder by a number", lambda x: ops.remainder(x, 1.5), (X,), lambda x: np.mod(x, 1.5)),
    Case("remainder by a tensor", lambda x, y: ops.remainder(x, y), (X, POSITIVE), np.mod),
    Case("remainder of whole numbers", lambda x: ops.remainder(x, 3), (whole(-9, 9, 8),), lambda x: np.mod(x, 3)),
    Case("isnan", lambda x: ops.isnan(x), (SPECIAL,), np.isnan),
    Case("isinf", lambda x: ops.isinf(x), (SPECIAL,), np.isinf),
    Case("isfinite", lambda x: ops.isfinite(x), (SPECIAL,), np.isfinite),
    Case("logical_and", lambda x, y: ops.logical_and(x, y), (TRUE, ALSO), np.logical_and),
    Case("logical_and of numbers", lambda x, y: ops.logical_and(x, y), (KINKS, KINKS), np.logical_and),
    Case("logical_or", lambda x, y: ops.logical_or(x, y), (TRUE, ALSO), np.logical_or),
    Case("logical_not", lambda x: ops.logical_not(x), (TRUE,), np.logical_not),
    Case("logical_not of numbers", lambda x: ops.logical_not(x), (KINKS,), np.logical_not),
]

ACTIVATION = [
    Case("relu", lambda x: ops.relu(x), (X,), lambda x: np.maximum(x, 0)),
    Case("relu at 0", lambda x: ops.relu(x), (KINKS,), lambda x: np.maximum(x, 0)),
    Case("relu6", lambda x: ops.relu6(x), (5 * X,), lambda x: np.clip(x, 0, 6)),
    Case("relu6 at 0 and 6", lambda x: ops.relu6(x), (KINKS,), lambda x: np.clip(x, 0, 6)),
    Case("leaky_relu", lambda x: ops.leaky_relu(x), (X,), lambda x: np.where(x > 0, x, 0.01 * x)),
    Case("leaky_relu at 0", lambda x: ops.leaky_relu(x, 0.3), (KINKS,), lambda x: np.where(x > 0, x, 0.3 * x)),
    Case("prelu", lambda x, w: ops.prelu(x, w), (KINKS, values(0.25)), lambda x, w: np.where(x > 0, x, w * x)),
    Case(
        "prelu per channel",
        lambda x, w: ops.prelu(x, w),
        (normal(2, 3, 4), values(0.1, 0.2, -0.3)),
        lambda x, w: np.where(x > 0, x, w[:, None] * x),
    ),
    Case("elu", lambda x: ops.elu(x), (X,), lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0)))),
    Case(
        "elu at 0", lambda x: ops.elu(x, 1.5), (KINKS,), lambda x: np.where(x > 0, x, 1.5 * np.expm1(np.minimum(x, 0)))
    ),
    Case("gelu", lambda x: ops.gelu(x), (X,), lambda x: x * phi(x)),
    Case("gelu by tanh", lambda x: ops.gelu(x, approximate="tanh"), (X,), tanh_gelu),
    Case("silu", lambda x: ops.silu(x), (X,), lambda x: x * sigmoid(x)),
    Case("mish", lambda x: ops.mish(x), (X,), lambda x: x * np.tanh(softplus(x))),
    Case("mish far out", lambda x: ops.mish(x), (values(-60.0, 60.0),), lambda x: x * np.tanh(softplus(x))),
    Case("hardswish", lambda x: ops.hardswish(x), (2 * X,), lambda x: x * np.clip(x + 3, 0, 6) / 6),
    Case("hardswish at -3 and 3", lambda x: ops.hardswish(x), (KINKS,), lambda x: x * np.clip(x + 3, 0, 6) / 6),
    Case("hardsigmoid", lambda x: ops.hardsigmoid(x), (2 * X,), lambda x: np.clip(x + 3, 0, 6) / 6),
    Case("hardsigmoid at -3 and 3", lambda x: ops.hardsigmoid(x), (KINKS,), lambda x: np.clip(x + 3, 0, 6) / 6),
    Case("sigmoid", lambda x: ops.sigmoid(x), (X,), sigmoid),
    Case("sigmoid far out", lambda x: ops.sigmoid(x), (values(-60.0, 60.0),), sigmoid),
    Case("tanh", lambda x: ops.tanh(x), (X,), np.tanh),
    Case("softmax", lambda x: ops.softmax(x, dim=1), (X,), lambda x: softmax(x, 1)),
    Case("softmax over the first axis", lambda x: ops.softmax(x, dim=-2), (X,), lambda x: softmax(x, -2)),
    Case(
        "softmax of large numbers", lambda x: ops.softmax(x, dim=0), (values(1000.0, 1001.0),), lambda x: softmax(x, 0)
    ),
    Case("log_softmax", lambda x: ops.log_softmax(x, dim=-1), (X,), lambda x: np.log(softmax(x, -1))),
    Case("softplus", lambda x: ops.softplus(x), (X,), softplus),
    Case("softplus far out", lambda x: ops.softplus(x), (values(-50.0, 19.0, 50.0),), softplus),
    Case("softplus with beta", lambda x: ops.softplus(x, beta=2.0), (X,), lambda x: softplus(2 * x) / 2),
    Case("logsigmoid", lambda x: ops.logsigmoid(x), (X,), lambda x: -softplus(-x)),
    Case("logsigmoid far out", lambda x: ops.logsigmoid(x), (values(-90.0, 90.0),), lambda x: -softplus(-x)),
    Case("dropout in evaluation", lambda x: ops.dropout(x, 0.5, training=False), (X,), lambda x: x),
    Case("dropout of nothing", lambda x: ops.dropout(x, 0.0), (X,), lambda x: x),
    Case("dropout of everything", lambda x: ops.dropout(x, 1.0), (X,), np.zeros_like, differentiable=False),
    Case("drop_path in evaluation", lambda x: ops.drop_path(x, 0.5, training=False), (X,), lambda x: x),
    Case("stop_gradient", lambda x: ops.stop_gradient(x) * x, (X,), lambda x: x * x),
]

CASES = ARITHMETIC + ACTIVATION
