"""GoogLeNet: `torchvision.models.googlenet`."""

from __future__ import annotations

from typing import Any

from tests.zoo.reference import Reference

_STAGES = ("conv1", "conv3", "inception3b", "inception4e", "inception5b")
_DRAWN: dict[str, Any] = {"init_weights": False}


def _row(size: int, **options: Any) -> Reference:
    return Reference(
        "googlenet",
        "googlenet",
        "torchvision",
        size=size,
        stages=_STAGES,
        options=options,
        their_options={"aux_logits": False, **_DRAWN, **options},
    )


REFERENCES = (_row(64), _row(75, transform_input=True, aux_logits=True))
