"""Inception modules: branches over one map, side by side, whose outputs are stacked.

Szegedy et al. 2014, arXiv:1409.4842; factored convolutions, Szegedy et al. 2015, arXiv:1512.00567. A branch is written
as a row of steps, each `(name, width, kernel)` or `(name, width, kernel, stride)`; what may come first is a pooling,
`"average"` or `"max"`, and what may come last is a list of steps, whose outputs are stacked too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from polynet import nn, ops
from polynet.errors import OptionError
from polynet.models.blocks.activation import activation
from polynet.models.blocks.normalisation import norm2d, overwritable
from polynet.types import Tensor

Name = str | Callable[..., Any] | None
Step = Any
"""A row as said above, one of the two words, or a list of rows."""

POOLINGS = ("average", "max")


class ConvUnit(nn.Module):
    """Convolution, normalisation, activation. Without a normalisation the convolution has a bias.

    Args:
        w_in: Channels of the input.
        w_out: Channels of the output.
        kernel: Side of the kernel, or height and width.
        stride: Stride.
        padding: Padding; by default the map keeps its size.
        norm_name: Normalisation.
        act_name: Activation.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     unit = ConvUnit(3, 8, (1, 7))
        >>> tuple(unit(ops.ones((1, 3, 9, 9))).shape)
        (1, 8, 9, 9)
    """

    def __init__(
        self,
        w_in: int,
        w_out: int,
        kernel: int | tuple[int, int],
        stride: int = 1,
        padding: int | None = None,
        norm_name: Name = "BN",
        act_name: Name = "relu",
    ) -> None:
        super().__init__()
        height, width = (kernel, kernel) if isinstance(kernel, int) else kernel
        margins = (height // 2, width // 2) if padding is None else (padding, padding)
        bias = norm_name is None
        self.conv = nn.Conv2d(w_in, w_out, (height, width), stride=stride, padding=margins, bias=bias)
        self.bn = norm2d(norm_name, w_out)
        self.act = activation(act_name, owned=overwritable(norm_name))

    def forward(self, x: Tensor) -> Tensor:
        """Map `(N, w_in, H, W)` to `(N, w_out, …)`."""
        return self.act(self.bn(self.conv(x)))


class Mixed(nn.Module):
    """Branches of convolutions and poolings whose outputs are stacked.

    Steps with stride 2 pad nothing, and so does a max pooling, which has stride 2; all others keep the map's size.

    Args:
        w_in: Channels of the input.
        branches: The branches, as rows of steps.
        unit: What makes a convolution of `(w_in, w_out, kernel, stride, padding)`.

    Attributes:
        w_out: Channels of the output.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     mixed = Mixed(8, [[("a", 4, 1), ("b", 6, (1, 3))], ["average", ("c", 2, 1)]], ConvUnit)
        >>> tuple(mixed(ops.ones((1, 8, 5, 5))).shape)
        (1, 8, 5, 5)
    """

    def __init__(self, w_in: int, branches: Sequence[Sequence[Step]], unit: Callable[..., Any]) -> None:
        super().__init__()
        self.w_out = 0
        plans: list[tuple[tuple[str, ...], tuple[str, ...]]] = []
        for branch in branches:
            width = w_in
            names: list[str] = []
            ends: list[str] = []
            for step in branch:
                if step in POOLINGS:
                    names.append(self._add_pool(step))
                    continue
                for name, w_step, kernel, *stride in step if isinstance(step, list) else [step]:
                    setattr(self, name, _made(unit, width, w_step, kernel, *stride))
                    (ends if isinstance(step, list) else names).append(name)
                width = _width(step)
            self.w_out += width
            plans.append((tuple(names), tuple(ends)))
        self._plans = tuple(plans)

    def _add_pool(self, kind: str) -> str:
        self.pool = nn.MaxPool2d(3, stride=2) if kind == "max" else nn.AvgPool2d(3, stride=1, padding=1)
        return "pool"

    def forward(self, x: Tensor) -> Tensor:
        """Map `(N, w_in, H, W)` to `(N, w_out, …)`, the branches in order."""
        outputs = []
        for names, ends in self._plans:
            y = x
            for name in names:
                y = getattr(self, name)(y)
            outputs += [getattr(self, name)(y) for name in ends] or [y]
        return ops.cat(outputs, 1)


def _made(unit: Callable[..., Any], w_in: int, w_out: int, kernel: int | tuple[int, int], stride: int = 1) -> Any:
    return unit(w_in, w_out, kernel, stride, None if stride == 1 else 0)


def _width(step: Step) -> int:
    """Channels that a step, or several side by side, give."""
    rows = step if isinstance(step, list) else [step]
    return sum(int(row[1]) for row in rows)


def checked_width(network: str, width_mult: float) -> float:
    """The factor on all widths.

    Raises:
        OptionError: It is not positive.
    """
    if isinstance(width_mult, bool) or not isinstance(width_mult, int | float) or not width_mult > 0:
        message = f"{network}: width_mult must be a positive number, not {width_mult!r}."
        raise OptionError(message)
    return float(width_mult)


def scaled(width: int, width_mult: float, least: int = 16) -> int:
    """A width times the factor, rounded down; at least 16, as TensorFlow's Slim has it, where it is scaled at all.

    Example:
        >>> scaled(192, 1.0), scaled(192, 0.5), scaled(48, 0.1)
        (192, 96, 16)
    """
    return width if width_mult == 1.0 else max(int(width * width_mult), least)


def scaled_rows(branches: Sequence[Any], width_mult: float) -> list[Any]:
    """Branches, as `Mixed` takes them, with all widths scaled."""
    return [[_scaled_step(step, width_mult) for step in branch] for branch in branches]


def _scaled_step(step: Any, width_mult: float) -> Any:
    if isinstance(step, str):
        return step
    if isinstance(step, list):
        return [_scaled_step(each, width_mult) for each in step]
    name, width, *rest = step
    return (name, scaled(width, width_mult), *rest)
