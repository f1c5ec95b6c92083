"""What a run's log begins with, and what it ends with where an error ends the run."""

from __future__ import annotations

import contextlib
import logging
import math
import platform
from collections.abc import Iterator
from typing import Any

import numpy as np

from polynet import __version__
from polynet.train.batches import batches_per_epoch

IN_FILE_ONLY = "polynet_in_file_only"
"""Attribute of records that the terminal has from elsewhere: whoever catches an error shows it."""


def header_of(runner: Any) -> list[str]:
    """What has to be known to make sense of a run later, line by line.

    Args:
        runner: The engine.

    Returns:
        Versions, device, network with its number of parameters, sizes of the data, seed and folder.

    Example:
        >>> net = polynet.build("resnet18", backend="torch", num_classes=10)
        >>> header_of(polynet.train.Engine(polynet.train.ClassificationTask(net), seed=3))[2:]
        ['Network: ResNet, 11181642 parameters, 11181642 of them trained', 'Data: none', 'Seed: 3', 'Folder: none']
    """
    backend, network = runner.backend, runner.weights_module()
    parameters = [slot for slot in backend.slots(network).values() if slot.kind == "parameter"]
    trained = sum(math.prod(slot.shape) for slot in parameters if slot.trainable)
    total = sum(math.prod(slot.shape) for slot in parameters)
    versions = [f"PolyNet {__version__}", f"{backend.name} {backend.version}", f"Python {platform.python_version()}"]
    processes = f", {runner.world_size} processes" if runner.world_size > 1 else ""
    sizes = [_size(phase, getattr(runner, f"{phase}_dataloader")) for phase in ("train", "val", "test")]
    return [
        f"Versions: {', '.join(versions)}, numpy {np.__version__}",
        f"Device: {backend.device_of(runner.model)}{processes}",
        f"Network: {type(network).__name__}, {total} parameters, {trained} of them trained",
        f"Data: {'; '.join(size for size in sizes if size) or 'none'}",
        f"Seed: {runner.seed}",
        f"Folder: {'none' if runner.work_dir is None else runner.work_dir}",
    ]


def _size(phase: str, loader: Any) -> str:
    if loader is None:
        return ""
    batches = batches_per_epoch(loader)
    told = "batches of unknown number" if batches is None else f"{batches} batches"
    data: Any = getattr(loader, "dataset", None)
    return f"{phase} {len(data)} samples in {told}" if hasattr(data, "__len__") else f"{phase} {told}"


@contextlib.contextmanager
def errors_logged(logger: logging.Logger) -> Iterator[None]:
    """Write what ends a run into its log, and let it go on to whoever catches it.

    Args:
        logger: The run's logger.

    Example:
        >>> with errors_logged(logging.getLogger("polynet.train")):
        ...     pass
    """
    try:
        yield
    except (Exception, KeyboardInterrupt) as error:
        said = str(error)
        told = f"{type(error).__name__}{': ' if said else ''}{said}"
        logger.error("The run ended by an error: %s", told, extra={IN_FILE_ONLY: True})
        raise
