"""What a model must have to be trained, and what a run is told."""

from __future__ import annotations

import os
from typing import Any

from polynet.errors import OptionError

STEPS = ("train_step", "val_step", "test_step")


def check_steps(model: Any) -> None:
    """Refuse a model without the three steps.

    Raises:
        OptionError: One is missing; the message says what gives it.
    """
    for method in STEPS:
        if not callable(getattr(model, method, None)):
            message = (
                f"{type(model).__name__} has no {method}(), by which it would be trained: derive it from "
                "polynet.train.BaseModel, or wrap it: polynet.train.ClassificationTask(network)."
            )
            raise OptionError(message)


def check_path(name: str, value: Any) -> None:
    """Refuse what is no path, where there may be one.

    Raises:
        OptionError: It is neither a path nor `None`.
    """
    if value is not None and not isinstance(value, (str, os.PathLike)):
        message = f"{name} is a path, or None for none, not {type(value).__name__} {value!r:.60}."
        raise OptionError(message)
