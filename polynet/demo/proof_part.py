"""Part one: a ResNet from a BaseCls-style config, built on both frameworks and proved the same."""

from __future__ import annotations

from typing import Any

from polynet.proof import Report, parity

CONFIG: dict[str, Any] = {
    "num_classes": 1000,
    "model": {"name": "resnet18", "head": {"name": "ClsHead", "dropout_prob": 0.0}},
}
"""As a BaseCls config file writes it; `head.w_out` is filled from `num_classes`."""


def run() -> Report:
    """Check ResNet-18 at 64×64: every stage, every gradient, three steps of SGD and of AdamW."""
    return parity(CONFIG, input_size=(3, 64, 64), batch_size=4)
