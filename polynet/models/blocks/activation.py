"""Activations by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from polynet import nn
from polynet.models.blocks.choice import choose

ACTIVATIONS: dict[str, Callable[..., Any]] = {
    "elu": nn.ELU,
    "gelu": nn.GELU,
    "hsigmoid": nn.Hardsigmoid,
    "hswish": nn.Hardswish,
    "leaky_relu": nn.LeakyReLU,
    "mish": nn.Mish,
    "prelu": nn.PReLU,
    "relu": nn.ReLU,
    "relu6": nn.ReLU6,
    "sigmoid": nn.Sigmoid,
    "silu": nn.SiLU,
    "swish": nn.SiLU,
    "tanh": nn.Tanh,
}
"""BaseCls's names, and three it lacks: mish, sigmoid, swish (another name of silu)."""


def activation(name: str | Callable[..., Any] | None, **options: Any) -> Any:
    """Make an activation layer.

    Args:
        name: A key of `ACTIVATIONS`; or a class or function, which is called; or `None` for an identity.
        **options: Passed on to the layer.

    Returns:
        A module of the active backend.

    Raises:
        UnknownNameError: There is no activation of that name.
        OptionError: The layer has no such option.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     activation("leaky_relu", negative_slope=0.2)
        LeakyReLU(negative_slope=0.2)
    """
    if name is None:
        return nn.Identity()
    return choose("activation", name, ACTIVATIONS)(**options)
