"""Initial values of parameters, drawn from a numpy generator: the same on every framework for the same seed."""

from __future__ import annotations

import abc
import math
from typing import Any, ClassVar

import attrs
import numpy as np

from polynet.errors import OptionError, suggest
from polynet.nn.drawing import Array, fill_normal, fill_uniform

_MODES = ("fan_in", "fan_out")
_MOST_ROUNDS = 10_000


@attrs.frozen
class Fan:
    """How many values meet in a weight of the canonical shape (out, in / groups, *kernel).

    Attributes:
        fan_in: Inputs that one output sums over.
        fan_out: Outputs that one input contributes to.
    """

    fan_in: int
    fan_out: int

    @classmethod
    def of(cls, shape: tuple[int, ...], groups: int = 1) -> Fan:
        """The fan of a weight; of a grouped convolution's, within one group."""
        if len(shape) < 2:
            size = math.prod(shape)
            return cls(size, size)
        window = math.prod(shape[2:])
        return cls(shape[1] * window, shape[0] * window // groups)


class Initialiser(abc.ABC):
    """Fills one parameter. Deriving classes are frozen `attrs` classes, so a recipe prints and compares.

    Attributes:
        elementwise: Whether every number is drawn for itself, so that a large parameter may be filled in flat parts, by
            several threads, each with a generator of its own.
        random: Whether anything is drawn; making a generator costs more than filling a small parameter.
    """

    elementwise: ClassVar[bool] = False
    random: ClassVar[bool] = True

    @abc.abstractmethod
    def fill(self, out: Array, generator: np.random.Generator, fan: Fan) -> None:
        """Fill a C-contiguous float32 array in place.

        Args:
            out: The array, in the canonical shape.
            generator: The parameter's own generator.
            fan: Fan of the weight it belongs to.
        """


class _Elementwise(Initialiser):
    elementwise = True


@attrs.frozen
class Constant(_Elementwise):
    """One value everywhere.

    Example:
        >>> polynet.nn.Constant(0.5)
        Constant(value=0.5)
    """

    random = False

    value: float

    def fill(self, out: Array, generator: np.random.Generator, fan: Fan) -> None:
        """Fill with the value."""
        out.fill(self.value)


@attrs.frozen
class Normal(_Elementwise):
    """Normal around `mean` with standard deviation `std`."""

    std: float = 1.0
    mean: float = 0.0

    def fill(self, out: Array, generator: np.random.Generator, fan: Fan) -> None:
        """Draw."""
        fill_normal(out, generator, self.mean, self.std)


@attrs.frozen
class Uniform(_Elementwise):
    """Uniform between `low` and `high`."""

    low: float = 0.0
    high: float = 1.0

    def fill(self, out: Array, generator: np.random.Generator, fan: Fan) -> None:
        """Draw."""
        fill_uniform(out, generator, self.low, self.high)


@attrs.frozen
class TruncatedNormal(_Elementwise):
    """Normal with standard deviation `std`, redrawn where it falls outside `[low, high]` (absolute, not in `std`)."""

    std: float = 1.0
    low: float = -2.0
    high: float = 2.0
    mean: float = 0.0

    def fill(self, out: Array, generator: np.random.Generator, fan: Fan) -> None:
        """Draw, then redraw what lies outside."""
        Normal(self.std, self.mean).fill(out, generator, fan)
        flat = out.reshape(-1)
        outside = np.flatnonzero((flat < self.low) | (flat > self.high))
        for _ in range(_MOST_ROUNDS):
            if not outside.size:
                return
            drawn = np.empty(outside.size, np.float32)
            fill_normal(drawn, generator, self.mean, self.std)
            flat[outside] = drawn
            outside = outside[(drawn < self.low) | (drawn > self.high)]
        message = f"{self} leaves almost nothing of the normal distribution: [low, high] lies too far from its mean."
        raise OptionError(message)


def _checked_mode(instance: object, attribute: Any, value: str) -> None:
    if value not in _MODES:
        allowed = ", ".join(_MODES)
        message = f"{type(instance).__name__}: mode must be one of {allowed}, not {value!r}.{suggest(value, _MODES)}"
        raise OptionError(message)


@attrs.frozen
class KaimingNormal(_Elementwise):
    """Normal with standard deviation `gain / sqrt(fan)` (He et al., arXiv:1502.01852).

    Attributes:
        mode: `"fan_out"` keeps gradients' scale, `"fan_in"` activations'. A grouped convolution's fan is one group's.
        gain: `sqrt(2)` for ReLU, 1 for a linear layer.
    """

    mode: str = attrs.field(default="fan_out", validator=_checked_mode)
    gain: float = math.sqrt(2.0)

    def fill(self, out: Array, generator: np.random.Generator, fan: Fan) -> None:
        """Draw."""
        Normal(self.gain / math.sqrt(max(getattr(fan, self.mode), 1))).fill(out, generator, fan)


@attrs.frozen
class KaimingUniform(_Elementwise):
    """Uniform within `gain * sqrt(3 / fan)`, `gain = sqrt(2 / (1 + a^2))`; `a = sqrt(5)` is torch's own default."""

    a: float = math.sqrt(5.0)
    mode: str = attrs.field(default="fan_in", validator=_checked_mode)

    def fill(self, out: Array, generator: np.random.Generator, fan: Fan) -> None:
        """Draw."""
        bound = math.sqrt(6.0 / ((1.0 + self.a**2) * max(getattr(fan, self.mode), 1)))
        fill_uniform(out, generator, -bound, bound)


@attrs.frozen
class FanInUniform(_Elementwise):
    """Uniform within `1 / sqrt(fan_in)`: torch's default for the biases of linear and convolution layers."""

    def fill(self, out: Array, generator: np.random.Generator, fan: Fan) -> None:
        """Draw."""
        bound = 1.0 / math.sqrt(max(fan.fan_in, 1))
        fill_uniform(out, generator, -bound, bound)


@attrs.frozen
class XavierUniform(_Elementwise):
    """Uniform within `gain * sqrt(6 / (fan_in + fan_out))` (Glorot and Bengio, AISTATS 2010)."""

    gain: float = 1.0

    def fill(self, out: Array, generator: np.random.Generator, fan: Fan) -> None:
        """Draw."""
        bound = self.gain * math.sqrt(6.0 / (fan.fan_in + fan.fan_out))
        fill_uniform(out, generator, -bound, bound)


@attrs.frozen
class XavierNormal(_Elementwise):
    """Normal with standard deviation `gain * sqrt(2 / (fan_in + fan_out))` (Glorot and Bengio, AISTATS 2010)."""

    gain: float = 1.0

    def fill(self, out: Array, generator: np.random.Generator, fan: Fan) -> None:
        """Draw."""
        Normal(self.gain * math.sqrt(2.0 / (fan.fan_in + fan.fan_out))).fill(out, generator, fan)
