"""What a model must have to be trained."""

from __future__ import annotations

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
