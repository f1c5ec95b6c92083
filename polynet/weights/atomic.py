"""Replace a file in one step, so that whoever reads it sees the old one or the new one, never half of either."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import secrets
import stat
from collections.abc import Iterator
from io import FileIO
from pathlib import Path

from polynet.errors import CheckpointError, CheckpointNotFoundError
from polynet.weights.mapped import PathLike

_TEMPORARY = re.compile(r"\.[0-9a-f]{16}\.part")


@contextlib.contextmanager
def replacing(path: PathLike) -> Iterator[FileIO]:
    """Write a file beside `path`, put it in its place when the block ends well, leave nothing behind when it does not.

    The bytes are on the disk before the name changes, so a crash cannot leave an empty file under the name. A symbolic
    link keeps pointing where it did, and a file that is replaced keeps its mode.

    Args:
        path: The file to write.

    Yields:
        An unbuffered binary file.

    Raises:
        CheckpointNotFoundError: The folder does not exist.
        CheckpointError: The file cannot be written.

    Example:
        >>> import tempfile
        >>> target = Path(tempfile.mkdtemp()) / "note.bin"
        >>> with replacing(target) as file:
        ...     _ = file.write(b"whole")
        >>> target.read_bytes()
        b'whole'
    """
    target = Path(os.path.realpath(path))
    if not target.parent.is_dir():
        message = f"{path} cannot be written: the folder {target.parent} does not exist."
        raise CheckpointNotFoundError(message)
    if target.is_dir():
        message = f"{path} cannot be written: it is a folder."
        raise CheckpointError(message)
    temporary = target.with_name(f".{secrets.token_hex(8)}.part")
    try:
        # O_EXCL and 0o666: never another's file, and the caller's umask applies as for any file written here.
        descriptor = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)
        with os.fdopen(descriptor, "wb", buffering=0) as file:
            # The kernel lets go of the lock when the process ends, however that happens: see `remove_leftovers`.
            _lock(descriptor)
            _keep_mode(target, descriptor)
            yield file
            os.fsync(descriptor)
        temporary.replace(target)
        _settle_folder(target.parent)
    except OSError as error:
        message = f"{path} cannot be written: {error}"
        raise CheckpointError(message) from error
    finally:
        temporary.unlink(missing_ok=True)


def remove_leftovers(folder: PathLike) -> list[Path]:
    """Remove the half-written files of processes that ended in the midst of `replacing`.

    Args:
        folder: Where they wrote. What a living process writes there at the moment is left alone.

    Returns:
        The files that are gone.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> (folder / ".0123456789abcdef.part").touch()
        >>> [path.name for path in remove_leftovers(folder)]
        ['.0123456789abcdef.part']
    """
    removed: list[Path] = []
    for path in Path(folder).iterdir():
        if not _TEMPORARY.fullmatch(path.name):
            continue
        # What cannot be opened or removed is another's, or gone: it does no harm but to take space.
        with contextlib.suppress(OSError):
            descriptor = os.open(path, os.O_RDWR)
            try:
                if _lock(descriptor):
                    path.unlink()
                    removed.append(path)
            finally:
                os.close(descriptor)
    return removed


def _lock(descriptor: int) -> bool:
    """Hold a file for this process; whether that could be. Some network file systems know no locks."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def write_fully(file: FileIO, data: memoryview) -> None:
    """Write all of `data`; an unbuffered file may take less than it is given (Linux takes 2 GiB at most)."""
    remaining = data.cast("B") if data.nbytes else data[:0]
    while remaining.nbytes:
        written = file.write(remaining)
        remaining = remaining[written:]


def _keep_mode(target: Path, descriptor: int) -> None:
    try:
        mode = target.stat().st_mode
    except FileNotFoundError:
        return
    os.fchmod(descriptor, stat.S_IMODE(mode))


def _settle_folder(folder: Path) -> None:
    """Put the renaming itself on the disk, where the file system can; the file is whole and in its place already."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
