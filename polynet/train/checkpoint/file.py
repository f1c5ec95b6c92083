"""A training checkpoint as one file: a safetensors file, checksummed, written in one step."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs
import numpy as np

import polynet
from polynet.errors import CheckpointError
from polynet.train.checkpoint.tree import flattened, grown
from polynet.weights.arguments import check_path
from polynet.weights.checkpoint import Checkpoint
from polynet.weights.elements import Array
from polynet.weights.mapped import PathLike, map_file
from polynet.weights.safetensors_file import looks_like_safetensors, read_safetensors, write_safetensors
from polynet.weights.training_file import AVERAGED, MODEL, VERSION, VERSION_KEY, check_training_file, is_training_file

STATE = "$state"
"""The tensor that holds the JSON as bytes, where it is too long for the metadata, whose room is limited."""

_LONG = 4_000_000


@attrs.frozen
class TrainingCheckpoint:
    """What a training checkpoint holds. Arrays are read-only views of the file, read from the disk when used.

    Attributes:
        path: The file.
        tree: Everything, by the branches that the properties name; what a hook added lies beside them.
        config: The network's own config, as JSON; `""` where it had none.
    """

    path: Path
    tree: dict[str, Any]
    config: str = ""

    @property
    def model(self) -> dict[str, Array]:
        """The network's parameters and buffers: the canonical state."""
        return dict(self.tree.get(MODEL, {}))

    @property
    def ema(self) -> dict[str, Array]:
        """The moving average of them; empty where the run kept none."""
        return dict(self.tree.get(AVERAGED, {}))

    @property
    def optimizer(self) -> dict[str, Any]:
        """State of the optimiser and what wraps it: moments, loss scale, accumulation."""
        return dict(self.tree.get("optimizer", {}))

    @property
    def schedules(self) -> Any:
        """State of the schedules, in their order."""
        return self.tree.get("schedules", [])

    @property
    def hooks(self) -> dict[str, Any]:
        """State of hooks by the names of their classes."""
        return dict(self.tree.get("hook", {}))

    @property
    def progress(self) -> dict[str, Any]:
        """Where training goes on: `epoch`, `iter`, `iter_in_epoch`, `validation_due`."""
        return dict(self.tree.get("progress", {}))

    @property
    def epoch(self) -> int:
        """Epochs done."""
        return int(self.progress.get("epoch", 0))

    @property
    def iter(self) -> int:
        """Iterations done over all epochs."""
        return int(self.progress.get("iter", 0))

    @property
    def best(self) -> dict[str, Any]:
        """The best figures of validations so far."""
        return dict(self.tree.get("best", {}))

    @property
    def about(self) -> dict[str, Any]:
        """Of the run: seed, backend, versions, wall time and the like."""
        return dict(self.tree.get("about", {}))


def write_training_checkpoint(path: PathLike, tree: Mapping[str, Any], config: Mapping[str, Any] | None = None) -> None:
    """Write a tree as a training checkpoint, in one step.

    Args:
        path: The file; whatever its suffix, its format is safetensors.
        tree: What to keep: see `polynet.train.checkpoint.tree.flattened`.
        config: The network's own config, for those who only want the weights.

    Raises:
        CheckpointNotFoundError: The folder does not exist.
        CheckpointError: The file cannot be written; what stood there before is as it was.
        ConfigTypeError: The tree holds something that cannot be kept.

    Example:
        >>> import tempfile, numpy as np
        >>> path = tempfile.mkdtemp() + "/iter_3.safetensors"
        >>> write_training_checkpoint(path, {"model": {"fc.bias": np.ones(2)}, "progress": {"iter": 3}})
        >>> found = load_checkpoint(path)
        >>> found.iter, found.model
        (3, {'fc.bias': array([1., 1.])})
    """
    check_path(path)
    arrays, text = flattened(tree)
    metadata = {
        "format": "pt",
        "polynet_version": polynet.__version__,
        "layout": "polynet",
        VERSION_KEY: str(VERSION),
    }
    raw = text.encode()
    if len(raw) > _LONG:
        arrays[STATE] = np.frombuffer(raw, np.uint8)
    else:
        metadata["state"] = text
    if config is not None:
        metadata["config"] = json.dumps(config, sort_keys=True)
    write_safetensors(path, arrays, metadata, checksum=True)


def load_checkpoint(path: PathLike, *, verify: bool = True) -> TrainingCheckpoint:
    """Read a training checkpoint; needs no framework.

    Args:
        path: The file.
        verify: Whether to read all of it at once, to hold it against its checksum. Without, only what is used is read.

    Returns:
        All it holds.

    Raises:
        CheckpointNotFoundError: There is no such file.
        CheckpointVersionError: A later PolyNet wrote it.
        CheckpointError: It is damaged, or no training checkpoint.
        ConfigTypeError: `path` is no path.

    Example:
        >>> import tempfile, numpy as np
        >>> path = tempfile.mkdtemp() + "/epoch_1.safetensors"
        >>> write_training_checkpoint(path, {"progress": {"epoch": 1}, "best": {"accuracy": 0.5}})
        >>> load_checkpoint(path).best
        {'accuracy': 0.5}
    """
    check_path(path)
    data = map_file(path)
    try:
        return _read(Path(path), data, verify)
    except CheckpointError as error:
        raise type(error)(f"{path}: {error}") from error


def _read(path: Path, data: memoryview, verify: bool) -> TrainingCheckpoint:
    found = read_safetensors(data) if looks_like_safetensors(data) else None
    if found is None or not is_training_file(found.metadata):
        message = (
            "The file is no training checkpoint, or is damaged at its beginning. Weights alone are loaded by "
            "polynet.load(net, path), or as load_from of a run."
        )
        raise CheckpointError(message)
    check_training_file(found.metadata, data, checksum=verify)
    text = state_text(found)
    arrays = {name: array for name, array in found.tensors.items() if name != STATE}
    tree = grown(arrays, text)
    return TrainingCheckpoint(path, tree, found.metadata.get("config", ""))


def state_text(found: Checkpoint) -> str:
    """The JSON of a training checkpoint, wherever in the file it is.

    Raises:
        CheckpointError: It is nowhere, or no text.
    """
    text = found.metadata.get("state")
    if text is not None:
        return text
    try:
        return found.tensors[STATE].tobytes().decode()
    except (KeyError, ValueError) as error:
        message = "The training checkpoint is damaged: its state is missing."
        raise CheckpointError(message) from error
