"""Pretrained weights: records of what there is, where it comes from and how images are prepared for it.

What is named here is imported once it is asked for: to list what there is takes nothing that would load it.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from polynet.pretrained.loading import load_record, preprocessing_of
    from polynet.pretrained.preprocessing import Preprocessing
    from polynet.pretrained.record import PretrainedRecord
    from polynet.pretrained.sources import HubFile, LocalFile, PackageFile, Source, Url, cache_folder
    from polynet.pretrained.table import add_record, find_record, records_of
    from polynet.pretrained.tags import all_tags

_HOMES = {
    "loading": ("load_record", "preprocessing_of"),
    "preprocessing": ("Preprocessing",),
    "record": ("PretrainedRecord",),
    "sources": ("HubFile", "LocalFile", "PackageFile", "Source", "Url", "cache_folder"),
    "table": ("add_record", "find_record", "records_of"),
    "tags": ("all_tags",),
}

__all__ = [
    "HubFile",
    "LocalFile",
    "PackageFile",
    "Preprocessing",
    "PretrainedRecord",
    "Source",
    "Url",
    "add_record",
    "all_tags",
    "cache_folder",
    "find_record",
    "load_record",
    "preprocessing_of",
    "records_of",
]


def __getattr__(name: str) -> Any:
    """Import what is asked for by name."""
    for module, names in _HOMES.items():
        if name in names:
            return getattr(importlib.import_module(f"{__name__}.{module}"), name)
    message = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(message)
