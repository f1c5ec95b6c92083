"""What MMPretrain's networks share: one call for features, losses and predictions."""

from __future__ import annotations

import abc
from collections.abc import Sequence
from typing import Any

from polynet import nn
from polynet.data.preprocessors.base import build_preprocessor
from polynet.errors import ModeError, OptionError, suggest
from polynet.models.fit import check_fit
from polynet.models.mmengine_model import BaseModel

MODES = ("tensor", "loss", "predict")


def check_mode(owner: Any, mode: Any, allowed: Sequence[str] = MODES) -> None:
    """Refuse a mode that a network does not have.

    Raises:
        ModeError: It is none of those allowed.
    """
    if mode not in allowed:
        have = ", ".join(allowed)
        message = f'Invalid mode "{mode}". {type(owner).__name__} has the modes {have}.{suggest(mode, allowed)}'
        raise ModeError(message)


def rules_of(init_cfg: Any, pretrained: Any) -> Any:
    """The `init_cfg` of a network: a path given as `pretrained` is a rule to load it, instead of all others."""
    return init_cfg if pretrained is None else {"type": "Pretrained", "checkpoint": pretrained}


def check_parts(backbone: Any, neck: Any, head: Any) -> None:
    """Refuse a neck or head made for another width than it is given, as far as the parts say their widths.

    Raises:
        OptionError: The widths differ; the message has both, and where in the config.
    """
    if neck is not None:
        check_fit(backbone, None, neck, "neck")
    if head is not None:
        check_fit(backbone, neck, head, "head")


def preprocessor_of(config: Any, default: str, train_cfg: Any = None) -> Any:
    """The preprocessor of a network.

    Args:
        config: Its config, a module, or `None` for the default.
        default: The type of a config that has none.
        train_cfg: Batch augmentation: `{"augments": …, "probs": …}`.

    Raises:
        OptionError: It is neither a config nor a module; or it is made already, and there is augmentation beside it.
    """
    if train_cfg and isinstance(config, nn.Module):
        message = (
            f"train_cfg's augmentations are for a preprocessor that is made from its config, and this one is made: "
            f"give them to {type(config).__name__}."
        )
        raise OptionError(message)
    augments = {"batch_augments": train_cfg} if train_cfg else {}
    return build_preprocessor(config, default, **augments)


class BaseClassifier(BaseModel):
    """Base of classifiers: `forward(inputs, data_samples=None, mode="tensor" | "loss" | "predict")`.

    Args:
        init_cfg: How weights start; see `BaseModule`.
        data_preprocessor: What turns a loader's batch into inputs; see `BaseModel`.

    Raises:
        OptionError: `data_preprocessor` is neither a config nor a module.

    Source: MMPretrain, `BaseClassifier`.
    """

    neck: Any
    head: Any

    def __init__(self, init_cfg: Any = None, data_preprocessor: Any = None) -> None:
        super().__init__(data_preprocessor, init_cfg)

    @property
    def with_neck(self) -> bool:
        """Whether there is a neck."""
        return getattr(self, "neck", None) is not None

    @property
    def with_head(self) -> bool:
        """Whether there is a head."""
        return getattr(self, "head", None) is not None

    @abc.abstractmethod
    def forward(self, inputs: Any, data_samples: Any = None, mode: str = "tensor") -> Any:
        """Features or scores, losses or predictions, by `mode`."""
