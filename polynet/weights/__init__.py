"""Weights: the canonical state, checkpoints of every framework read without it, and other libraries' layouts."""

from __future__ import annotations

from polynet.weights.checkpoint import Checkpoint
from polynet.weights.files import format_for, read_checkpoint, write_checkpoint
from polynet.weights.layouts import detect_layout, families_of, from_layout, layout_names, to_layout
from polynet.weights.report import Change, LoadReport, Refusal
from polynet.weights.transfer import fitted_state, load, load_state, save, state

__all__ = [
    "Change",
    "Checkpoint",
    "LoadReport",
    "Refusal",
    "detect_layout",
    "families_of",
    "fitted_state",
    "format_for",
    "from_layout",
    "layout_names",
    "load",
    "load_state",
    "read_checkpoint",
    "save",
    "state",
    "to_layout",
    "write_checkpoint",
]
