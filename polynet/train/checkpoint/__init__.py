"""Checkpoints of a training run: one file that loses nothing, and how a run goes on from it."""

from __future__ import annotations

from polynet.train.checkpoint.file import TrainingCheckpoint, load_checkpoint, write_training_checkpoint
from polynet.train.checkpoint.finding import find_latest
from polynet.train.checkpoint.restoring import begin_from, load_weights, resume
from polynet.train.checkpoint.saving import save_checkpoint

__all__ = [
    "TrainingCheckpoint",
    "begin_from",
    "find_latest",
    "load_checkpoint",
    "load_weights",
    "resume",
    "save_checkpoint",
    "write_training_checkpoint",
]
