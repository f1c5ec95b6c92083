from __future__ import annotations

import io
import pickle
import struct
import zipfile
from collections import OrderedDict

import numpy as np
import pytest

from polynet.errors import CheckpointError, UnsafeCheckpointError
from polynet.weights import read_checkpoint, write_checkpoint


def numbers(torch, value):
    value = value.detach()
    return (value.float() if value.dtype == torch.bfloat16 else value).numpy()


def varied(torch):
    generator = torch.Generator().manual_seed(0)
    base = torch.randn(6, 8, generator=generator)
    tied = torch.randn(5, generator=generator)
    return OrderedDict(
        float32=base,
        float64=base.double(),
        float16=base.half(),
        bfloat16=base.bfloat16(),
        int64=torch.arange(5),
        int32=torch.arange(5, dtype=torch.int32),
        int16=torch.arange(5, dtype=torch.int16),
        int8=torch.arange(5, dtype=torch.int8),
        uint8=torch.arange(5, dtype=torch.uint8),
        bool=torch.tensor([True, False]),
        scalar=torch.tensor(2.5),
        empty=torch.zeros(0, 3),
        transposed=base.t(),
        offset=base[2:, 3:],
        stepped=base[::2, ::3],
        expanded=base[:1].expand(4, 8),
        tied=tied,
        tied_too=tied,
        parameter=torch.nn.Parameter(base.clone()),
        frozen=torch.nn.Parameter(base.clone(), requires_grad=False),
        bfloat16_view=base.bfloat16().t()[1:],
        weight_last=base.reshape(1, 2, 3, 8).contiguous(memory_format=torch.channels_last),
    )


@pytest.mark.parametrize("is_zip", [True, False])
def test_reading_equals_torchs_weights_only_reader(tmp_path, torch, same, is_zip):
    path = tmp_path / "a.pth"
    torch.save(varied(torch), path, _use_new_zipfile_serialization=is_zip)
    theirs = {name: numbers(torch, value) for name, value in torch.load(path, weights_only=True).items()}
    found = read_checkpoint(path)
    assert found.format == ("torch" if is_zip else "torch-legacy")
    same(found.tensors, theirs)


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_every_pickle_protocol_torch_can_write_is_read(tmp_path, torch, same, protocol):
    path = tmp_path / "a.pth"
    torch.save(varied(torch), path, pickle_protocol=protocol)
    same(read_checkpoint(path).tensors, {name: numbers(torch, value) for name, value in varied(torch).items()})


def test_a_modules_state_with_its_metadata_is_read(tmp_path, torch, same):
    net = torch.nn.Sequential(torch.nn.Conv2d(4, 8, 3, groups=2), torch.nn.BatchNorm2d(8), torch.nn.Linear(8, 2))
    torch.save(net.state_dict(), tmp_path / "a.pth")
    same(read_checkpoint(tmp_path / "a.pth").tensors, {k: v.numpy() for k, v in net.state_dict().items()})


def test_a_state_inside_a_training_checkpoint_is_found(tmp_path, torch):
    net = torch.nn.Linear(2, 3)
    moments = {0: {"step": torch.tensor(1.0), "exp_avg": torch.ones(3, 2)}}
    optimizer = {"state": moments, "param_groups": [{"lr": 0.1, "betas": (0.9, 0.99), "params": [0, 1]}]}
    state = OrderedDict((f"module.{name}", value) for name, value in net.state_dict().items())
    torch.save(
        {"epoch": 3, "model": {"state_dict": state}, "optimizer": optimizer, "best": np.float64(0.5)},
        tmp_path / "a.pth",
    )
    found = read_checkpoint(tmp_path / "a.pth")
    assert list(found.tensors) == ["weight", "bias"]
    assert any("'model'" in note for note in found.notes)
    assert any("'module.'" in note for note in found.notes)


def test_torch_reads_what_is_written_without_torch(tmp_path, torch, arrays):
    write_checkpoint(tmp_path / "a.pth", arrays)
    for mapped in (False, True):
        found = torch.load(tmp_path / "a.pth", weights_only=True, mmap=mapped)
        assert list(found) == list(arrays)
        for name, array in arrays.items():
            assert found[name].numpy().dtype == array.dtype
            np.testing.assert_array_equal(found[name].numpy(), array)


