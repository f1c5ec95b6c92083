"""Files replaced in one step, and what a process that was killed in the midst of it leaves behind."""

from __future__ import annotations

import errno
import os
import signal

import pytest

from polynet.errors import CheckpointError
from polynet.weights.atomic import remove_leftovers, replacing, write_fully


def test_what_a_killed_process_leaves_is_removed_and_what_it_replaced_is_whole(tmp_path):
    target = tmp_path / "a.bin"
    target.write_bytes(b"old")
    child = os.fork()
    if child == 0:
        with replacing(target) as file:
            file.write(b"half")
            os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)
    (left,) = (path for path in tmp_path.iterdir() if path != target)
    assert target.read_bytes() == b"old"
    assert remove_leftovers(tmp_path) == [left]
    assert list(tmp_path.iterdir()) == [target]


def test_what_is_being_written_and_what_is_not_ours_is_left(tmp_path):
    (tmp_path / ".notes.part").touch()
    (tmp_path / "0123456789abcdef.part").touch()
    with replacing(tmp_path / "a.bin") as file:
        file.write(b"new")
        assert remove_leftovers(tmp_path) == []
    assert (tmp_path / "a.bin").read_bytes() == b"new"
    assert len(list(tmp_path.iterdir())) == 3


def test_a_full_disk_leaves_the_old_file_and_no_other(tmp_path):
    target = tmp_path / "a.bin"
    target.write_bytes(b"old")
    with pytest.raises(CheckpointError, match="No space left") as raised, replacing(target):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert isinstance(raised.value.__cause__, OSError)
    assert list(tmp_path.iterdir()) == [target]
    assert target.read_bytes() == b"old"


def test_all_of_a_large_piece_is_written(tmp_path):
    class Slow:
        """Takes three bytes at a time, as a file may."""

        def __init__(self):
            self.taken = b""

        def write(self, data):
            self.taken += bytes(data[:3])
            return min(3, len(data))

    slow = Slow()
    write_fully(slow, memoryview(b"abcdefgh"))
    assert slow.taken == b"abcdefgh"
