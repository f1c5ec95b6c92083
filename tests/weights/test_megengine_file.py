from __future__ import annotations

import io
import pickle

import numpy as np
import pytest

from polynet.errors import CheckpointError, UnsafeCheckpointError
from polynet.weights import read_checkpoint, write_checkpoint
from polynet.weights.megengine_file import read_megengine


def net_of(megengine):
    import megengine.module as native

    net = native.Sequential(native.Conv2d(4, 8, 3, groups=2), native.BatchNorm2d(8), native.Linear(8, 2))
    for parameter in net.parameters():
        parameter[...] = np.random.standard_normal(parameter.shape).astype(np.float32)
    return net


@pytest.mark.parametrize("keep_var", [False, True])
def test_a_saved_state_is_read_without_megengine(tmp_path, megengine, same, keep_var):
    net = net_of(megengine)
    megengine.save(net.state_dict(keep_var=keep_var), str(tmp_path / "a.pkl"))
    wanted = net.state_dict()
    if keep_var:
        wanted = {name: value.numpy() for name, value in net.state_dict(keep_var=True).items()}
    found = read_checkpoint(tmp_path / "a.pkl")
    assert found.format == "megengine"
    same(found.tensors, wanted)


def test_a_training_checkpoint_is_unwrapped(tmp_path, megengine):
    net = net_of(megengine)
    optimizer = megengine.optimizer.SGD(net.parameters(), lr=0.1, momentum=0.9)
    content = {"epoch": 3, "state_dict": net.state_dict(), "optim": optimizer.state_dict(), "best": np.float32(0.5)}
    megengine.save(content, str(tmp_path / "a.pkl"))
    found = read_checkpoint(tmp_path / "a.pkl")
    assert set(found.tensors) == set(net.state_dict())
    assert found.notes == ("taken from its entry 'state_dict'",)


def test_megengine_reads_what_is_written_without_it(tmp_path, megengine, arrays):
    write_checkpoint(tmp_path / "a.pkl", arrays)
    found = megengine.load(str(tmp_path / "a.pkl"))
    assert list(found) == list(arrays)
    for name, array in arrays.items():
        assert found[name].dtype == array.dtype
        np.testing.assert_array_equal(found[name], array)


def test_written_files_are_read_back_and_by_pickle_itself(tmp_path, arrays, same):
    write_checkpoint(tmp_path / "a.pkl", arrays)
    same(read_checkpoint(tmp_path / "a.pkl").tensors, arrays)
    same(pickle.loads((tmp_path / "a.pkl").read_bytes()), arrays)


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_every_protocol_of_the_standard_pickler_is_read(arrays, same, protocol):
    raw = pickle.dumps({"state_dict": arrays, "lr": 0.1, "steps": [1, 10**30, None, True]}, protocol=protocol)
    same(read_megengine(memoryview(raw)).tensors, arrays)


def test_fortran_and_big_endian_arrays_keep_their_numbers(same):
    given = {"f": np.asfortranarray(np.arange(6.0).reshape(2, 3)), "b": np.arange(3, dtype=">f4")}
    found = read_megengine(memoryview(pickle.dumps(given))).tensors
    same(found, {"f": given["f"], "b": np.arange(3, dtype=np.float32)})


def test_a_whole_saved_module_is_refused_as_code(tmp_path, megengine):
    megengine.save(net_of(megengine), str(tmp_path / "a.pkl"))
    with pytest.raises(UnsafeCheckpointError, match=r"megengine\.module"):
        read_checkpoint(tmp_path / "a.pkl")


@pytest.mark.parametrize(
    "given",
    [
        {"x": np.array([object()])},
        {"x": np.array(["text"])},
        {"x": np.zeros(2, dtype=[("a", "f4")])},
        {"x": np.zeros(2, np.complex64)},
        {"x": np.zeros(2, "M8[s]")},
        {(1, 2): np.zeros(2)},
        {1.5: np.zeros(2)},
        [np.zeros(2)],
        np.zeros(2),
        {},
        {"lr": 0.1},
    ],
)
def test_what_is_no_dictionary_of_numbers_is_refused(given):
    stream = io.BytesIO(pickle.dumps(given, protocol=4))
    if isinstance(given, dict) and not given:
        assert read_megengine(memoryview(stream.getvalue())).tensors == {}
        return
    with pytest.raises(CheckpointError):
        read_megengine(memoryview(stream.getvalue()))