def test_written_files_are_read_back_without_torch(tmp_path, arrays, same):
    write_checkpoint(tmp_path / "a.pt", arrays)
    found = read_checkpoint(tmp_path / "a.pt")
    same(found.tensors, arrays)
    assert found.format == "torch"


def test_stored_numbers_are_aligned_as_torch_aligns_them(tmp_path, arrays):
    write_checkpoint(tmp_path / "a.pt", arrays)
    raw = (tmp_path / "a.pt").read_bytes()
    with zipfile.ZipFile(tmp_path / "a.pt") as archive:
        assert archive.testzip() is None
        for entry in archive.infolist():
            name_length, extra_length = struct.unpack_from("<HH", raw, entry.header_offset + 26)
            assert (entry.header_offset + 30 + name_length + extra_length) % 64 == 0


def test_a_type_torch_has_no_storage_for_is_refused_before_writing(tmp_path):
    with pytest.raises(CheckpointError, match="'x' holds uint32"):
        write_checkpoint(tmp_path / "a.pt", {"x": np.ones(2, np.uint32)})
    assert list(tmp_path.iterdir()) == []


def test_a_torchscript_archive_is_refused_as_code(tmp_path, torch):
    with pytest.warns():
        scripted = torch.jit.script(torch.nn.Linear(2, 2))
    scripted.save(str(tmp_path / "a.pt"))
    with pytest.raises(UnsafeCheckpointError, match="TorchScript"):
        read_checkpoint(tmp_path / "a.pt")


def test_a_whole_pickled_module_is_refused_as_code(tmp_path, torch):
    torch.save(torch.nn.Linear(2, 2), tmp_path / "a.pt")
    with pytest.raises(UnsafeCheckpointError, match=r"torch\.nn\.modules\.linear\.Linear"):
        read_checkpoint(tmp_path / "a.pt")


def test_kinds_of_tensors_that_are_not_read_are_named(tmp_path, torch):
    torch.save({"x": torch.eye(3).to_sparse()}, tmp_path / "a.pt")
    with pytest.raises(CheckpointError, match="kind of tensor"):
        read_checkpoint(tmp_path / "a.pt")
    torch.save({"x": torch.ones(2, dtype=torch.complex64)}, tmp_path / "a.pt")
    with pytest.raises(CheckpointError):
        read_checkpoint(tmp_path / "a.pt")


def archive(path, pickled, entries=(), compression=zipfile.ZIP_STORED):
    with zipfile.ZipFile(path, "w", compression) as made:
        made.writestr("archive/data.pkl", pickled)
        made.writestr("archive/version", "3\n")
        for name, content in entries:
            made.writestr(f"archive/{name}", content)


def tensor_pickle(key="0", count=4, offset=0, shape=(2, 2), strides=(2, 1), storage="FloatStorage"):
    def integers(values):
        return b"(" + b"".join(b"J" + struct.pack("<i", value) for value in values) + b"t"

    def text(value):
        return b"X" + struct.pack("<I", len(value)) + value.encode()

    return b"".join(
        (
            b"\x80\x02}(" + text("x") + b"ctorch._utils\n_rebuild_tensor_v2\n((",
            text("storage") + f"ctorch\n{storage}\n".encode() + text(key) + text("cpu"),
            b"J" + struct.pack("<i", count) + b"tQ",
            b"J" + struct.pack("<i", offset) + integers(shape) + integers(strides) + b"\x89}tRu.",
        )
    )


def test_the_handmade_pickle_of_the_following_tests_is_right(tmp_path):
    archive(tmp_path / "a.pt", tensor_pickle(), [("data/0", np.arange(4, dtype="<f4").tobytes())])
    np.testing.assert_array_equal(read_checkpoint(tmp_path / "a.pt").tensors["x"], [[0, 1], [2, 3]])


