"""How long a run lasts and when it is validated: MMEngine's `train_cfg`, read."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

import attrs

from polynet.errors import ConfigError, ConfigKeyError, ConfigTypeError, suggest


def _whole(least: int) -> Any:
    def check(instance: Any, attribute: Any, value: Any) -> None:
        if value is None:
            return
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            message = f"{attribute.name} is a whole number of at least {least}, not {value!r}."
            raise ConfigError(message)

    return check


@attrs.frozen(kw_only=True)
class Limits:
    """How long a run lasts, and when it is validated: counted in epochs, or in iterations.

    Args:
        by_epoch: Whether `val_begin` and `val_interval` count epochs; by default, whether there is `max_epochs`.
        max_epochs: Passes over the data; this or `max_iters`.
        max_iters: Steps, over as many passes as it takes.
        val_begin: The epoch or iteration from which on it is validated.
        val_interval: Epochs or iterations between validations.

    Raises:
        ConfigError: A number is none, too small, or there is not exactly one limit.

    Source: MMEngine, `EpochBasedTrainLoop` and `IterBasedTrainLoop`.

    Example:
        >>> Limits.read({"by_epoch": True, "max_epochs": 5, "val_interval": 1}).is_validated(epochs=2, iterations=60)
        True
    """

    by_epoch: bool | None = attrs.field(default=None)
    max_epochs: int | None = attrs.field(default=None, validator=_whole(1))
    max_iters: int | None = attrs.field(default=None, validator=_whole(1))
    val_begin: int = attrs.field(default=1, validator=_whole(0))
    val_interval: int = attrs.field(default=1, validator=_whole(1))

    def __attrs_post_init__(self) -> None:
        """Fill `by_epoch`, and refuse two limits or none."""
        if (self.max_epochs is None) == (self.max_iters is None):
            given = "both are given" if self.max_epochs is not None else "neither is given"
            message = f"A run lasts max_epochs or max_iters; {given}."
            raise ConfigError(message)
        by_epoch = self.max_epochs is not None
        if self.by_epoch is not None and self.by_epoch != by_epoch:
            message = f"by_epoch={self.by_epoch} goes with {'max_epochs' if self.by_epoch else 'max_iters'}."
            raise ConfigError(message)
        object.__setattr__(self, "by_epoch", by_epoch)

    @classmethod
    def read(cls, config: Any) -> Limits:
        """Read a `train_cfg`; `type="EpochBasedTrainLoop"` or `"IterBasedTrainLoop"` may stand for `by_epoch`.

        Raises:
            ConfigTypeError: It is no mapping.
            ConfigKeyError: It has a key that it cannot have.
            ConfigError: A value is wrong.
        """
        if isinstance(config, Limits):
            return config
        if not isinstance(config, Mapping):
            message = f"train_cfg is a mapping such as dict(by_epoch=True, max_epochs=5), not {config!r:.80}."
            raise ConfigTypeError(message)
        options = dict(config)
        loop = options.pop("type", None)
        loop = loop.__name__ if inspect.isclass(loop) else loop
        loops = {"EpochBasedTrainLoop": True, "IterBasedTrainLoop": False, None: options.get("by_epoch")}
        if loop not in loops:
            message = f"train_cfg: there is no loop {loop!r}.{suggest(loop, [n for n in loops if n])}"
            raise ConfigKeyError(message)
        known = [field.name for field in attrs.fields(cls)]
        for key in options:
            if key not in known:
                message = f"train_cfg has no key {key!r}.{suggest(key, known)} Its keys are {', '.join(known)}."
                raise ConfigKeyError(message)
        return cls(**{**options, "by_epoch": loops[loop]})

    def are_reached(self, epochs: int, iterations: int) -> bool:
        """Whether training is over after so many epochs and iterations."""
        if self.max_epochs is not None:
            return epochs >= self.max_epochs
        return iterations >= (self.max_iters or 0)

    def is_validated(self, *, epochs: int, iterations: int) -> bool:
        """Whether a validation is due after this many epochs, or iterations, are done."""
        done = epochs if self.by_epoch else iterations
        return done >= self.val_begin and done % self.val_interval == 0
