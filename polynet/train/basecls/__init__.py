"""BaseCls's trainer: an engine made from a config with `model`, `data`, `augments`, `loss` and `solver`."""

from __future__ import annotations

from polynet.train.basecls.engine import engine_from_basecls as engine_from_basecls

__all__ = ["engine_from_basecls"]
