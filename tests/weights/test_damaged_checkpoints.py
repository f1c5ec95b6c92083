"""Whatever bytes a checkpoint has: reading it gives tensors or one kind of error, runs nothing, changes no network."""

from __future__ import annotations

import builtins
import io
import os
import pathlib
import pickle
import shutil
import struct
import subprocess
import zipfile

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from polynet.errors import CheckpointError, UnsafeCheckpointError, WeightsError
from polynet.weights import load, read_checkpoint, write_checkpoint
from polynet.weights.pickle_writer import torch_state_pickle

LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
STATE = {
    "stem.weight": np.arange(36, dtype=np.float32).reshape(4, 1, 3, 3),
    "stem.bias": np.arange(4, dtype=np.float32),
    "index": np.arange(5, dtype=np.int64),
    "mask": np.array([True, False]),
}


def legacy(pickles=None):
    """A file as torch before 1.6 wrote it; `pickles` replaces some of its five pickles by place."""
    parts = [
        pickle.dumps(LEGACY_MAGIC, 2),
        pickle.dumps(1001, 2),
        pickle.dumps({"protocol_version": 1001, "little_endian": True}, 2),
        torch_state_pickle(STATE),
        pickle.dumps([str(index) for index in range(len(STATE))], 2),
    ]
    for place, replacement in (pickles or {}).items():
        parts[place] = replacement
    blocks = [struct.pack("<q", array.size) + array.tobytes() for array in STATE.values()]
    return b"".join(parts + blocks)


def torch_zip(pickled):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("archive/data.pkl", pickled)
        for index, array in enumerate(STATE.values()):
            archive.writestr(f"archive/data/{index}", array.tobytes())
    return stream.getvalue()


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """An undamaged file of each format."""
    folder = tmp_path_factory.mktemp("whole")
    for suffix in (".safetensors", ".pth", ".pkl"):
        write_checkpoint(folder / f"a{suffix}", STATE, {"layout": "polynet"})
    return {
        "safetensors": (folder / "a.safetensors").read_bytes(),
        "torch": (folder / "a.pth").read_bytes(),
        "torch-legacy": legacy(),
        "megengine": (folder / "a.pkl").read_bytes(),
    }


FORMATS = ("safetensors", "torch", "torch-legacy", "megengine")
LENGTHS = (0, 1, 0x7F, 0xFF, 2**16 - 1, 2**31 - 1, 2**31, 2**32 - 1, 2**48, 2**63 - 1, 2**63, 2**64 - 1)


@pytest.mark.parametrize("name", FORMATS)
def test_the_undamaged_files_are_read(tmp_path, whole, same, name):
    (tmp_path / "a").write_bytes(whole[name])
    found = read_checkpoint(tmp_path / "a")
    assert found.format == name
    same(found.tensors, STATE)


@st.composite
def damage(draw):
    """One to four blows: (kind, where, how far, with what), in parts of the file's length."""
    kind = st.sampled_from(["truncate", "flip", "overwrite", "delete", "repeat", "splice", "zero", "insert"])
    # MegEngine, where it is loaded, has the processor flush subnormal numbers to zero.
    part = st.floats(0, 1, exclude_max=True, allow_subnormal=False)
    blow = st.tuples(kind, part, st.integers(1, 64), st.sampled_from(LENGTHS), st.integers(0, 255))
    return draw(st.lists(blow, min_size=1, max_size=4))


def struck(raw, blows, other):
    data = bytearray(raw)
    for kind, part, extent, length, byte in blows:
        at = int(part * len(data))
        if kind == "truncate":
            del data[at:]
        elif kind == "flip" and data:
            data[at] ^= byte or 1
        elif kind == "overwrite":
            width = 8 if extent % 2 else 4
            data[at : at + width] = (length & (2 ** (8 * width) - 1)).to_bytes(width, "little")
        elif kind == "delete":
            del data[at : at + extent]
        elif kind == "repeat":
            data[at:at] = data[at : at + extent] * (1 + byte % 4)
        elif kind == "splice":
            data[at : at + extent] = other[int(part * len(other)) :][:extent]
        elif kind == "zero":
            data[at : at + extent] = bytes(len(data[at : at + extent]))
        else:
            data[at:at] = bytes([byte]) * extent
    return bytes(data)


