from __future__ import annotations

import json
import os
import struct
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy

from polynet.errors import CheckpointError, CheckpointNotFoundError
from polynet.weights import read_checkpoint, write_checkpoint
from polynet.weights.safetensors_file import write_safetensors


def build(header, body=b"", length=None):
    raw = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(raw) if length is None else length) + raw + body


def entry(dtype="F32", shape=(2,), offsets=(0, 8)):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": list(offsets)}


def test_every_type_survives_a_round_trip(tmp_path, arrays, same):
    write_checkpoint(tmp_path / "a.safetensors", arrays, {"config": "{}"})
    found = read_checkpoint(tmp_path / "a.safetensors")
    same(found.tensors, arrays)
    assert found.metadata == {"config": "{}"}
    assert found.format == "safetensors"


def test_the_safetensors_library_reads_what_is_written(tmp_path, arrays, same):
    write_checkpoint(tmp_path / "a.safetensors", arrays, {"a": "b"})
    same(safetensors.numpy.load_file(tmp_path / "a.safetensors"), arrays)


def test_what_the_safetensors_library_writes_is_read(tmp_path, arrays, same):
    contiguous = {name: np.array(array, order="C") for name, array in arrays.items()}
    safetensors.numpy.save_file(contiguous, tmp_path / "a.safetensors", metadata={"a": "b"})
    found = read_checkpoint(tmp_path / "a.safetensors")
    same(found.tensors, arrays)
    assert found.metadata == {"a": "b"}


def test_bfloat16_is_widened_exactly(tmp_path):
    patterns = np.array([0x3F80, 0xC000, 0x7F80, 0x0001], "<u2")
    (tmp_path / "b").write_bytes(build({"x": entry("BF16", (4,), (0, 8))}, patterns.tobytes()))
    found = read_checkpoint(tmp_path / "b").tensors["x"]
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, np.array([1.0, -2.0, np.inf, 2.0**-133], np.float32))


def test_tensors_are_views_of_the_file_not_copies(tmp_path):
    write_checkpoint(tmp_path / "a.safetensors", {"x": np.ones((256, 256), np.float32)})
    found = read_checkpoint(tmp_path / "a.safetensors").tensors["x"]
    assert not found.flags.writeable
    assert not found.flags.owndata
    assert found.flags.aligned


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\x10\0\0", "no known format"),
        (build({"x": entry()}, length=10**7), "header of"),
        (build(b"{" + b"[" * 5, b"\0" * 8), "damaged"),
        (build(b'{"x":' + b"[" * 200_000 + b"]" * 200_000 + b"}"), "damaged"),
        (build(b'{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"x":{}}', bytes(8)), "twice"),
        (build({"x": entry(dtype="F8_E4M3", shape=(8,))}, bytes(8)), "F8_E4M3"),
        (build({"x": entry(dtype=["F32"])}, bytes(8)), "type"),
        (build({"x": entry(shape=(3,))}, bytes(8)), "needs 12 bytes"),
        (build({"x": entry(offsets=(0, 80))}, bytes(8)), "truncated"),
        (build({"x": entry(offsets=(8, 0))}, bytes(8)), "damaged"),
        (build({"x": entry(offsets=(-8, 0))}, bytes(8)), "data_offsets"),
        (build({"x": entry(shape=(True, 2))}, bytes(8)), "shape"),
        (build({"x": entry(shape=(2**40, 2**40))}, bytes(8)), "needs"),
        (build({"x": entry(shape=(1,) * 40)}, bytes(8)), "shape"),
        (build({"x": entry(shape=(2.0,))}, bytes(8)), "whole number"),
        (build(b'{"x":{"dtype":"F32","shape":[' + b"9" * 5000 + b'],"data_offsets":[0,8]}}', bytes(8)), "number"),
        (build({"x": entry(), "y": entry()}, bytes(8)), "overlap"),
        (build({"x": entry(offsets=(4, 12))}, bytes(12)), "gap"),
        (build({"x": entry()}, bytes(9)), "belong to none"),
        (build({"x": {"dtype": "F32"}}, bytes(8)), "lacks"),
        (build({"__metadata__": {"a": 1}, "x": entry()}, bytes(8)), "__metadata__"),
        (build({"x": 3}), "lacks"),
        (build(b'{"x": NaN}'), "whole number"),
        (build(b"{\xff\xfe}"), "damaged"),
    ],
)
def test_a_header_that_lies_is_refused(tmp_path, content, words):
    (tmp_path / "x.safetensors").write_bytes(content)
    with pytest.raises(CheckpointError, match=words):
        read_checkpoint(tmp_path / "x.safetensors")


