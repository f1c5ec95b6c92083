"""A checkpoint's bytes, mapped rather than read: tensors become views of the file, copied once, into the network."""

from __future__ import annotations

import mmap
import os
from pathlib import Path
from typing import TypeAlias

from polynet.errors import CheckpointError, CheckpointNotFoundError, suggest_file

PathLike: TypeAlias = "str | os.PathLike[str]"


def map_file(path: PathLike) -> memoryview:
    """Map a file read-only.

    Args:
        path: The file.

    Returns:
        Its bytes. The mapping lives as long as anything that views it.

    Raises:
        CheckpointNotFoundError: There is no such file.
        CheckpointError: It is empty, a folder, or unreadable.
    """
    try:
        with Path(path).open("rb") as file:
            if os.fstat(file.fileno()).st_size == 0:
                message = f"{path} is empty, so it is no checkpoint."
                raise CheckpointError(message)
            return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    except FileNotFoundError as error:
        raise CheckpointNotFoundError(_not_found(Path(path))) from error
    except IsADirectoryError as error:
        message = f"{path} is a folder; a checkpoint is a file."
        raise CheckpointError(message) from error
    except CheckpointError:
        raise
    except (OSError, ValueError, TypeError) as error:
        message = f"{path} cannot be read as a checkpoint: {error}"
        raise CheckpointError(message) from error


def _not_found(path: Path) -> str:
    """Name the nearest files of the folder, which is where a misspelt name shows."""
    folder = path.parent
    if not folder.is_dir():
        return f"There is no checkpoint {path}: the folder {folder} does not exist."
    names = [entry.name for entry in folder.iterdir() if entry.is_file()]
    return f"There is no checkpoint {path}.{suggest_file(path.name, names)}"
