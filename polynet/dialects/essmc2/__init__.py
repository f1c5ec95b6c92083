"""EssentialMC2: networks with a training and a testing method, parts built from dictionaries with `type`.

Everything is here by its own name, and under the path at which EssentialMC2 has it. A bare `type` means what it means
there: `ResNet` is the backbone that returns one map. Registering a name again warns and replaces; where the name is one
of PolyNet's own, the new class is found by this dialect alone.
"""

from __future__ import annotations

from polynet.dialects.layout import lay_out
from polynet.models.networks.train_module import TrainModule
from polynet.registry import Registry

_SCOPES = ("essmc2", "scepter")

BACKBONES = Registry("BACKBONES", "backbone", scopes=_SCOPES, replace=True)
NECKS = Registry("NECKS", "neck", scopes=_SCOPES, replace=True)
HEADS = Registry("HEADS", "head", scopes=_SCOPES, replace=True)
LOSSES = Registry("LOSSES", "loss", scopes=_SCOPES, replace=True)
METRICS = Registry("METRICS", "metric", scopes=_SCOPES, replace=True)
MODELS = Registry("MODELS", "network", scopes=_SCOPES, replace=True)

__all__ = ["BACKBONES", "HEADS", "LOSSES", "METRICS", "MODELS", "NECKS", "TrainModule"]

_OF_MODELS = ("BACKBONES", "NECKS", "HEADS", "LOSSES", "MODELS")

lay_out(
    __name__,
    {
        "models": (*_OF_MODELS, "TrainModule"),
        "models.registry": _OF_MODELS,
        "models.networks": ("TrainModule",),
        "models.networks.train_module": ("TrainModule",),
        "utils.metrics": ("METRICS",),
    },
)
