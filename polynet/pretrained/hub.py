"""Repositories on the Hugging Face Hub that hold timm's networks: what their `config.json` says."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from polynet.errors import UnknownNameError, WeightsUnavailableError
from polynet.pretrained.preprocessing import MEAN, STD, Preprocessing
from polynet.pretrained.record import PretrainedRecord
from polynet.pretrained.sources import HubFile


def record_on_hub(repository: str) -> PretrainedRecord:
    """The record of a repository; a known one of timm's without asking the Hub.

    Args:
        repository: `"timm/resnet50.a1_in1k"`.

    Raises:
        WeightsUnavailableError: It has no `config.json` of timm's form, or the Hub cannot be asked.
        UnknownNameError: It holds a network that there is not here.
    """
    from polynet.pretrained.table import by_hub_name, find_record
    from polynet.pretrained.tags import all_tags

    wanted = HubFile(repository)
    organisation, _, leaf = repository.partition("/")
    base = by_hub_name(leaf.partition(".")[0]) if organisation == "timm" else None
    if base is not None:
        full = f"{base.name}.{leaf.partition('.')[2]}"
        if full in all_tags() and (known := find_record(full)).source == wanted:
            return known
    config = _config(repository)
    architecture = str(config.get("architecture", ""))
    like = by_hub_name(architecture)
    from polynet.registry import NETWORKS

    name = like.name if like is not None else architecture
    if name not in NETWORKS:
        message = f"{wanted} holds {architecture!r}, a network that PolyNet does not have."
        raise UnknownNameError(message)
    stated = config.get("pretrained_cfg", {})
    tag = str(stated.get("tag") or leaf.partition(".")[2] or "hub")
    return PretrainedRecord(
        name,
        tag,
        wanted,
        layout="timm",
        preprocessing=preprocessing_from(stated),
        num_classes=int(config.get("num_classes", stated.get("num_classes", 1000))),
        licence=str(stated.get("license") or ""),
        options={} if like is None else like.options,
    )


def preprocessing_from(stated: Mapping[str, Any]) -> Preprocessing:
    """Preprocessing from timm's `pretrained_cfg`.

    Example:
        >>> preprocessing_from({"crop_pct": 0.95, "input_size": [3, 288, 288]}).input_size
        (3, 288, 288)
    """
    size = stated.get("input_size", (3, 224, 224))
    return Preprocessing(
        input_size=(size[0], size[1], size[2]),
        mean=tuple(stated.get("mean", MEAN)),
        std=tuple(stated.get("std", STD)),
        interpolation=stated.get("interpolation", "bicubic"),
        crop=stated.get("crop_pct", 0.875),
    )


def _config(repository: str) -> Mapping[str, Any]:
    path = HubFile(repository, "config.json").locate()
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, UnicodeDecodeError) as error:
        message = f"The config.json of hf-hub:{repository} cannot be read: {error}"
        raise WeightsUnavailableError(message) from error
    if not isinstance(config, dict) or "architecture" not in config:
        message = f"The config.json of hf-hub:{repository} names no architecture, so it is none of timm's."
        raise WeightsUnavailableError(message)
    return config
