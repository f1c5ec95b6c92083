"""Parity: the proof that two builds are the same network."""

from __future__ import annotations

from polynet.proof.check import OPTIMIZERS as OPTIMIZERS
from polynet.proof.check import parity as parity
from polynet.proof.report import Report as Report
from polynet.proof.report import Row as Row
from polynet.proof.tolerance import Tolerance as Tolerance

__all__ = ["OPTIMIZERS", "Report", "Row", "Tolerance", "parity"]
