"""Training checkpoints as files of weights: how they are known, and which of their tensors are a network's.

A training checkpoint is a safetensors file with a checksum. What it keeps is a tree; the tree's arrays are tensors,
named by their path from the root, with slashes between: `model/conv1.weight`. All else is in the metadata.
"""

from __future__ import annotations

from collections.abc import Mapping

from polynet.errors import CheckpointError, CheckpointVersionError
from polynet.weights.checkpoint import Checkpoint
from polynet.weights.checksum import KEY, verify

VERSION_KEY = "polynet_checkpoint"
"""The metadata's key for the format's version; only training checkpoints have it."""

VERSION = 1
MODEL, AVERAGED = "model", "ema"
"""Branches of the tree: the network's weights, and their moving average."""


def escaped(key: str) -> str:
    """A key as one step of a path: the escapes of JSON pointers (RFC 6901).

    Example:
        >>> escaped("a/b~c"), unescaped("a~1b~0c")
        ('a~1b~0c', 'a/b~c')
    """
    return key.replace("~", "~0").replace("/", "~1")


def unescaped(step: str) -> str:
    """The key that a step of a path stands for."""
    return step.replace("~1", "/").replace("~0", "~")


def is_training_file(metadata: Mapping[str, str]) -> bool:
    """Whether a safetensors file's metadata is that of a training checkpoint."""
    return VERSION_KEY in metadata


def check_training_file(metadata: Mapping[str, str], data: memoryview, *, checksum: bool = True) -> None:
    """Refuse a training checkpoint of a later format, or one whose content is not what was written.

    Args:
        metadata: The file's metadata.
        data: The whole file.
        checksum: Whether to read all of it for that.

    Raises:
        CheckpointVersionError: A later PolyNet wrote it.
        CheckpointError: It is damaged.
    """
    version = metadata[VERSION_KEY]
    if not version.isdecimal() or KEY not in metadata:
        message = "The file is damaged: its metadata are not those of a training checkpoint."
        raise CheckpointError(message)
    if int(version) > VERSION:
        message = (
            f"The training checkpoint is of format {version}, written by PolyNet "
            f"{metadata.get('polynet_version', 'of a later version')}; this one reads formats up to {VERSION}."
        )
        raise CheckpointVersionError(message)
    if checksum:
        verify(data, metadata[KEY])


def weights_of(checkpoint: Checkpoint, *, ema: bool = False) -> Checkpoint:
    """The weights within what was read from a training checkpoint.

    Args:
        checkpoint: All that the file holds.
        ema: Whether to take the moving average of the weights instead of the weights.

    Returns:
        The network's tensors by their own names, and a note of where they were taken from.

    Raises:
        CheckpointError: It has no moving average.

    Example:
        >>> import numpy as np
        >>> file = Checkpoint({"model/fc.bias": np.ones(2), "ema/fc.bias": np.zeros(2)}, {"polynet_checkpoint": "1"})
        >>> found = weights_of(file, ema=True)
        >>> found.tensors, found.notes
        ({'fc.bias': array([0., 0.])}, ("taken from 'ema' of a training checkpoint",))
    """
    branch = AVERAGED if ema else MODEL
    prefix = f"{branch}/"
    tensors = {
        unescaped(path.removeprefix(prefix)): array
        for path, array in checkpoint.tensors.items()
        if path.startswith(prefix)
    }
    if not tensors and ema:
        message = "The training checkpoint holds no moving average of the weights: the run kept none."
        raise CheckpointError(message)
    metadata = {key: text for key, text in checkpoint.metadata.items() if key not in (VERSION_KEY, KEY, "state")}
    return Checkpoint(tensors, metadata, checkpoint.format, (f"taken from {branch!r} of a training checkpoint",))
