"""Data sets and how they are read."""

from __future__ import annotations

from polynet.data.digits import Digits as Digits
from polynet.data.digits import load_digits as load_digits

__all__ = ["Digits", "load_digits"]
