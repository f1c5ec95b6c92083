"""Which checkpoint a run goes on from: the newest in its folder that is whole."""

from __future__ import annotations

import json
from collections.abc import Iterator
from logging import Logger
from pathlib import Path

from polynet.errors import CheckpointError, CheckpointVersionError
from polynet.train.checkpoint.file import TrainingCheckpoint, load_checkpoint, state_text
from polynet.weights.mapped import PathLike, map_file
from polynet.weights.safetensors_file import looks_like_safetensors, read_safetensors
from polynet.weights.training_file import is_training_file


def find_latest(
    folder: PathLike, logger: Logger | None = None, damaged: list[Path] | None = None
) -> TrainingCheckpoint | None:
    """The training checkpoint of a folder that was written last, of those that are whole.

    A damaged one is passed over, and the logger is told of it. The time is the one that the checkpoint records, so it
    outlives copying; the one that has come furthest may be of an earlier run in the same folder.

    Args:
        folder: Where checkpoints lie; it need not exist.
        logger: Is warned of each that is damaged.
        damaged: Where given, gets the paths of these.

    Returns:
        The checkpoint, verified; `None` where there is none.

    Raises:
        CheckpointVersionError: The last was written by a later PolyNet: to go on from another would undo work.

    Example:
        >>> import tempfile, numpy as np
        >>> from polynet.train.checkpoint import write_training_checkpoint
        >>> folder = Path(tempfile.mkdtemp())
        >>> for number in 1, 2, 10:
        ...     write_training_checkpoint(folder / f"iter_{number}.safetensors", {"progress": {"iter": number}})
        >>> _ = (folder / "iter_10.safetensors").write_bytes(b"damaged")
        >>> find_latest(folder).iter
        2
    """
    passed = [] if damaged is None else damaged
    for path in reversed(list_checkpoints(folder, logger, passed)):
        if (found := _whole(path, logger, passed)) is not None:
            return found
    return None


def list_checkpoints(folder: PathLike, logger: Logger | None = None, damaged: list[Path] | None = None) -> list[Path]:
    """The training checkpoints of a folder in the order in which they were written, by their headers alone.

    Args:
        folder: Where they lie; it need not exist.
        logger: Is warned of each that is damaged.
        damaged: Where given, gets the paths of these.

    Example:
        >>> list_checkpoints("nowhere")
        []
    """
    passed = [] if damaged is None else damaged
    times = ((_written(path, logger, passed), path) for path in _candidates(Path(folder)))
    return [path for _, path in sorted((time, path) for time, path in times if time is not None)]


def _whole(path: Path, logger: Logger | None, damaged: list[Path]) -> TrainingCheckpoint | None:
    try:
        return load_checkpoint(path)
    except CheckpointVersionError:
        raise
    except CheckpointError as error:
        _pass_over(path, error, logger, damaged)
        return None


def _written(path: Path, logger: Logger | None, damaged: list[Path]) -> tuple[float, int] | None:
    """When a training checkpoint's header says it was written, and after which iteration; `None` for any other file."""
    try:
        data = map_file(path)
        if not looks_like_safetensors(data):
            message = "It does not begin as a checkpoint does."
            raise CheckpointError(message)
        found = read_safetensors(data)
        if not is_training_file(found.metadata):
            return None
        state = json.loads(state_text(found))
        return float(state.get("about", {}).get("time", 0.0)), int(state["progress"]["iter"])
    except (CheckpointError, OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        _pass_over(path, error, logger, damaged)
        return None


def _pass_over(path: Path, error: Exception, logger: Logger | None, damaged: list[Path]) -> None:
    damaged.append(path)
    if logger is not None:
        found = str(error).removeprefix(f"{path}: ")
        logger.warning("The checkpoint %s is damaged and passed over: %s", path, found)


def _candidates(folder: Path) -> Iterator[Path]:
    if folder.is_dir():
        yield from sorted(path for path in folder.glob("*.safetensors") if not path.name.startswith("."))
