"""A record of pretrained weights: what they are, how images are prepared for them, and where they come from."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import attrs

from polynet.pretrained.preprocessing import Preprocessing
from polynet.pretrained.sources import Source


def _frozen(options: Mapping[str, Any]) -> Mapping[str, Any]:
    return MappingProxyType(dict(options))


@attrs.frozen
class PretrainedRecord:
    """Weights that someone has published, or one's own.

    Attributes:
        name: The network that they are for.
        tag: What tells them from other weights of the network: `"a1_in1k"`.
        source: Where the file is; see `polynet.pretrained.sources`.
        layout: How the names in the file are spelt; `"auto"` to find out.
        preprocessing: How images are prepared.
        num_classes: Classes that they tell apart; 0 for weights without a classifier.
        licence: As their publisher states it, an SPDX name in lower case; `""` where none is stated.
        options: Options of the network that they need: an epsilon other than the default, say.

    Example:
        >>> from polynet.pretrained import LocalFile
        >>> record = PretrainedRecord("resnet18", "mine", LocalFile("mine.safetensors"), num_classes=10)
        >>> record.full_name, record.preprocessing.mean
        ('resnet18.mine', (0.485, 0.456, 0.406))
    """

    name: str
    tag: str
    source: Source
    layout: str = "auto"
    preprocessing: Preprocessing = Preprocessing()
    num_classes: int = 1000
    licence: str = ""
    options: Mapping[str, Any] = attrs.field(factory=dict, converter=_frozen, hash=False)

    @property
    def full_name(self) -> str:
        """Name and tag, as `polynet.build` takes them."""
        return f"{self.name}.{self.tag}"
