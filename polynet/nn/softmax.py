"""Softmax and its logarithm."""

from __future__ import annotations

from typing import TYPE_CHECKING

from polynet.nn.module import Module
from polynet.nn.rules import activation as activation_rules


class Softmax(Module, native="Softmax", rule=activation_rules.softmax):
    """`exp(input)` over its sum along an axis.

    Args:
        dim: The axis. Default `None`: torch's old guess by the number of axes, with a warning; give one.

    Shapes:
        Any, unchanged.

    Source:
        `torch.nn.Softmax`.

    Example:
        >>> nn.Softmax(dim=1)(ops.zeros((1, 2))).tolist()
        [[0.5, 0.5]]
    """

    if TYPE_CHECKING:

        def __init__(self, dim: int | None = None) -> None: ...


class LogSoftmax(Module, native="LogSoftmax", rule=activation_rules.softmax):
    """The logarithm of `Softmax`, computed without overflow.

    Args:
        dim: The axis. Default `None`: torch's old guess by the number of axes, with a warning; give one.

    Shapes:
        Any, unchanged.

    Source:
        `torch.nn.LogSoftmax`.

    Example:
        >>> round(nn.LogSoftmax(dim=1)(ops.zeros((1, 2))).tolist()[0][0], 4)
        -0.6931
    """

    if TYPE_CHECKING:

        def __init__(self, dim: int | None = None) -> None: ...