def test_an_unwritable_type_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "a.safetensors"
    write_checkpoint(path, {"x": np.ones(2, np.float32)})
    before = path.read_bytes()
    with pytest.raises(CheckpointError, match="complex64"):
        write_checkpoint(path, {"x": np.ones(2, np.complex64)})
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("suffix", [".safetensors", ".pth", ".pkl"])
def test_a_write_that_fails_half_way_leaves_nothing_behind(tmp_path, monkeypatch, suffix):
    path = tmp_path / f"a{suffix}"
    write_checkpoint(path, {"x": np.ones(2, np.float32)})
    before = path.read_bytes()

    def full(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(CheckpointError, match="No space left"):
        write_checkpoint(path, {"x": np.zeros(2, np.float32)})
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_new_file_obeys_the_umask_and_a_replaced_one_keeps_its_mode(tmp_path):
    path = tmp_path / "a.safetensors"
    old = os.umask(0o027)
    try:
        write_checkpoint(path, {"x": np.ones(2, np.float32)})
        assert path.stat().st_mode & 0o777 == 0o640
        path.chmod(0o604)
        write_checkpoint(path, {"x": np.ones(2, np.float32)})
        assert path.stat().st_mode & 0o777 == 0o604
    finally:
        os.umask(old)


def test_a_symbolic_link_keeps_pointing_at_the_file(tmp_path):
    target = tmp_path / "target.safetensors"
    link = tmp_path / "link.safetensors"
    write_checkpoint(target, {"x": np.ones(2, np.float32)})
    link.symlink_to(target)
    write_checkpoint(link, {"x": np.zeros(2, np.float32)})
    assert link.is_symlink()
    np.testing.assert_array_equal(read_checkpoint(target).tensors["x"], np.zeros(2))


def test_a_file_can_be_replaced_while_its_views_live(tmp_path):
    path = tmp_path / "a.safetensors"
    write_checkpoint(path, {"x": np.arange(4, dtype=np.float32)})
    views = read_checkpoint(path).tensors
    write_checkpoint(path, {"x": views["x"] * 2})
    np.testing.assert_array_equal(views["x"], [0, 1, 2, 3])
    np.testing.assert_array_equal(read_checkpoint(path).tensors["x"], [0, 2, 4, 6])


def test_missing_folders_files_and_suffixes_are_named(tmp_path):
    with pytest.raises(CheckpointNotFoundError, match="does not exist"):
        write_checkpoint(tmp_path / "no" / "a.safetensors", {})
    with pytest.raises(CheckpointError, match=r"'\.safetensor'.*Did you mean '\.safetensors'"):
        write_checkpoint(tmp_path / "a.safetensor", {})
    (tmp_path / "f.pth").mkdir()
    with pytest.raises(CheckpointError, match="folder"):
        write_checkpoint(tmp_path / "f.pth", {})
    (tmp_path / "weights.pth").write_bytes(b"")
    with pytest.raises(FileNotFoundError, match=r"Did you mean 'weights\.pth'"):
        read_checkpoint(tmp_path / "weight.pth")
    with pytest.raises(CheckpointError, match="empty"):
        read_checkpoint(tmp_path / "weights.pth")
    with pytest.raises(CheckpointError, match="is a folder; a checkpoint is a file"):
        read_checkpoint(tmp_path)


def test_files_of_other_names_are_not_suggested(tmp_path):
    (tmp_path / "lie.pth").write_bytes(b"x")
    with pytest.raises(CheckpointNotFoundError, match=r"nope\.pth\.$"):
        read_checkpoint(tmp_path / "nope.pth")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"<!DOCTYPE html><html>", "web page"),
        (b"version https://git-lfs.github.com/spec/v1\n", "git lfs pull"),
        (b"\x1f\x8b\x08", "gzip"),
        (b"plain text", "no known format"),
    ],
)
def test_a_file_that_is_something_else_is_told_apart(tmp_path, content, words):
    (tmp_path / "x.pth").write_bytes(content)
    with pytest.raises(CheckpointError, match=words):
        read_checkpoint(tmp_path / "x.pth")


def test_the_suffix_does_not_decide_how_a_file_is_read(tmp_path, same):
    tensors = {"x": np.ones((2, 3), np.float32)}
    for written in (".safetensors", ".pth", ".pkl"):
        write_checkpoint(tmp_path / f"a{written}", tensors)
        misnamed = Path(tmp_path / f"a{written}.unknown")
        (tmp_path / f"a{written}").rename(misnamed)
        same(read_checkpoint(misnamed).tensors, tensors)


def test_the_name_of_the_metadata_is_no_name_for_a_tensor(tmp_path):
    with pytest.raises(CheckpointError, match="__metadata__"):
        write_safetensors(tmp_path / "a.safetensors", {"__metadata__": np.ones(1, np.float32)})
