"""The rules of initialisation: what each draws for a weight, and what the biases become."""

from __future__ import annotations

import abc
import math
from collections.abc import Sequence
from typing import Any, ClassVar

import attrs

from polynet.errors import CheckpointNotFoundError, ConfigTypeError, OptionError, suggest
from polynet.nn.initialisers import Constant, Initialiser, Normal, TruncatedNormal, Uniform

_DISTRIBUTIONS = ("normal", "uniform")
_MODES = ("fan_in", "fan_out")
_GAINS = {
    **dict.fromkeys(("linear", "conv1d", "conv2d", "conv3d", "sigmoid"), 1.0),
    "tanh": 5.0 / 3.0,
    "relu": math.sqrt(2.0),
    "selu": 0.75,
}
"""Gains by nonlinearity, as `torch.nn.init.calculate_gain` has them; leaky_relu's depends on its slope."""


def _layers(value: str | Sequence[str]) -> tuple[str, ...]:
    names = (value,) if isinstance(value, str) else value
    if not isinstance(names, (list, tuple)) or any(not isinstance(name, str) for name in names):
        message = f"`layer` is a layer's name or a list of names, not {value!r}."
        raise ConfigTypeError(message)
    return tuple(names)


def _check_number(instance: Any, attribute: Any, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        message = f"{instance.name}: {attribute.name} must be a number, not {value!r}."
        raise OptionError(message)


def _check_probability(instance: Any, attribute: Any, value: Any) -> None:
    if value is not None and (not isinstance(value, float) or not 0.0 < value < 1.0):
        message = f"{instance.name}: bias_prob must be a float between 0 and 1, not {value!r}."
        raise OptionError(message)


def _one_of(allowed: tuple[str, ...]) -> Any:
    def check(instance: Any, attribute: Any, value: Any) -> None:
        if value not in allowed:
            near = suggest(value, allowed)
            message = f"{instance.name}: {attribute.name} is one of {', '.join(allowed)}, not {value!r}.{near}"
            raise OptionError(message)

    return check


def _number(default: Any = attrs.NOTHING) -> Any:
    return attrs.field(default=default, validator=_check_number)


@attrs.frozen
class LayerRule(abc.ABC):
    """A rule for the weights and biases of the layers it names.

    Attributes:
        bias: What every bias becomes.
        bias_prob: The probability at which a bias starts a sigmoid; instead of `bias`.
        layer: Names of layers, of their class or of one of its direct bases.
    """

    name: ClassVar[str]

    bias: float = attrs.field(default=0.0, kw_only=True, validator=_check_number)
    bias_prob: float | None = attrs.field(default=None, kw_only=True, validator=_check_probability)
    layer: tuple[str, ...] = attrs.field(default=(), kw_only=True, converter=_layers)

    @abc.abstractmethod
    def weight(self, shape: tuple[int, ...]) -> Initialiser:
        """What fills a weight of this (canonical) shape."""

    @property
    def bias_value(self) -> float:
        """What every bias becomes."""
        if self.bias_prob is None:
            return self.bias
        return -math.log((1.0 - self.bias_prob) / self.bias_prob)

    def __call__(self, module: Any) -> None:
        """Fill the layers that the rule names, within a module."""
        from polynet.models.init_cfg.apply import apply_rule

        apply_rule(self, module)

    def __str__(self) -> str:
        """Say the rule with its values, as provenance does."""
        values = attrs.asdict(self)
        shown = {key: value for key, value in values.items() if key not in ("layer", "bias_prob")}
        return (
            f"{self.name}({', '.join(f'{key}={value}' for key, value in {**shown, 'bias': self.bias_value}.items())})"
        )


@attrs.frozen
class ConstantInit(LayerRule):
    """Every weight is `val`."""

    name = "Constant"
    val: float = _number()

    def weight(self, shape: tuple[int, ...]) -> Initialiser:
        """The constant."""
        return Constant(self.val)


@attrs.frozen
class NormalInit(LayerRule):
    """Normal numbers."""

    name = "Normal"
    mean: float = _number(0.0)
    std: float = _number(1.0)

    def weight(self, shape: tuple[int, ...]) -> Initialiser:
        """The distribution."""
        return Normal(self.std, self.mean)


@attrs.frozen
class TruncNormalInit(LayerRule):
    """Normal numbers from `a` to `b`, which are values and not multiples of `std`."""

    name = "TruncNormal"
    mean: float = _number(0.0)
    std: float = _number(1.0)
    a: float = _number(-2.0)
    b: float = _number(2.0)

    def weight(self, shape: tuple[int, ...]) -> Initialiser:
        """The distribution."""
        return TruncatedNormal(self.std, self.a, self.b, self.mean)


@attrs.frozen
class UniformInit(LayerRule):
    """Uniform numbers from `a` to `b`."""

    name = "Uniform"
    a: float = _number(0.0)
    b: float = _number(1.0)

    def weight(self, shape: tuple[int, ...]) -> Initialiser:
        """The distribution."""
        return Uniform(self.a, self.b)


@attrs.frozen
class XavierInit(LayerRule):
    """Standard deviation `gain * sqrt(2 / (fan_in + fan_out))` (Glorot and Bengio, AISTATS 2010)."""

    name = "Xavier"
    gain: float = _number(1.0)
    distribution: str = attrs.field(default="normal", validator=_one_of(_DISTRIBUTIONS))

    def weight(self, shape: tuple[int, ...]) -> Initialiser:
        """The distribution for this fan."""
        fan_in, fan_out = fans(self.name, shape)
        return _with_deviation(self.gain * math.sqrt(2.0 / (fan_in + fan_out)), self.distribution)


@attrs.frozen
class KaimingInit(LayerRule):
    """Standard deviation `gain / sqrt(fan)`, the gain that of the nonlinearity (He et al., arXiv:1502.01852)."""

    name = "Kaiming"
    a: float = _number(0.0)
    mode: str = attrs.field(default="fan_out", validator=_one_of(_MODES))
    nonlinearity: str = attrs.field(default="relu", validator=_one_of((*_GAINS, "leaky_relu")))
    distribution: str = attrs.field(default="normal", validator=_one_of(_DISTRIBUTIONS))

    def weight(self, shape: tuple[int, ...]) -> Initialiser:
        """The distribution for this fan."""
        fan_in, fan_out = fans(self.name, shape)
        leaky = math.sqrt(2.0 / (1.0 + self.a**2))
        gain = leaky if self.nonlinearity == "leaky_relu" else _GAINS[self.nonlinearity]
        return _with_deviation(gain / math.sqrt(fan_in if self.mode == "fan_in" else fan_out), self.distribution)


@attrs.frozen
class Caffe2XavierInit(KaimingInit):
    """Uniform within `sqrt(3 / fan_in)`: what Caffe2 calls Xavier. MMEngine's text says normal; its code is uniform."""

    name = "Caffe2Xavier"
    a: float = _number(1.0)
    mode: str = attrs.field(default="fan_in", validator=_one_of(_MODES))
    nonlinearity: str = attrs.field(default="leaky_relu", validator=_one_of((*_GAINS, "leaky_relu")))
    distribution: str = attrs.field(default="uniform", validator=_one_of(_DISTRIBUTIONS))


def fans(rule: str, shape: tuple[int, ...]) -> tuple[int, int]:
    """Fan-in and fan-out of a weight of the canonical shape, as `torch.nn.init` counts: groups make no difference.

    Raises:
        OptionError: It has fewer than two dimensions, such as a normalisation's.
    """
    if len(shape) < 2:
        message = f"{rule} needs a weight of two dimensions or more, and was given one of shape {shape}."
        raise OptionError(message)
    window = math.prod(shape[2:])
    return max(shape[1] * window, 1), max(shape[0] * window, 1)


def _with_deviation(deviation: float, distribution: str) -> Initialiser:
    if distribution == "normal":
        return Normal(deviation)
    bound = math.sqrt(3.0) * deviation
    return Uniform(-bound, bound)


@attrs.frozen
class PretrainedInit:
    """Weights from a checkpoint: what fits is loaded, and what does not is warned of.

    Attributes:
        checkpoint: Its path.
        prefix: The part of the checkpoint to take: `"backbone"` takes `backbone.conv1.weight` as `conv1.weight`.
        map_location: Read by MMEngine; here numbers go where the module is.
    """

    checkpoint: Any
    prefix: str | None = None
    map_location: Any = None

    def check(self) -> None:
        """Refuse a checkpoint that is not there, before anything is changed.

        Raises:
            CheckpointNotFoundError: It is at an address, or there is no such file.
        """
        from pathlib import Path

        scheme, separator, _ = str(self.checkpoint).partition("://")
        if separator:
            message = f"PolyNet downloads nothing ({scheme}): fetch {self.checkpoint} and give the file's path."
            raise CheckpointNotFoundError(message)
        if not Path(self.checkpoint).exists():
            message = f"{self.checkpoint} can not be found."
            raise CheckpointNotFoundError(message)

    def __call__(self, module: Any) -> None:
        """Load."""
        from polynet.models.init_cfg.run import running
        from polynet.weights.pretrained import load_pretrained

        self.check()
        source = self.checkpoint if self.prefix is None else {"path": self.checkpoint, "sub_level": self.prefix}
        reports = load_pretrained(module, source)
        with running(module) as run:
            run.note_loaded(module, reports, str(self))

    def __str__(self) -> str:
        """Say where the weights come from, as provenance does."""
        return f"Pretrained(checkpoint={self.checkpoint})"
