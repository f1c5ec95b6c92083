"""Writing a checkpoint of a run."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from polynet.train.checkpoint.file import write_training_checkpoint
from polynet.train.checkpoint.gathering import gathered
from polynet.weights.arguments import check_path
from polynet.weights.mapped import PathLike


def save_checkpoint(engine: Any, path: PathLike, *, optimizer: bool = True, schedules: bool = True) -> None:
    """Write everything that a run needs to go on from this moment into one file, in one step.

    The hooks' `before_save_checkpoint` may add to it. Only the main process writes; where weights are spread over
    processes, all of them must call this.

    Args:
        engine: The engine.
        path: The file; whatever its suffix, its format is safetensors.
        optimizer: Whether to keep the optimiser's state; without it the run cannot be resumed from the file.
        schedules: Whether to keep the schedules' state; likewise.

    Raises:
        CheckpointNotFoundError: The folder does not exist.
        CheckpointError: The file cannot be written; one that stood there is as it was.
        ConfigTypeError: A hook's state holds something that cannot be kept.
    """
    check_path(path)
    if not engine.is_main and not engine.is_sharded:
        return
    tree = gathered(engine, optimizer=optimizer, schedules=schedules)
    if not engine.is_main:
        return
    engine.call_hook("before_save_checkpoint", checkpoint=tree)
    write_training_checkpoint(path, tree, _network_config(engine))


def _network_config(engine: Any) -> Mapping[str, Any] | None:
    """The network's own config, where it is plain data: `polynet.save` keeps the same."""
    config = getattr(engine.weights_module(), "config", None)
    if not isinstance(config, Mapping):
        return None
    to_dict = getattr(config, "to_dict", None)
    plain = to_dict() if callable(to_dict) else dict(config)
    try:
        json.dumps(plain)
    except (TypeError, ValueError):
        return None
    return plain
