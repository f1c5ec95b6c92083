"""Clipping gradients, by their joint norm or number by number."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from polynet.errors import InputError, OptionError, suggest
from polynet.nn.arguments import number
from polynet.optimizer import Optimizer

KINDS: Mapping[str, Mapping[str, str]] = {
    "norm": {"max_norm": "needed", "norm_type": "", "error_if_nonfinite": "", "foreach": ""},
    "value": {"clip_value": "", "lower": "", "upper": "", "foreach": ""},
}
"""Options of each kind; MMEngine's are those of torch's two functions, BaseCls has a range for values."""


@attrs.frozen
class GradientClipping:
    """How gradients are clipped before each step.

    Clipping by norm keeps a step short where the loss is steep, and its direction as it is (Pascanu, Mikolov and
    Bengio, "On the difficulty of training recurrent neural networks", 2013).

    Attributes:
        kind: `"norm"` or `"value"`.
        max_norm: The largest joint norm.
        norm_type: Which norm.
        lower: The least value of a number.
        upper: The largest.
        error_if_nonfinite: Whether a norm that is not finite is an error.
    """

    kind: str
    max_norm: float = float("inf")
    norm_type: float = 2.0
    lower: float = float("-inf")
    upper: float = float("inf")
    error_if_nonfinite: bool = False

    @classmethod
    def read(cls, config: Any) -> GradientClipping | None:
        """What `clip_grad` of a config says; the mapping is not changed.

        Args:
            config: `dict(max_norm=1.0)`, `dict(type="norm", max_norm=1.0, norm_type=2)`,
                `dict(type="value", clip_value=0.5)`, or `None` for no clipping.

        Raises:
            OptionError: It is nothing of the kind.

        Example:
            >>> GradientClipping.read({"type": "value", "clip_value": 0.5}).lower
            -0.5
            >>> GradientClipping.read({"max_nrm": 1})
            Traceback (most recent call last):
            ...
            polynet.errors.OptionError: clip_grad of type 'norm' has no option 'max_nrm'. Did you mean 'max_norm'?
        """
        if config is None:
            return None
        if not isinstance(config, Mapping) or not config:
            message = f"clip_grad is a mapping such as dict(max_norm=1.0), not {config!r:.80}."
            raise OptionError(message)
        options = dict(config)
        kind = options.pop("type", "norm")
        if kind not in KINDS:
            message = f'type of clip_grad should be "norm" or "value" but got {kind}.{suggest(kind, KINDS)}'
            raise OptionError(message)
        for name in options:
            if name not in KINDS[kind]:
                message = f"clip_grad of type {kind!r} has no option {name!r}.{suggest(name, KINDS[kind])}"
                raise OptionError(message)
        return cls._by_norm(options) if kind == "norm" else cls._by_value(options)

    @classmethod
    def _by_norm(cls, options: Mapping[str, Any]) -> GradientClipping:
        if "max_norm" not in options:
            message = "clip_grad of type 'norm' needs max_norm, the largest norm."
            raise OptionError(message)
        norm_type = options.get("norm_type", 2.0)
        return cls(
            "norm",
            max_norm=_bound("max_norm", options["max_norm"], above=0.0),
            norm_type=_bound("norm_type", float(norm_type) if isinstance(norm_type, str) else norm_type, above=0.0),
            error_if_nonfinite=bool(options.get("error_if_nonfinite", False)),
        )

    @classmethod
    def _by_value(cls, options: Mapping[str, Any]) -> GradientClipping:
        if not {"clip_value", "lower", "upper"} & set(options):
            message = "clip_grad of type 'value' needs clip_value, the largest magnitude, or lower and upper."
            raise OptionError(message)
        if "clip_value" in options:
            magnitude = _bound("clip_value", options["clip_value"], above=0.0)
            return cls("value", lower=-magnitude, upper=magnitude)
        lower = _bound("lower", options.get("lower", float("-inf")))
        upper = _bound("upper", options.get("upper", float("inf")))
        if lower > upper:
            message = f"clip_grad: lower={lower} must not be above upper={upper}."
            raise OptionError(message)
        return cls("value", lower=lower, upper=upper)

    def apply(self, optimizer: Optimizer) -> float | None:
        """Clip an optimiser's gradients.

        Returns:
            Their norm before, where the norm is clipped.

        Raises:
            InputError: The norm is not finite, and that is an error.
        """
        if self.kind == "value":
            optimizer.clip_gradients_by_value(self.lower, self.upper)
            return None
        if self.error_if_nonfinite and not optimizer.gradients_are_finite():
            message = "A gradient is not finite, and clip_grad has error_if_nonfinite=True."
            raise InputError(message)
        return optimizer.clip_gradients_by_norm(self.max_norm, self.norm_type)


def _bound(name: str, value: Any, above: float | None = None) -> float:
    """A number that may be infinite, which `number` refuses."""
    if isinstance(value, float) and value in (float("inf"), float("-inf")) and (above is None or value > above):
        return value
    return number("clip_grad", name, value, above=above)
