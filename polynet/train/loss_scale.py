"""Scaling the loss, so that gradients in half precision do not vanish."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from polynet.errors import ConfigError, OptionError, suggest
from polynet.nn.arguments import flags, integer, number

OPTIONS = ("init_scale", "growth_factor", "backoff_factor", "growth_interval", "enabled")


@attrs.define
class LossScale:
    """The factor by which a loss is multiplied before it is differentiated, and the gradients divided before a step.

    Small gradients become zero in float16; those of a scaled loss do not (Micikevicius et al., "Mixed Precision
    Training", 2018). A dynamic scale is lowered after a step with gradients that are not finite, which is left out,
    and raised again after many without. The numbers are neutral: nothing here knows a framework.

    Attributes:
        scale: The factor now.
        growth_factor: Multiplies it after `growth_interval` steps in a row.
        backoff_factor: Multiplies it after a step that was left out.
        growth_interval: Steps in a row before it grows.
        dynamic: Whether it changes at all; if not, steps are left out all the same.
        steps: Steps in a row until now.
        skipped: Steps left out until now.

    Source: the rule and its numbers are those of `torch.amp.GradScaler`.

    Example:
        >>> loss_scale = LossScale.read({"init_scale": 8, "growth_interval": 2})
        >>> for finite in (True, True, False):
        ...     loss_scale.update(finite)
        ...     print(loss_scale.scale)
        8.0
        16.0
        8.0
    """

    scale: float = 65536.0
    growth_factor: float = 2.0
    backoff_factor: float = 0.5
    growth_interval: int = 2000
    dynamic: bool = True
    steps: int = 0
    skipped: int = 0

    @classmethod
    def read(cls, given: Any) -> LossScale | None:
        """A loss scale from what a config says.

        Args:
            given: `"dynamic"`; a number, which never changes; a mapping with `init_scale`, `growth_factor`,
                `backoff_factor`, `growth_interval`, `enabled`; or `None` for none.

        Raises:
            OptionError: It is none of these.
        """
        if given is None or given is False:
            return None
        if isinstance(given, LossScale):
            return attrs.evolve(given)
        if given == "dynamic":
            return cls()
        if isinstance(given, Mapping):
            return cls._from_options(given)
        if isinstance(given, str) or not hasattr(type(given), "__float__"):
            near = suggest(given, ["dynamic"])
            message = f"loss_scale is 'dynamic', a number, or a mapping of {', '.join(OPTIONS)}; not {given!r}.{near}"
            raise OptionError(message)
        return cls(scale=float(number("loss_scale", "the scale", given, above=0)), dynamic=False)

    @classmethod
    def _from_options(cls, given: Mapping[str, Any]) -> LossScale | None:
        for name in given:
            if name not in OPTIONS:
                message = (
                    f"loss_scale has no option {name!r}.{suggest(name, OPTIONS)} Its options: {', '.join(OPTIONS)}."
                )
                raise OptionError(message)
        flags("loss_scale", enabled=given.get("enabled", True))
        if not given.get("enabled", True):
            return None
        made = cls()
        made.scale = float(number("loss_scale", "init_scale", given.get("init_scale", made.scale), above=0))
        made.growth_factor = number(
            "loss_scale", "growth_factor", given.get("growth_factor", made.growth_factor), above=1
        )
        backoff = number("loss_scale", "backoff_factor", given.get("backoff_factor", made.backoff_factor), above=0)
        if backoff >= 1:
            message = f"loss_scale: backoff_factor={backoff} must be below 1."
            raise OptionError(message)
        made.backoff_factor = backoff
        interval = given.get("growth_interval", made.growth_interval)
        made.growth_interval = integer("loss_scale", "growth_interval", interval, lowest=1)
        return made

    def update(self, finite: bool) -> None:
        """Take note of whether the gradients of a step were finite, and change the scale accordingly."""
        if not finite:
            self.skipped += 1
            self.steps = 0
            if self.dynamic:
                self.scale *= self.backoff_factor
            return
        self.steps += 1
        if self.dynamic and self.steps >= self.growth_interval:
            self.scale *= self.growth_factor
            self.steps = 0

    def state(self) -> dict[str, Any]:
        """What has to survive a stop, as plain numbers."""
        return {"scale": self.scale, "steps": self.steps, "skipped": self.skipped}

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Take back what `state` gave.

        Raises:
            ConfigError: It is no such state.
        """
        try:
            scale, steps, skipped = float(state["scale"]), int(state["steps"]), int(state["skipped"])
        except (KeyError, TypeError, ValueError) as error:
            message = f"The state of a loss scale has scale, steps and skipped, all numbers; not {dict(state)}."
            raise ConfigError(message) from error
        self.scale, self.steps, self.skipped = scale, steps, skipped
