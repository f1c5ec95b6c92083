"""Registries: names to classes, by kind and by backend.

There is one store, keyed by (kind, name, backend); each registry is a view of it. `NETWORKS`, `HEADS` and their like
see one kind; `MODELS` sees them all, networks first. A neutral class serves every backend and is stored under none; a
native class, one that derives from a framework's own `Module`, is stored under its framework and preferred there.

Names that ship with PolyNet are listed in `polynet.models.index`, which is data: listing them imports no model file,
and looking one up imports the one file that defines it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from polynet.registry.store import KINDS as KINDS
from polynet.registry.store import add_index as add_index
from polynet.registry.store import temporary as temporary
from polynet.registry.view import Registry as Registry

if TYPE_CHECKING:
    from polynet.registry.building import build_part as build_part

MODELS = Registry("models")
NETWORKS = Registry("networks", "network")
BACKBONES = Registry("backbones", "backbone")
NECKS = Registry("necks", "neck")
HEADS = Registry("heads", "head")
LOSSES = Registry("losses", "loss")
METRICS = Registry("metrics", "metric")
TOKENIZERS = Registry("tokenizers", "tokenizer")
TUNERS = Registry("tuners", "tuner")
TARGETS = Registry("targets", "target")


class registers:  # noqa: N801 - BaseCls's own spelling: `from basecls.utils import registers`
    """The registries under the attribute names that BaseCls uses: `@registers.models.register()`."""

    models = MODELS
    networks = NETWORKS
    backbones = BACKBONES
    necks = NECKS
    heads = HEADS
    losses = LOSSES
    metrics = METRICS
    tokenizers = TOKENIZERS
    tuners = TUNERS
    targets = TARGETS


__all__ = [
    "BACKBONES",
    "HEADS",
    "KINDS",
    "LOSSES",
    "METRICS",
    "MODELS",
    "NECKS",
    "NETWORKS",
    "TARGETS",
    "TOKENIZERS",
    "TUNERS",
    "Registry",
    "add_index",
    "build_part",
    "registers",
    "temporary",
]


def __getattr__(name: str) -> Any:
    """Import what builds when it is first used: listing names must not cost the config layer."""
    if name == "build_part":
        from polynet.registry.building import build_part

        return build_part
    message = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(message)
