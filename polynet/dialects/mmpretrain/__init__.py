"""MMPretrain: networks of a backbone, a neck and a head that has its loss; one registry for all of them.

`from polynet.dialects.mmpretrain.registry import MODELS` finds the registry, and everything that PolyNet has of
MMPretrain is found under the path at which MMPretrain has it: `polynet.dialects.mmpretrain.models.backbones.ResNet`.
What was written with `torch.nn` there is written with `polynet.nn` and `polynet.ops` here, to run on every framework.
"""

from __future__ import annotations

import importlib
from typing import Any

from polynet.dialects.layout import lay_out
from polynet.dialects.mmpretrain.registry import MODELS as MODELS
from polynet.errors import unknown_attribute
from polynet.models.index import INDEX

_SUPERVISOR = "polynet.models.networks.base_self_supervisor:BaseSelfSupervisor"
_PREPROCESSORS = ("ClsDataPreprocessor", "SelfSupDataPreprocessor", "TwoNormDataPreprocessor")
_AUGMENTS = ("CutMix", "Mixup", "RandomBatchAugment", "ResizeMix")
_HOMES = {
    **{name: f"polynet.data.preprocessors:{name}" for name in _PREPROCESSORS},
    **{name: f"polynet.data.augments:{name}" for name in _AUGMENTS},
    "BaseBackbone": "polynet.models.backbones.base_backbone:BaseBackbone",
    "BaseClassifier": "polynet.models.networks.base_classifier:BaseClassifier",
    "BaseSelfSupervisor": _SUPERVISOR,
    "BaseSelfSupvisor": _SUPERVISOR,  # as MMPretrain's guide spells it
    "DataSample": "polynet.data.data_sample:DataSample",
    "MultiTaskDataSample": "polynet.data.data_sample:MultiTaskDataSample",
    "weight_reduce_loss": "polynet.models.losses.weight_reduce:weight_reduce_loss",
    "weighted_loss": "polynet.models.losses.weight_reduce:weighted_loss",
}
"""Where what no registry has is found."""

_KINDS = {"backbone": "backbones", "neck": "necks", "head": "heads", "loss": "losses", "target": "selfsup"}
_NETWORKS = {"classifiers": ("ImageClassifier",), "retrievers": ("ImageToImageRetriever",)}


def _registered(kind: str) -> tuple[str, ...]:
    """Names that ship in a kind, without the scope of this library and without those of others."""
    names = [name.removeprefix("mmpretrain.") for module in INDEX[kind].values() for name in module]
    return tuple(dict.fromkeys(name for name in names if "." not in name))


_OF_KIND = {room: _registered(kind) for kind, room in _KINDS.items()}
_SELF_SUPERVISED = (*_OF_KIND.pop("selfsup"), "BaseSelfSupervisor", "BaseSelfSupvisor")
_EVERYTHING = tuple(
    dict.fromkeys(
        name for names in (*_OF_KIND.values(), *_NETWORKS.values(), _HOMES, _SELF_SUPERVISED) for name in names
    )
)

__all__ = ["MODELS", *_EVERYTHING]


def __getattr__(name: str) -> Any:
    """Import what is asked for, and nothing before."""
    if name in _HOMES:
        module, _, attribute = _HOMES[name].partition(":")
        return getattr(importlib.import_module(module), attribute)
    if name in _EVERYTHING:
        return _shipped(name)
    raise unknown_attribute(__name__, name, __all__)


def _shipped(name: str) -> Any:
    """The class that ships under a name, parts before whole networks, whatever was registered over it."""
    from polynet.registry import Registry, store

    for kind in (*_KINDS, "network"):
        for candidate in (f"mmpretrain.{name}", name):
            module = store.indexed_module(kind, candidate)
            if module is not None:
                found = getattr(importlib.import_module(module), name, None)
                return found or Registry(kind, kind).get(candidate)  # a name that differs from the class's own
    raise unknown_attribute(__name__, name, __all__)


lay_out(
    __name__,
    {
        "models": _EVERYTHING,
        **{f"models.{room}": names for room, names in {**_OF_KIND, **_NETWORKS}.items()},
        "models.backbones.base_backbone": ("BaseBackbone",),
        "models.backbones.resnet": ("ResNet",),
        "models.backbones.vision_transformer": ("VisionTransformer",),
        "models.classifiers.base": ("BaseClassifier",),
        "models.heads.cls_head": ("ClsHead",),
        "models.losses.utils": ("weight_reduce_loss", "weighted_loss"),
        "models.selfsup": _SELF_SUPERVISED,
        "models.selfsup.base": ("BaseSelfSupervisor", "BaseSelfSupvisor"),
        "models.utils": (*_PREPROCESSORS, *_AUGMENTS),
        "models.utils.batch_augments": _AUGMENTS,
        "models.utils.data_preprocessor": _PREPROCESSORS,
        "structures": ("DataSample", "MultiTaskDataSample"),
    },
)
