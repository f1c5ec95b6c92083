"""The command `polynet`."""

from __future__ import annotations

from polynet.cli.main import main as main

__all__ = ["main"]
