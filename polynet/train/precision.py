"""In which element type an evaluation runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from polynet.errors import ConfigKeyError, ConfigTypeError, suggest

KEYS = ("type", "fp16")
HALVES = ("float16", "bfloat16")


def evaluation_dtype(engine: Any, configs: Mapping[str, Any]) -> str | None:
    """The element type that `val_cfg` and `test_cfg` ask for, as far as the framework has it on the model's device.

    `fp16=True` asks for half precision: float16, or bfloat16 on a device that computes in that alone, as CPUs do under
    torch. Where there is neither, evaluation runs in float32, and the log says so and why.

    Args:
        engine: The engine, with its model in place.
        configs: The two configs by name; each may be `None`.

    Raises:
        ConfigTypeError: One is no mapping.
        ConfigKeyError: One has a key that it cannot have.
    """
    wanted = False
    for name, config in configs.items():
        if config is None:
            continue
        if not isinstance(config, Mapping):
            message = f"{name} is a mapping such as dict() or dict(fp16=True), not {config!r:.80}."
            raise ConfigTypeError(message)
        for key in config:
            if key not in KEYS:
                message = f"{name} has no key {key!r}.{suggest(key, KEYS)} Its keys are {', '.join(KEYS)}."
                raise ConfigKeyError(message)
        wanted = wanted or bool(config.get("fp16"))
    if not wanted:
        return None
    device = engine.backend.device_of(engine.model)
    reasons = {dtype: engine.backend.why_no_autocast(device, dtype) for dtype in HALVES}
    for dtype, reason in reasons.items():
        if reason is None:
            return dtype
    engine.logger.warning("Evaluation runs in float32: %s", reasons["float16"])
    return None
