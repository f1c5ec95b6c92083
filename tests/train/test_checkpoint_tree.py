"""The tree of a checkpoint: everything comes back as it was, and what cannot be kept is named."""

from __future__ import annotations

import json
import math
import time

import numpy as np
import pytest
import safetensors
from hypothesis import given, settings
from hypothesis import strategies as st

from polynet.errors import CheckpointError, ConfigTypeError
from polynet.train.checkpoint import find_latest, load_checkpoint, write_training_checkpoint
from polynet.train.checkpoint.tree import flattened, grown
from polynet.weights import read_checkpoint

KEYS = st.text(max_size=4)
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**200), 2**200),
    st.floats(allow_subnormal=False),
    st.text(max_size=5),
    st.sampled_from([np.zeros((2, 0), np.float16), np.arange(3), np.array(True), np.float32(1.5), np.int64(3)]),
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.tuples(inner, inner),
        st.dictionaries(KEYS, inner, max_size=3),
        st.dictionaries(st.one_of(st.integers(), st.none(), st.tuples(st.integers(), KEYS)), inner, max_size=2),
    ),
    max_leaves=12,
)


def same(found, wanted):
    if isinstance(wanted, np.ndarray):
        return (found.dtype, found.shape, found.tobytes()) == (wanted.dtype, wanted.shape, wanted.tobytes())
    if isinstance(wanted, np.generic):
        return type(found) is type(wanted.item()) and found == wanted.item()
    if type(found) is not type(wanted):
        return False
    if isinstance(wanted, dict):
        return list(found) == list(wanted) and all(same(found[key], wanted[key]) for key in wanted)
    if isinstance(wanted, (list, tuple)):
        return len(found) == len(wanted) and all(same(*pair) for pair in zip(found, wanted, strict=True))
    if isinstance(wanted, float) and math.isnan(wanted):
        return math.isnan(found)
    return found == wanted and (not isinstance(wanted, float) or math.copysign(1, found) == math.copysign(1, wanted))


@settings(deadline=None, max_examples=300)
@given(st.dictionaries(KEYS, VALUES, max_size=4))
def test_every_tree_of_plain_data_comes_back(tree):
    arrays, text = flattened(tree)
    found = grown(arrays, text)
    assert set(found) == set(tree)
    assert all(same(found[key], tree[key]) for key in tree)


def test_branches_of_arrays_alone_cost_no_text():
    arrays, text = flattened({"model": {f"block/{index}.weight": np.zeros(1) for index in range(1000)}})
    assert text == "{}"
    assert next(iter(arrays)) == "model/block~10.weight"
    assert list(grown(arrays, text)["model"]) == [f"block/{index}.weight" for index in range(1000)]


class Odd:
    pass


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (Odd(), "hook/EMA/a is a .*Odd"),
        (np.array([None]), "hook/EMA/a is an array of object"),
        (np.array(["a"]), "hook/EMA/a is an array of"),
        (1j, "hook/EMA/a is a builtins.complex"),
        ({1, 2}, "hook/EMA/a is a builtins.set"),
        (b"bytes", "hook/EMA/a is a builtins.bytes"),
    ],
)
def test_what_cannot_be_kept_is_named_and_nothing_written(tmp_path, value, words):
    with pytest.raises(ConfigTypeError, match=words):
        write_training_checkpoint(tmp_path / "a.safetensors", {"hook": {"EMA": {"a": value}}})
    assert list(tmp_path.iterdir()) == []


def test_a_tree_within_itself_is_refused(tmp_path):
    tree = {"a": []}
    tree["a"].append(tree)
    with pytest.raises(ConfigTypeError, match="levels deep, or in itself"):
        write_training_checkpoint(tmp_path / "a.safetensors", tree)


def test_a_missing_array_is_damage():
    arrays, text = flattened({"slots": {"w": {"step": 1, "mean": np.zeros(2)}}})
    with pytest.raises(CheckpointError, match="the array slots/w/mean is missing"):
        grown({}, text)
    for broken in ("{", "[]", "[" * 100_000):
        with pytest.raises(CheckpointError, match="damaged"):
            grown(arrays, broken)


def test_more_text_than_the_metadata_have_room_for_is_kept(tmp_path):
    path = tmp_path / "a.safetensors"
    history = ["0123456789" * 10] * 300_000
    write_training_checkpoint(path, {"progress": {"iter": 2}, "history": history, "model": {"w": np.ones(2)}})
    found = load_checkpoint(path)
    assert found.iter == 2
    assert found.tree["history"] == history
    assert set(found.tree) == {"progress", "history", "model"}
    assert find_latest(tmp_path).iter == 2
    assert list(read_checkpoint(path).tensors) == ["w"]


@pytest.mark.parametrize(
    "text",
    [
        '{"a": {"$pairs": 3}}',
        '{"a": {"$pairs": [[1]]}}',
        '{"a": {"$pairs": [[[], 1]]}}',
        '{"a": {"$tuple": 1}}',
        '{"w": 3}',
    ],
)
def test_made_up_text_is_damage(text):
    with pytest.raises(CheckpointError, match="damaged"):
        grown({"w/x": np.zeros(1)}, text)


def test_other_libraries_read_the_file_and_the_text_is_json(tmp_path):
    path = tmp_path / "a.safetensors"
    write_training_checkpoint(path, {"model": {"w": np.ones(2, np.float32)}, "best": {"loss": float("inf")}})
    with safetensors.safe_open(path, "np") as file:
        assert list(file.keys()) == ["model/w"]
        assert json.loads(file.metadata()["state"]) == {"best": {"loss": float("inf")}}


def test_damage_is_seen_unless_not_looked_for(tmp_path):
    path = tmp_path / "a.safetensors"
    write_training_checkpoint(path, {"model": {"w": np.ones(200, np.float32)}})
    flipped = bytearray(path.read_bytes())
    flipped[-3] ^= 1
    path.write_bytes(flipped)
    with pytest.raises(CheckpointError, match=r"a\.safetensors: The file is damaged: its content"):
        load_checkpoint(path)
    assert load_checkpoint(path, verify=False).model["w"].shape == (200,)


def test_the_checksum_costs_little(tmp_path):
    """Loose bounds, against accidents such as a sum byte by byte: two processor seconds each way for 64 MB."""
    array = np.random.default_rng(0).standard_normal((1 << 24,), np.float32)
    begin = time.process_time()
    write_training_checkpoint(tmp_path / "a.safetensors", {"model": {"w": array}})
    written = time.process_time()
    load_checkpoint(tmp_path / "a.safetensors")
    assert written - begin < 2
    assert time.process_time() - written < 2
