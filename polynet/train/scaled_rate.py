"""Learning rates in proportion to the batch (Goyal et al. 2017, arXiv:1706.02677)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from polynet.errors import ConfigError, ConfigKeyError, suggest

KEYS = ("base_batch_size", "enable")


def scale_learning_rate(engine: Any, config: Mapping[str, Any]) -> None:
    """Multiply every learning rate by the batch's size over all processes, over the one that it was set for.

    Args:
        engine: The engine, with its loader and its optimiser's wrapper.
        config: `dict(base_batch_size=256, enable=True)`; with `enable=False` nothing is done.

    Raises:
        ConfigKeyError: It has a key that it cannot have.
        ConfigError: There is no `base_batch_size`, or the loader does not say its batch's size.
    """
    for key in config:
        if key not in KEYS:
            message = f"auto_scale_lr has no key {key!r}.{suggest(key, KEYS)} Its keys are {', '.join(KEYS)}."
            raise ConfigKeyError(message)
    if not config.get("enable", True):
        return
    base = config.get("base_batch_size")
    size = getattr(engine.train_dataloader, "batch_size", None)
    if not isinstance(base, int) or isinstance(base, bool) or base < 1:
        message = f"auto_scale_lr needs base_batch_size, a whole number of at least 1, not {base!r}."
        raise ConfigError(message)
    if not isinstance(size, int):
        message = f"auto_scale_lr: {type(engine.train_dataloader).__name__} does not say its batch_size."
        raise ConfigError(message)
    factor = size * engine.world_size / base
    groups = engine.optim_wrapper.param_groups
    for each in groups.values() if isinstance(groups, Mapping) else [groups]:
        for group in each:
            group["lr"] *= factor
    engine.logger.info("Learning rates are multiplied by %g: batches of %d, set for %d.", factor, size, base)
