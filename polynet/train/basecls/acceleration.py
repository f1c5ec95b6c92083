"""BaseCls's `amp`, `fastrun`, `dtr` and `trace` fields: switched on where the framework can, and said where not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def accelerate(engine: Any, fields: Mapping[str, Any]) -> dict[str, Any]:
    """Switch on what the config asks for; what this framework or device does not have is said in the log.

    Args:
        engine: The engine, its model in place.
        fields: The whole config.

    Returns:
        The config, `amp` switched off in it where half precision cannot be had.
    """
    wanted = [name for name in ("fastrun", "dtr", "trace") if fields[name]]
    for name in wanted:
        reason = engine.backend.accelerate(name)
        if reason is not None:
            engine.logger.warning("%s=True is not honoured on %s: %s", name, engine.backend.name, reason)
    if fields["amp"]["enabled"]:
        device = engine.backend.device_of(engine.model)
        reason = engine.backend.why_no_autocast(device, "float16")
        if reason is not None:
            engine.logger.warning("amp.enabled=True is not honoured: training runs in float32. %s", reason)
            return {**fields, "amp": {**fields["amp"], "enabled": False}}
    return dict(fields)
