"""Settings of BaseCls's configs that ask for speed or memory."""

from __future__ import annotations

import megengine
from megengine.functional.debug_param import set_execution_strategy


def accelerate(setting: str) -> str | None:
    """Switch a setting on, for the whole process; returns why it cannot be, or `None`."""
    if setting == "fastrun":
        set_execution_strategy("PROFILE")
        return None
    if setting == "dtr":
        megengine.dtr.enable()
        return None
    return (
        "a traced training step was no faster and took up to twice the memory when it was measured, and reading a "
        "number in one ends the process."
    )
