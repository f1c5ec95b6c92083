"""The paths that a run is told."""

from __future__ import annotations

import os
from typing import Any

from polynet.errors import OptionError


def check_path(name: str, value: Any) -> None:
    """Refuse what is no path, where there may be one.

    Raises:
        OptionError: It is neither a path nor `None`.
    """
    if value is not None and not isinstance(value, (str, os.PathLike)):
        message = f"{name} is a path, or None for none, not {type(value).__name__} {value!r:.60}."
        raise OptionError(message)
