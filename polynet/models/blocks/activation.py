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


_OVERWRITING = ("relu", "relu6")
"""Those whose gradient needs their output alone, so that their input may be overwritten at no cost."""


def check_activation(name: str | Callable[..., Any] | None) -> None:
    """Refuse a name that no activation has, also where a network has no use for it.

    Raises:
        UnknownNameError: There is none.
    """
    if name is not None:
        choose("activation", name, ACTIVATIONS)


def activation(name: str | Callable[..., Any] | None, *, owned: bool = False, **options: Any) -> Any:
    """Make an activation layer.

    Args:
        name: A key of `ACTIVATIONS`; or a class or function, which is called; or `None` for an identity.
        owned: Whether nobody but the activation reads its input, as behind a normalisation, so that it may be
            overwritten where the framework can: that saves memory and time, as in torchvision and timm.
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
    check_activation(name)
    if name is None:
        return nn.Identity()
    if owned and name in _OVERWRITING:
        options = {"inplace": True, **options}
    return choose("activation", name, ACTIVATIONS)(**options)