@pytest.mark.parametrize("name", FORMATS)
@settings(
    max_examples=250,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(blows=damage(), mixed=st.sampled_from(FORMATS))
def test_a_damaged_file_gives_tensors_or_a_checkpoint_error(name, blows, mixed, whole, tmp_path, array_net):
    path = tmp_path / "damaged"
    path.write_bytes(struck(whole[name], blows, whole[mixed]))
    net = array_net(STATE)
    before = net.snapshot()
    try:
        found = read_checkpoint(path).tensors
    except CheckpointError:
        with pytest.raises(CheckpointError):
            load(net, path)
        assert net.snapshot() == before
        return
    assert all(isinstance(array, np.ndarray) and array.tobytes() is not None for array in found.values())
    try:
        load(net, path, layout="polynet")
    except WeightsError:
        assert net.snapshot() == before


@pytest.mark.parametrize("name", FORMATS)
def test_every_truncation_is_an_error_and_changes_nothing(name, whole, tmp_path, array_net):
    raw = whole[name]
    net = array_net(STATE)
    before = net.snapshot()
    for length in range(1, len(raw), 1 + len(raw) // 150):
        (tmp_path / "short").write_bytes(raw[:length])
        with pytest.raises(CheckpointError):
            load(net, tmp_path / "short")
    assert net.snapshot() == before


@pytest.mark.parametrize("name", FORMATS)
def test_every_changed_byte_of_the_small_parts_is_survived(name, whole, tmp_path):
    raw = whole[name]
    for at in range(0, len(raw), 1 + len(raw) // 250):
        for value in (0x00, 0xFF, raw[at] ^ 0x01):
            (tmp_path / "changed").write_bytes(raw[:at] + bytes([value]) + raw[at + 1 :])
            try:
                read_checkpoint(tmp_path / "changed")
            except CheckpointError:
                continue


class Evil:
    """Pickles as a call of a function."""

    def __init__(self, function, *arguments):
        self.call = (function, arguments)

    def __reduce__(self):
        return self.call


class EvilState:
    """Pickles as an object with a state that is evil."""

    def __init__(self, inner):
        self.inner = inner


def malicious(canary):
    """Objects that would create the canary file if any code in their pickle were run."""
    touch = f"open({str(canary)!r}, 'w').close()"
    return {
        "system": Evil(os.system, f"touch {canary}"),
        "popen": Evil(subprocess.Popen, ["touch", str(canary)]),
        "eval": Evil(builtins.eval, touch),
        "exec": Evil(builtins.exec, touch),
        "open": Evil(builtins.open, str(canary), "w"),
        "copy": Evil(shutil.copy, __file__, str(canary)),
        "path": Evil(pathlib.Path.touch, canary),
        "getattr": Evil(getattr, Evil(__import__, "os"), "system"),
        "import": Evil(__import__, "os"),
        "bytecode": Evil(pickle.loads, pickle.dumps(Evil(os.system, f"touch {canary}"))),
        "numpy": Evil(np.fromfile, str(canary)),
        "memmap": Evil(np.memmap, str(canary), np.uint8, "w+", 0, (4,)),
        "apply": Evil(np.vectorize, Evil(os.system, f"touch {canary}")),
        "state": EvilState(Evil(os.system, f"touch {canary}")),
    }


SPECIES = sorted(malicious(pathlib.Path("canary")))


def hidden(evil):
    """Places to hide an object in."""
    return {
        "alone": evil,
        "in a state": {"weight": STATE["stem.bias"], "evil": evil},
        "in a wrapper": {"state_dict": {"weight": STATE["stem.bias"]}, "optimizer": {"state": [evil]}},
        "in a list": [[[evil]]],
    }


@pytest.mark.parametrize("protocol", [0, 2, 4, 5])
@pytest.mark.parametrize("species", SPECIES)
def test_malicious_pickles_are_refused_unrun(species, protocol, tmp_path):
    canary = tmp_path / "canary"
    for content in hidden(malicious(canary)[species]).values():
        pickled = pickle.dumps(content, protocol=protocol)
        files = {
            "zip": torch_zip(pickled),
            "object": legacy({3: pickled}),
            "machine": legacy({2: pickled}),
            "keys": legacy({4: pickled}),
        }
        if protocol >= 2:
            files["plain"] = pickled
        for raw in files.values():
            (tmp_path / "evil").write_bytes(raw)
            with pytest.raises(UnsafeCheckpointError):
                read_checkpoint(tmp_path / "evil")
    assert not canary.exists()


def test_the_malicious_objects_are_malicious_indeed(tmp_path):
    canary = tmp_path / "canary"
    pickle.loads(pickle.dumps(malicious(canary)["exec"]))
    assert canary.exists()


@pytest.mark.parametrize("species", ["system", "exec"])
def test_malicious_bytes_behind_a_good_header_change_no_network(species, tmp_path, array_net):
    canary = tmp_path / "canary"
    net = array_net(STATE)
    before = net.snapshot()
    (tmp_path / "evil.pth").write_bytes(torch_zip(pickle.dumps({**STATE, "x": malicious(canary)[species]}, 2)))
    with pytest.raises(UnsafeCheckpointError, match=r"evil\.pth"):
        load(net, tmp_path / "evil.pth", strict=False)
    assert net.snapshot() == before
    assert not canary.exists()
