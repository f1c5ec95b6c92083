"""Pretrained weights: records of what there is, where it comes from and how images are prepared for it."""

from __future__ import annotations

from polynet.pretrained.loading import load_record, preprocessing_of
from polynet.pretrained.preprocessing import Preprocessing
from polynet.pretrained.record import PretrainedRecord
from polynet.pretrained.sources import HubFile, LocalFile, PackageFile, Source, Url, cache_folder
from polynet.pretrained.table import add_record, all_tags, find_record, records_of

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
