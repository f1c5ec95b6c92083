"""Parameter-efficient fine-tuning: a network is frozen, and little is added to it that is trained."""

from __future__ import annotations

from polynet.models.tuners.adapter import Adapter, ResTuner
from polynet.models.tuners.chosen import BitFit, Full, Partial
from polynet.models.tuners.lora import DoRA, LoRA
from polynet.models.tuners.prefix import Prefix
from polynet.models.tuners.prompt import Prompt
from polynet.models.tuners.sce import SCEAdapter, SCETuner, SCTuner
from polynet.models.tuners.ssf import SSF
from polynet.models.tuners.tuned import Tuned
from polynet.models.tuners.tuner import Insert, Tuner

__all__ = [
    "SSF",
    "Adapter",
    "BitFit",
    "DoRA",
    "Full",
    "Insert",
    "LoRA",
    "Partial",
    "Prefix",
    "Prompt",
    "ResTuner",
    "SCEAdapter",
    "SCETuner",
    "SCTuner",
    "Tuned",
    "Tuner",
]
