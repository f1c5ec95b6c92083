"""A tuner's own weights in a file, and back: checked in full before the first number is written."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import attrs
import numpy as np

import polynet
from polynet.backend import backend_of
from polynet.errors import CheckpointError, WeightsError
from polynet.types import NativeModule
from polynet.weights.checkpoint import Checkpoint
from polynet.weights.files import format_for, read_checkpoint, write_checkpoint
from polynet.weights.report import LoadReport
from polynet.weights.transfer import fitted_state

CONFIG = "tuner"
"""The key in a file's metadata under which the tuner's config lies."""

LAYOUT = "polynet"


def save_tuner_state(path: str | Path, state: Mapping[str, np.ndarray[Any, Any]], config: Mapping[str, Any]) -> None:
    """Write a tuner's tensors with its config; see `Tuned.save`."""
    if format_for(path) != "safetensors":
        message = f"A tuner is saved as .safetensors, which keeps its config beside the numbers; {path} is not one."
        raise CheckpointError(message)
    metadata = {"format": "pt", "polynet_version": polynet.__version__, CONFIG: json.dumps(config, sort_keys=True)}
    write_checkpoint(path, state, metadata)


def config_of(checkpoint: Checkpoint, path: str | Path) -> dict[str, Any]:
    """The config of the tuner that a file holds.

    Raises:
        WeightsError: It holds none.
    """
    try:
        config = json.loads(checkpoint.metadata[CONFIG])
    except (KeyError, ValueError) as error:
        message = f"{path} does not say which tuner it holds: it was not written by a tuner's save()."
        raise WeightsError(message) from error
    if not isinstance(config, dict) or not isinstance(config.get("name"), str):
        message = f"{path} is damaged: the config of its tuner is {str(config)[:80]}."
        raise WeightsError(message)
    return config


def load_tuner_state(
    net: NativeModule,
    source: str | Path | Mapping[str, Any],
    names: Collection[str],
    config: Mapping[str, Any],
    *,
    strict: bool,
) -> LoadReport:
    """Overwrite some tensors of a network, and no others; see `Tuned.load`."""
    if isinstance(source, Mapping):
        checkpoint = Checkpoint({name: _array(value) for name, value in source.items()}, format="mapping")
    else:
        checkpoint = read_checkpoint(source)
        if CONFIG in checkpoint.metadata:
            _check_same(config_of(checkpoint, source), config, source)
    arrays, whole = fitted_state(net, checkpoint, layout=LAYOUT, strict=False)
    strange = tuple(name for name in arrays if name not in names)
    ready = {name: array for name, array in arrays.items() if name in names}
    report = attrs.evolve(
        whole,
        loaded=tuple(ready),
        missing=tuple(name for name in whole.missing if name in names),
        unexpected=(*whole.unexpected, *strange),
    )
    if strict and not report.ok:
        message = f"{report}\nNothing was changed."
        raise WeightsError(message)
    backend = backend_of(net)
    slots = backend.slots(net)
    for name, array in ready.items():
        slots[name].write(array)
    backend.synchronise()
    return report


def _array(value: Any) -> np.ndarray[Any, Any]:
    return value if isinstance(value, np.ndarray) else backend_of(value).numpy(value)


def _check_same(saved: Mapping[str, Any], own: Mapping[str, Any], path: str | Path) -> None:
    """Refuse another tuner's file, and one whose options make other numbers of the same names."""
    if saved["name"] != own["name"]:
        message = f"{path} holds the tuner {saved['name']}, and the network carries {own['name']}; nothing was changed."
        raise WeightsError(message)
    differing = [key for key in own if key in saved and key not in ("target", "train") and saved[key] != own[key]]
    if differing:
        told = ", ".join(f"{key}={saved[key]!r} there and {own[key]!r} here" for key in differing)
        message = f"{path} holds a {own['name']} of other options: {told}. Nothing was changed."
        raise WeightsError(message)
