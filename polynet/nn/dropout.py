"""Layers that drop elements, channels or whole samples at random while training."""

from __future__ import annotations

from typing import TYPE_CHECKING

from polynet import ops
from polynet.errors import OptionError
from polynet.nn.module import Module
from polynet.nn.rules import activation as activation_rules
from polynet.types import Tensor


class Dropout(Module, native="Dropout", rule=activation_rules.dropout):
    """Sets elements to 0 at random while training, and divides the others by `1 - p`.

    Args:
        p: Probability of dropping an element. Default 0.5, on every framework.
        inplace: Overwrite the input, where the framework can. Default `False`.

    Shapes:
        Any, unchanged.

    Source:
        Srivastava et al., "Dropout: A Simple Way to Prevent Neural Networks from Overfitting", 2014.

    Example:
        >>> nn.Dropout().eval()(ops.tensor([1.0, 2.0])).tolist()
        [1.0, 2.0]
    """

    if TYPE_CHECKING:
        p: float

        def __init__(self, p: float = 0.5, inplace: bool = False) -> None: ...


class Dropout2d(Module, native="Dropout2d", rule=activation_rules.dropout):
    """Sets whole channels to 0 at random while training, and divides the others by `1 - p`.

    Args:
        p: Probability of dropping a channel of a sample. Default 0.5.
        inplace: Overwrite the input, where the framework can. Default `False`.

    Shapes:
        `(N, C, H, W)`, unchanged.

    Source:
        Tompson et al., "Efficient Object Localization Using Convolutional Networks", arXiv:1411.4280.

    Example:
        >>> nn.Dropout2d().eval()(ops.ones((1, 1, 1, 2))).tolist()
        [[[[1.0, 1.0]]]]
    """

    if TYPE_CHECKING:
        p: float

        def __init__(self, p: float = 0.5, inplace: bool = False) -> None: ...


class DropPath(Module):
    """Stochastic depth: sets whole samples to 0 at random while training, and divides the others by `1 - p`.

    Put at the end of a residual branch, it skips that branch for the samples dropped.

    Args:
        p: Probability of dropping a sample. Default 0.
        scale_by_keep: Whether to divide the samples kept by `1 - p`, so that the mean stays. Default `True`.

    Shapes:
        `(N, ...)`, unchanged.

    Raises:
        OptionError: `p` is no number in [0, 1].

    Source:
        Huang et al., "Deep Networks with Stochastic Depth", arXiv:1603.09382.

    Example:
        >>> nn.DropPath(0.2)
        DropPath(p=0.2)
        >>> nn.DropPath(0.2).eval()(ops.ones((2, 1))).tolist()
        [[1.0], [1.0]]
    """

    def __init__(self, p: float = 0.0, scale_by_keep: bool = True) -> None:
        if isinstance(p, bool) or not isinstance(p, int | float) or not 0.0 <= p <= 1.0:
            raise OptionError(f"DropPath: p is a probability, a number from 0 to 1; it was given {p!r}.")
        super().__init__()
        self.p = p
        self.scale_by_keep = scale_by_keep

    def forward(self, input: Tensor) -> Tensor:
        """Drop samples while training."""
        return ops.drop_path(input, self.p, self.training, scale_by_keep=self.scale_by_keep)

    def extra_repr(self) -> str:
        """Show the probability."""
        return f"p={self.p}" if self.scale_by_keep else f"p={self.p}, scale_by_keep=False"
