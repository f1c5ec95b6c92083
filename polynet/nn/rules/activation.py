"""What activations' and dropout layers' options must be."""

from __future__ import annotations

from typing import Any

from polynet.errors import OptionError
from polynet.nn.arguments import choice, flags, fraction, integer, number


def plain(owner: str) -> None:
    """The rule of layers without options."""


def in_place(owner: str, inplace: Any = False) -> None:
    """The rule of activations whose one option is to overwrite their input."""
    if inplace is not True and inplace is not False:
        flags(owner, inplace=inplace)


def leaky_relu(owner: str, negative_slope: Any = 0.01, inplace: Any = False) -> None:
    """The rule of `LeakyReLU`."""
    number(owner, "negative_slope", negative_slope)
    flags(owner, inplace=inplace)


def prelu(owner: str, num_parameters: Any = 1, init: Any = 0.25, **_: Any) -> None:
    """The rule of `PReLU`."""
    integer(owner, "num_parameters", num_parameters, lowest=1)
    number(owner, "init", init)


def elu(owner: str, alpha: Any = 1.0, inplace: Any = False) -> None:
    """The rule of `ELU`."""
    number(owner, "alpha", alpha)
    flags(owner, inplace=inplace)


def gelu(owner: str, approximate: Any = "none") -> None:
    """The rule of `GELU`."""
    choice(owner, "approximate", approximate, ("none", "tanh"))


def hardtanh(owner: str, min_val: Any = -1.0, max_val: Any = 1.0, inplace: Any = False, **_: Any) -> None:
    """The rule of `Hardtanh`."""
    number(owner, "min_val", min_val)
    number(owner, "max_val", max_val)
    if not min_val < max_val:
        message = f"{owner}: min_val={min_val} must be less than max_val={max_val}."
        raise OptionError(message)
    flags(owner, inplace=inplace)


def softplus(owner: str, beta: Any = 1.0, threshold: Any = 20.0) -> None:
    """The rule of `Softplus`."""
    number(owner, "beta", beta, above=0)
    number(owner, "threshold", threshold)


def softmax(owner: str, dim: Any = None) -> None:
    """The rule of `Softmax` and `LogSoftmax`."""
    if dim is not None:
        integer(owner, "dim", dim, lowest=-64)


def dropout(owner: str, p: Any = 0.5, inplace: Any = False) -> None:
    """The rule of dropout."""
    fraction(owner, "p", p)
    flags(owner, inplace=inplace)
