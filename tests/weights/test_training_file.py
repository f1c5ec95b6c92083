"""Training checkpoints where weights are wanted: the network's tensors are taken from them, and damage is seen."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
import safetensors.numpy

from polynet.errors import CheckpointError, CheckpointVersionError, OptionError
from polynet.weights import fitted_state, load, load_state, read_checkpoint, write_checkpoint
from polynet.weights.checksum import Checksum
from polynet.weights.mapped import map_file
from polynet.weights.safetensors_file import read_safetensors, write_safetensors

WEIGHTS = {"conv.weight": np.arange(12, dtype=np.float32).reshape(3, 4), "conv.bias": np.ones(3, np.float32)}
AVERAGED = {name: array * 2 for name, array in WEIGHTS.items()}
METADATA = {"polynet_version": "0.1.0", "layout": "polynet", "state": "{}"}


def tensors_of(averaged=True):
    branches = {"model": WEIGHTS, "optimizer": {"slots": np.ones(5)}} | ({"ema": AVERAGED} if averaged else {})
    return {f"{branch}/{name}": array for branch, arrays in branches.items() for name, array in arrays.items()}


@pytest.fixture
def training_file(tmp_path):
    def write(averaged=True, version="1", **metadata):
        path = tmp_path / "epoch_1.safetensors"
        metadata = METADATA | {"polynet_checkpoint": version} | metadata
        write_safetensors(path, tensors_of(averaged), metadata, checksum=True)
        return path

    return write


def test_the_weights_are_taken_and_the_rest_left(training_file, same):
    found = read_checkpoint(training_file())
    same(found.tensors, WEIGHTS)
    assert found.notes == ("taken from 'model' of a training checkpoint",)
    assert found.metadata["layout"] == "polynet"


def test_the_moving_average_is_taken_where_asked_for(training_file, same):
    same(read_checkpoint(training_file(), ema=True).tensors, AVERAGED)


def test_a_network_loads_either(training_file, array_net):
    net = array_net(WEIGHTS)
    assert load(net, training_file(), ema=True).ok
    np.testing.assert_array_equal(net.slots["conv.weight"].array, AVERAGED["conv.weight"])
    assert load_state(net, training_file()).ok
    np.testing.assert_array_equal(net.slots["conv.weight"].array, WEIGHTS["conv.weight"])
    assert fitted_state(net, read_checkpoint(training_file()))[1].ok


def test_an_average_that_is_not_there_is_an_error(training_file, tmp_path, array_net):
    with pytest.raises(CheckpointError, match="no moving average"):
        read_checkpoint(training_file(averaged=False), ema=True)
    write_checkpoint(tmp_path / "plain.safetensors", WEIGHTS)
    with pytest.raises(CheckpointError, match="no training checkpoint"):
        read_checkpoint(tmp_path / "plain.safetensors", ema=True)
    with pytest.raises(OptionError, match="mapping"):
        load_state(array_net(WEIGHTS), WEIGHTS, ema=True)
    with pytest.raises(OptionError, match="ema must be True or False"):
        load_state(array_net(WEIGHTS), WEIGHTS, ema="no")


def test_a_later_format_is_told_apart_from_damage(training_file):
    with pytest.raises(CheckpointVersionError, match=r"format 2, written by PolyNet 0\.1\.0"):
        read_checkpoint(training_file(version="2"))


def test_names_with_slashes_come_back(tmp_path):
    write_safetensors(
        tmp_path / "a", {"model/a~1b~0": np.ones(1)}, METADATA | {"polynet_checkpoint": "1"}, checksum=True
    )
    assert list(read_checkpoint(tmp_path / "a").tensors) == ["a/b~"]


def test_every_flipped_bit_is_seen(training_file):
    path = training_file(averaged=False)
    whole = path.read_bytes()
    for position in range(len(whole)):
        broken = bytearray(whole)
        broken[position] ^= 1 << (position % 8)
        path.write_bytes(broken)
        # A flip in the very mark of a training checkpoint leaves a safetensors file with names like "model/conv.bias".
        if whole.find(b"polynet_checkpoint") <= position < whole.find(b"polynet_checkpoint") + 18:
            continue
        with pytest.raises(CheckpointError):
            read_checkpoint(path)


def test_every_truncation_is_seen(training_file):
    path = training_file(averaged=False)
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(CheckpointError):
            read_checkpoint(path)


def test_the_safetensors_library_reads_it(training_file, same):
    same(safetensors.numpy.load_file(training_file()), tensors_of())


def test_a_checksum_is_kept_only_where_asked_for(tmp_path):
    write_safetensors(tmp_path / "a", WEIGHTS, {"a": "b"})
    assert read_safetensors(map_file(tmp_path / "a")).metadata == {"a": "b"}


def test_the_checksum_is_the_same_however_the_bytes_are_cut():
    content = np.random.default_rng(0).integers(0, 256, 9_000_000, np.uint8)
    sums = set()
    for sizes in ([9_000_000], [1, 4 << 20, 3_000_000, 9_000_000], [700_001] * 13):
        with Checksum(b"header") as found:
            start = 0
            for size in sizes:
                found.add(content[start : start + size].data)
                start += size
            sums.add(found.text())
    assert len(sums) == 1
    leaves = [
        hashlib.blake2b(content[at : at + (4 << 20)], digest_size=16).digest() for at in range(0, 9_000_000, 4 << 20)
    ]
    assert sums == {hashlib.blake2b(b"header" + b"".join(leaves), digest_size=16).hexdigest()}


def test_damage_in_any_part_of_a_large_file_is_seen(tmp_path):
    path = tmp_path / "a.safetensors"
    tensors = {f"model/{index}": np.full(700_000, index, np.float32) for index in range(6)}
    write_safetensors(path, tensors, METADATA | {"polynet_checkpoint": "1"}, checksum=True)
    assert len(read_checkpoint(path).tensors) == 6
    size = path.stat().st_size
    for position in (size - 1, size // 2, size // 3, 5000):
        with path.open("r+b") as file:
            file.seek(position)
            (byte,) = file.read(1)
            file.seek(position)
            file.write(bytes([byte ^ 4]))
        with pytest.raises(CheckpointError, match="checksum"):
            read_checkpoint(path)
        with path.open("r+b") as file:
            file.seek(position)
            file.write(bytes([byte]))
    read_checkpoint(path)
