"""Parameter-efficient fine-tuning: a network is frozen, and little is added to it that is trained."""

from __future__ import annotations

from polynet.models.tuners.adapter import Adapter, ResTuner
from polynet.models.tuners.lora import DoRA, LoRA
from polynet.models.tuners.sce import SCEAdapter, SCETuner, SCTuner
from polynet.models.tuners.tuned import Tuned
from polynet.models.tuners.tuner import Insert, Tuner

__all__ = ["Adapter", "DoRA", "Insert", "LoRA", "ResTuner", "SCEAdapter", "SCETuner", "SCTuner", "Tuned", "Tuner"]
