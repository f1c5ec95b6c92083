"""Checkpoints that are named by an address in place of a path."""

from __future__ import annotations

import os
import re

from polynet.errors import CheckpointError
from polynet.weights.mapped import PathLike

_SCHEMES = ("https", "http", "file")

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://")


def is_address(path: PathLike) -> bool:
    """Whether a checkpoint is named by an address, of whatever kind.

    Example:
        >>> is_address("hf-hub:timm/resnet18.a1_in1k"), is_address("runs/epoch_3.safetensors")
        (True, False)
    """
    given = os.fspath(path)
    return _SCHEME.match(given) is not None or given.startswith("hf-hub:")


def fetched(path: PathLike) -> PathLike:
    """The path of a checkpoint on this machine; one that is named by its address is downloaded first, and kept.

    Args:
        path: A path, an address (`https://…`, `file://…`), or a repository on the Hugging Face Hub (`hf-hub:timm/…`).

    Raises:
        WeightsUnavailableError: It cannot be had; the message says how to get it by hand.
        CheckpointError: It is an address of a kind that is not known.

    Example:
        >>> fetched("runs/epoch_3.safetensors")
        'runs/epoch_3.safetensors'
        >>> fetched("s3://bucket/epoch_3.safetensors")
        Traceback (most recent call last):
        ...
        polynet.errors.CheckpointError: s3://bucket/epoch_3.safetensors is neither a path nor an address that ...
    """
    if not is_address(path):
        return path
    given = os.fspath(path)
    scheme = _SCHEME.match(given)
    from polynet.pretrained import Url, find_record

    if scheme is None:
        return find_record(given).source.locate()
    if scheme[1].lower() not in _SCHEMES:
        message = (
            f"{given} is neither a path nor an address that can be fetched (https://, file://, hf-hub:). "
            "Download the file, and name it by its path."
        )
        raise CheckpointError(message)
    return Url(given).locate()
