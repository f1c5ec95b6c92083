"""Initialising one layer by hand, for the code in an `init_weights`: MMEngine's functions, on every framework."""

from __future__ import annotations

from typing import Any

from polynet.models.init_cfg.apply import draw_into
from polynet.models.init_cfg.rules import (
    Caffe2XavierInit,
    ConstantInit,
    KaimingInit,
    LayerRule,
    NormalInit,
    TruncNormalInit,
    UniformInit,
    XavierInit,
)


def _fill(module: Any, rule: LayerRule) -> None:
    draw_into(module, rule.weight, rule.bias_value, str(rule))


def constant_init(module: Any, val: float, bias: float = 0) -> None:
    """Set a layer's weight to `val` and its bias to `bias`, in place: optimisers go on seeing the same parameters.

    Example:
        >>> layer = nn.Linear(2, 1)
        >>> constant_init(layer, 1, bias=0.5)
        >>> layer.weight.tolist(), layer.bias.tolist()
        ([[1.0, 1.0]], [0.5])
    """
    _fill(module, ConstantInit(val, bias=bias))


def normal_init(module: Any, mean: float = 0, std: float = 1, bias: float = 0) -> None:
    """Draw a layer's weight from a normal distribution."""
    _fill(module, NormalInit(mean, std, bias=bias))


def trunc_normal_init(
    module: Any, mean: float = 0, std: float = 1, a: float = -2, b: float = 2, bias: float = 0
) -> None:
    """Draw a layer's weight from a normal distribution between `a` and `b`."""
    _fill(module, TruncNormalInit(mean, std, a, b, bias=bias))


def uniform_init(module: Any, a: float = 0, b: float = 1, bias: float = 0) -> None:
    """Draw a layer's weight uniformly from `a` to `b`."""
    _fill(module, UniformInit(a, b, bias=bias))


def xavier_init(module: Any, gain: float = 1, bias: float = 0, distribution: str = "normal") -> None:
    """Draw a layer's weight by Glorot and Bengio's rule."""
    _fill(module, XavierInit(gain, distribution, bias=bias))


def kaiming_init(
    module: Any,
    a: float = 0,
    mode: str = "fan_out",
    nonlinearity: str = "relu",
    bias: float = 0,
    distribution: str = "normal",
) -> None:
    """Draw a layer's weight by He's rule."""
    _fill(module, KaimingInit(a, mode, nonlinearity, distribution, bias=bias))


def caffe2_xavier_init(module: Any, bias: float = 0) -> None:
    """Draw a layer's weight uniformly within `sqrt(3 / fan_in)`."""
    _fill(module, Caffe2XavierInit(bias=bias))
