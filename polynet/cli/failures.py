"""What a command says of an exception from a user's own code: what it was, and the line it came from."""

from __future__ import annotations

import importlib
import sys
import sysconfig
import traceback
from pathlib import Path

_OURS = ("polynet", "polynet_torch", "polynet_megengine", "polynet_shapes")


def told(error: Exception) -> str | None:
    """One line for an exception that passed through a user's code; `None` where none is involved.

    Args:
        error: What was raised.

    Returns:
        The exception's type and message, and file, line and function of the innermost frame that is neither PolyNet's
        nor of an installed package.

    Example:
        >>> told(ValueError("nobody's")) is None
        True
    """
    others = _folders()
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if not frame.filename.startswith("<")
        and not any(Path(frame.filename).is_relative_to(other) for other in others)
    ]
    if not frames:
        return None
    place = frames[-1]
    said = str(error).strip()
    kind = type(error).__name__
    return f"{kind}{f': {said}' if said else ''} (in {place.name}, {place.filename}:{place.lineno})"


def _folders() -> set[Path]:
    """Where PolyNet, Python and what is installed lie."""
    installed = {Path(sysconfig.get_path(name)) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    loaded = (importlib.import_module(name) for name in _OURS if name in sys.modules)
    # A script in a virtual environment's folder is still somebody's own; one in `bin` is the command itself.
    return installed | {Path(sys.executable).parent} | {Path(str(module.__file__)).parent for module in loaded}
