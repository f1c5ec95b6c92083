from __future__ import annotations

import pickle
import struct

import pytest

from polynet.errors import CheckpointError, UnsafeCheckpointError
from polynet.weights.pickle_machine import OPERATION_LIMIT, Global, PickleMachine

NAMES = {"here.double": Global("here.double", lambda value: value * 2), "here.thing": Global("here.thing")}


def read(raw):
    return PickleMachine(memoryview(raw), 0, NAMES).run()


PLAIN = {
    "text": "ünïcode\n",
    "long": "x" * 300,
    "numbers": [0, 1, -1, 255, 256, 65536, -(2**31), 2**40, -(10**30), 1.5, float("inf")],
    "truth": (True, False, None),
    "nested": {"a": [[], {}, (), ("one",), ("one", 2), ("one", 2, 3), tuple(range(9))]},
    "sets": [{1, 2}, frozenset(["x"])],
    3: "integer key",
}


@pytest.mark.parametrize("protocol", [4, 5])
def test_plain_data_reads_as_the_standard_unpickler_reads_it(protocol):
    raw = pickle.dumps(PLAIN, protocol=protocol)
    assert read(raw) == (PLAIN, len(raw))


@pytest.mark.parametrize("protocol", [0, 1, 2, 3])
def test_older_protocols_read_as_well(protocol):
    plain = {key: value for key, value in PLAIN.items() if key != "sets"}
    raw = pickle.dumps(plain, protocol=protocol)
    assert read(raw) == (plain, len(raw))


def test_shared_and_recursive_objects_are_kept():
    shared: list[object] = [1]
    shared.append(shared)
    found, _ = read(pickle.dumps([shared, shared]))
    assert found[0] is found[1]
    assert found[0][1] is found[0]


def test_a_name_in_the_table_is_called_and_nothing_else():
    assert read(b"chere\ndouble\nK\x03\x85R.")[0] == 6
    assert read(b"\x8c\x04here\x8c\x06double\x93K\x03\x85R.")[0] == 6
    assert read(b"(K\x03ihere\ndouble\n.")[0] == 6
    assert read(b"(chere\ndouble\nK\x03o.")[0] == 6
    assert read(b"chere\ndouble\nK\x03\x85}\x92.")[0] == 6
    with pytest.raises(CheckpointError, match="cannot be called"):
        read(b"chere\nthing\n)R.")


@pytest.mark.parametrize(
    "raw",
    [
        b"cos\nsystem\n.",
        b"\x8c\x02os\x8c\x06system\x93.",
        b"(X\x02\x00\x00\x00lsios\nsystem\n.",
        b"(cos\nsystem\nX\x02\x00\x00\x00lso.",
        b"cbuiltins\neval\nX\x01\x00\x00\x001\x85R.",
        b"c__builtin__\nexec\n.",
        b"chere\ndouble.__globals__\n.",
        b"chere\n__class__\n.",
        b"\x82\x01.",
        b"\x83\x01\x00.",
        b"\x84\x01\x00\x00\x00.",
    ],
)
def test_every_other_name_is_refused_even_uncalled(raw):
    with pytest.raises(UnsafeCheckpointError):
        read(raw)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b".",
        b"K",
        b"N",
        b"0.",
        b"1.",
        b"\x85.",
        b"\x87.",
        b"R.",
        b"NR.",
        b"b.",
        b"NNb.",
        b"NNa.",
        b"e.",
        b"}(Nu.",
        b"NNNs.",
        b"](Ne",
        b"t.",
        b"h\x01.",
        b"g5\n.",
        b"gx\n.",
        b"q\x00.",
        b"I1e9\n.",
        b"F1x\n.",
        b"I" + b"9" * 5000 + b"\n.",
        b"Ix",
        b"\x8b\xff\xff\xff\x7f" + b"\x00" * 32,
        b"\x8b\xff\xff\xff\xff.",
        b"X\xff\xff\xff\xffabc.",
        b"\x8d" + b"\xff" * 8 + b".",
        b"\x8e" + struct.pack("<Q", 2**60) + b".",
        b"\x96" + struct.pack("<Q", 2**63) + b".",
        b"X\x02\x00\x00\x00\xff\xfe.",
        b"c\xff\n\xfe\n.",
        b"NN\x93.",
        b"NQ.",
        b"Pid\n.",
        b"\x97.",
        b"\x98.",
        b"\xff.",
        b"N}N\x92.",
        b"chere\ndouble\nNR.",
        b"chere\ndouble\n)R.",
        b"chere\nthing\nNb.",
        b"}]Ns.",
        b"}}Ns.",
        b"}G\x00\x00\x00\x00\x00\x00\x00\x00Ns.",
        b"}\x8a\x09\x00\x00\x00\x00\x00\x00\x00\x00\x01Ns.",
        b"(" * 100_000,
    ],
)
def test_a_damaged_pickle_is_one_error(raw):
    with pytest.raises(CheckpointError):
        read(raw)


def test_memo_numbers_cost_nothing():
    assert read(b"Nr\xff\xff\xff\xff0j\xff\xff\xff\xff.")[0] is None


def test_deep_nesting_is_harmless():
    assert isinstance(read(b"]" * 100_000 + b"a" * 99_999 + b".")[0], list)
    assert isinstance(read(b")" + b"\x85" * 100_000 + b".")[0], tuple)
    with pytest.raises(CheckpointError, match="dictionary key"):
        read(b"})" + b"\x85" * 100_000 + b"Ns.")


def test_endless_programs_end():
    with pytest.raises(CheckpointError, match="operations"):
        read(b"N0" * (OPERATION_LIMIT // 2 + 1) + b"N.")


def test_a_pickle_that_doubles_at_each_step_stays_small():
    raw = b"]q\x00" + b"".join(b"(h%ch%clq%c" % (step, step, step + 1) for step in range(60)) + b"."
    assert len(read(raw)[0]) == 2


def test_every_cut_is_told_without_an_error_of_the_inside():
    raw = pickle.dumps(PLAIN, protocol=4)
    for end in range(len(raw)):
        with pytest.raises(CheckpointError) as caught:
            read(raw[:end])
        assert "Error:" not in str(caught.value)
    with pytest.raises(CheckpointError, match=f"The pickle is truncated: it ends at byte {len(raw) - 1}, before its"):
        read(raw[:-1])
