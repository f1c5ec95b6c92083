"""Read or write a checkpoint file of any known format."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from polynet.errors import CheckpointError, suggest
from polynet.weights.arguments import check_path
from polynet.weights.checkpoint import Checkpoint
from polynet.weights.elements import Array
from polynet.weights.mapped import PathLike, map_file
from polynet.weights.megengine_file import read_megengine, write_megengine_file
from polynet.weights.safetensors_file import looks_like_safetensors, read_safetensors, write_safetensors
from polynet.weights.torch_file import ZIP_MAGIC, read_torch_zip, write_torch_file
from polynet.weights.torch_legacy import LEGACY_MAGIC, read_torch_legacy
from polynet.weights.training_file import check_training_file, is_training_file, weights_of

SUFFIXES = {
    ".safetensors": "safetensors",
    ".pth": "torch",
    ".pt": "torch",
    ".bin": "torch",
    ".pkl": "megengine",
    ".mge": "megengine",
}
"""Formats by the suffix a file is written under."""

_OTHERS = {
    b"<!DOCTYPE": "a web page: the download failed",
    b"<!doctype": "a web page: the download failed",
    b"<html": "a web page: the download failed",
    b"version https://git-lfs": "a Git LFS pointer: the file itself was not fetched (git lfs pull)",
    b"\x1f\x8b": "compressed with gzip: unpack it first",
    b"\x89HDF": "an HDF5 file, which PolyNet does not read",
    b"\x93NUMPY": "a single numpy array, not a dictionary of tensors",
    b"mgbtest0": "a dumped MegEngine graph, not a dictionary of tensors",
}


def read_checkpoint(path: PathLike, *, ema: bool = False) -> Checkpoint:
    """Read the tensors of a checkpoint file. No code in it is ever run, and no framework is needed.

    The format is told from the content; the suffix does not matter. Known are safetensors, torch's zip and its format
    before 1.6, and MegEngine's pickle. Of a training checkpoint of PolyNet's, whose checksum is verified, the network's
    weights are given; `polynet.train.checkpoint.load_checkpoint` gives all of it.

    Args:
        path: The file.
        ema: Whether to take, from a training checkpoint, the moving average of the weights instead of the weights.

    Returns:
        Its tensors as arrays (read-only views of the file where possible), and its metadata.

    Raises:
        CheckpointNotFoundError: There is no such file.
        UnsafeCheckpointError: The file would run code when loaded by its framework.
        CheckpointError: It is damaged, truncated, of no known format, or has no moving average.
        ConfigTypeError: `path` is no path.

    Example:
        >>> import tempfile, numpy as np
        >>> path = tempfile.mkdtemp() + "/weights.pkl"
        >>> write_checkpoint(path, {"weight": np.zeros((2, 3), np.float32)})
        >>> found = read_checkpoint(path)
        >>> found.format, found.tensors["weight"].shape
        ('megengine', (2, 3))
    """
    check_path(path)
    data = map_file(path)
    try:
        return _weights(_read(data), data, ema)
    except CheckpointError as error:
        raise type(error)(f"{path}: {error}") from error
    except (MemoryError, RecursionError) as error:
        message = f"{path}: reading it takes more memory or depth than there is; it is damaged or made up."
        raise CheckpointError(message) from error


def _read(data: memoryview) -> Checkpoint:
    head = bytes(data[:64])
    if head.startswith(ZIP_MAGIC):
        return read_torch_zip(data)
    if looks_like_safetensors(data):
        return read_safetensors(data)
    if LEGACY_MAGIC in head[:24]:
        return read_torch_legacy(data)
    if head[:1] == b"\x80":
        return read_megengine(data)
    for magic, description in _OTHERS.items():
        if head.startswith(magic):
            message = f"The file is {description}."
            raise CheckpointError(message)
    message = "The file is of no known format: neither safetensors nor torch's nor MegEngine's."
    raise CheckpointError(message)


def _weights(checkpoint: Checkpoint, data: memoryview, ema: bool) -> Checkpoint:
    """A network's weights in what was read: all of it, or a part of a training checkpoint."""
    if checkpoint.format == "safetensors" and is_training_file(checkpoint.metadata):
        check_training_file(checkpoint.metadata, data)
        return weights_of(checkpoint, ema=ema)
    if ema:
        message = "The file is no training checkpoint of PolyNet's, so it holds no moving average beside the weights."
        raise CheckpointError(message)
    return checkpoint


def format_for(path: PathLike) -> str:
    """The format a file is written in: its suffix says.

    Raises:
        CheckpointError: No format has that suffix.
        ConfigTypeError: `path` is no path.

    Example:
        >>> format_for("resnet50.pth")
        'torch'
    """
    check_path(path)
    suffix = Path(path).suffix.lower()
    if suffix not in SUFFIXES:
        allowed = ", ".join(SUFFIXES)
        message = f"{path} has the suffix {suffix!r}; a checkpoint is written as {allowed}.{suggest(suffix, SUFFIXES)}"
        raise CheckpointError(message)
    return SUFFIXES[suffix]


def write_checkpoint(path: PathLike, tensors: Mapping[str, Array], metadata: Mapping[str, str] | None = None) -> None:
    """Write arrays in the format that the path's suffix names, in one step.

    Args:
        path: `.safetensors`, `.pth`/`.pt`/`.bin` (torch) or `.pkl`/`.mge` (MegEngine).
        tensors: Arrays by name.
        metadata: Text to keep beside them; only safetensors has a place for it, elsewhere it is left out.

    Raises:
        CheckpointNotFoundError: The folder does not exist.
        CheckpointError: The suffix is unknown, or the file cannot be written.
        ConfigTypeError: `path` is no path.

    Example:
        >>> import tempfile, numpy as np
        >>> write_checkpoint(tempfile.mkdtemp() + "/weights.pth", {"weight": np.zeros(3, np.float32)})
    """
    format = format_for(path)
    if format == "safetensors":
        write_safetensors(path, tensors, metadata)
    elif format == "torch":
        write_torch_file(path, tensors)
    else:
        write_megengine_file(path, tensors)