@pytest.mark.parametrize(
    "wrong",
    [
        {"offset": 1},
        {"offset": -1},
        {"shape": (3, 2)},
        {"shape": (-2, 2)},
        {"shape": (2**31 - 1, 2**31 - 1)},
        {"strides": (2, 2)},
        {"strides": (-2, 1)},
        {"strides": (2,)},
        {"count": 5},
        {"count": -1},
        {"key": "1"},
        {"key": "../data.pkl"},
        {"storage": "DoubleStorage"},
        {"storage": "QInt8Storage"},
        {"shape": (1,) * 40, "strides": (1,) * 40},
    ],
)
def test_a_view_outside_its_storage_is_refused(tmp_path, wrong):
    archive(tmp_path / "a.pt", tensor_pickle(**wrong), [("data/0", bytes(16))])
    with pytest.raises(CheckpointError):
        read_checkpoint(tmp_path / "a.pt")


def test_a_view_that_repeats_its_storage_without_end_is_refused(tmp_path):
    pickled = tensor_pickle(shape=(2**20, 2**20), strides=(0, 0))
    archive(tmp_path / "a.pt", pickled, [("data/0", bytes(16))])
    with pytest.raises(CheckpointError, match="unfold"):
        read_checkpoint(tmp_path / "a.pt")


def test_a_compressed_archive_is_read(tmp_path):
    content = np.arange(4, dtype="<f4").tobytes()
    archive(tmp_path / "a.pt", tensor_pickle(), [("data/0", content)], zipfile.ZIP_DEFLATED)
    np.testing.assert_array_equal(read_checkpoint(tmp_path / "a.pt").tensors["x"], [[0, 1], [2, 3]])


def test_a_zip_bomb_is_refused_before_it_unpacks(tmp_path):
    count = 40 << 20
    pickled = tensor_pickle(count=count, shape=(count,), strides=(1,))
    archive(tmp_path / "a.pt", pickled, [("data/0", bytes(4 * count))], zipfile.ZIP_DEFLATED)
    with pytest.raises(CheckpointError, match="unpacks to more than"):
        read_checkpoint(tmp_path / "a.pt")


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_compression_torch_never_uses_is_refused(tmp_path, method):
    archive(tmp_path / "a.pt", tensor_pickle(), [("data/0", bytes(16))], method)
    with pytest.raises(CheckpointError, match="compressed"):
        read_checkpoint(tmp_path / "a.pt")


def test_archives_of_other_kinds_are_refused(tmp_path):
    np.savez(tmp_path / "a.npz", x=np.ones(2))
    with pytest.raises(CheckpointError, match=r"data\.pkl"):
        read_checkpoint(tmp_path / "a.npz")
    archive(tmp_path / "b.pt", tensor_pickle(), [("data/0", bytes(16)), ("byteorder", b"big")])
    with pytest.raises(CheckpointError, match="big-endian"):
        read_checkpoint(tmp_path / "b.pt")
    with pytest.warns(UserWarning, match="Duplicate"):
        archive(tmp_path / "c.pt", tensor_pickle(), [("data/0", bytes(16)), ("data/0", bytes(16))])
    with pytest.raises(CheckpointError, match="one name"):
        read_checkpoint(tmp_path / "c.pt")


def test_evil_entry_names_reach_no_file(tmp_path):
    inside = tmp_path / "inside"
    inside.mkdir()
    archive(inside / "a.pt", tensor_pickle(), [("data/0", bytes(16)), ("../../escaped", b"x"), ("/etc/escaped", b"x")])
    assert list(read_checkpoint(inside / "a.pt").tensors) == ["x"]
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["a.pt", "inside"]


def test_a_state_without_tensors_is_refused_with_what_there_is(tmp_path):
    stream = io.BytesIO()
    pickle.dump({"epoch": 3, "notes": [1, 2]}, stream, protocol=2)
    archive(tmp_path / "a.pt", stream.getvalue())
    with pytest.raises(CheckpointError, match="epoch, notes"):
        read_checkpoint(tmp_path / "a.pt")


def test_a_truncated_file_is_called_a_truncated_zip_and_not_none(tmp_path):
    path = tmp_path / "weights.pth"
    write_checkpoint(path, {"weight": np.zeros(1000, np.float32)})
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(CheckpointError, match=r"truncated zip, whose directory at the end is missing\.$"):
        read_checkpoint(path)
