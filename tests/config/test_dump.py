from __future__ import annotations

import enum
import json
import math
from pathlib import Path

import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from polynet.config import ClassReference, Config
from polynet.errors import ConfigError, ConfigFileError, ConfigTypeError


class Head:
    pass


class Mode(str, enum.Enum):
    FAST = "fast"


CONFIG = Config(
    model={"name": "resnet18", "head": None},
    sizes=(1, 2),
    rate=1e-5,
    top=math.inf,
    text="1e-3",
    yes="yes",
    date="2026-01-31",
    octal="010",
    empty={},
    unicode="卷积",
)


@pytest.mark.parametrize("name", ["c.yaml", "c.yml", "c.json"])
def test_what_is_written_is_read_back(tmp_path, name):
    text = CONFIG.dump(tmp_path / name)
    assert (tmp_path / name).read_text(encoding="utf-8") == text
    assert Config.fromfile(tmp_path / name) == CONFIG.clone().merge(sizes=[1, 2])


def test_the_format_is_what_is_asked_for(tmp_path):
    assert json.loads(Config(a=1).dump(format="json")) == {"a": 1}
    assert yaml.safe_load(Config(a=1).dump()) == {"a": 1}
    Config(a=1).dump(tmp_path / "c.txt", format="json")
    assert json.loads((tmp_path / "c.txt").read_text()) == {"a": 1}
    assert Config(a=1).dump(tmp_path / "bare") == "a: 1\n"


@pytest.mark.parametrize("arguments", [{"format": "toml"}, {"path": "c.py"}, {"path": "c.txt"}])
def test_an_unknown_format_is_refused(arguments, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match="yaml or json"):
        Config(a=1).dump(**arguments)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("format", ["yaml", "json"])
def test_classes_functions_and_odd_leaves_are_written_plainly(format):
    config = Config(
        head=Head, function=math.sqrt, reference=ClassReference("a.b:C"), mode=Mode.FAST, path=Path("a/b"), set={2, 1}
    )
    config.scalar = np.float32(0.5)
    config.count = np.int64(3)
    text = config.dump(format=format)
    assert yaml.safe_load(text) == {
        "head": f"{__name__}:Head",
        "function": "math:sqrt",
        "reference": "a.b:C",
        "mode": "fast",
        "path": "a/b",
        "set": [1, 2],
        "scalar": 0.5,
        "count": 3,
    }


def test_what_cannot_be_written_is_named_and_the_file_left_alone(tmp_path):
    path = tmp_path / "c.yaml"
    Config(a=1).dump(path)
    with pytest.raises(ConfigTypeError, match=r"numpy\.ndarray.*'model\.weights\.0'"):
        Config(model={"weights": [np.zeros(3)]}).dump(path)
    assert path.read_text() == "a: 1\n"


def test_a_failed_write_is_an_error_and_leaves_nothing_behind(tmp_path):
    with pytest.raises(ConfigFileError, match="could not be written"):
        Config(a=1).dump(tmp_path / "missing" / "c.yaml")
    (tmp_path / "folder.yaml").mkdir()
    with pytest.raises(ConfigFileError, match="could not be written"):
        Config(a=1).dump(tmp_path / "folder.yaml")
    with pytest.raises(ConfigFileError):
        Config(a=1).dump("a\x00b.yaml")
    assert [entry.name for entry in tmp_path.iterdir()] == ["folder.yaml"]


# MegEngine, where it is loaded, has the processor flush subnormal numbers to zero.
FLOATS = st.floats(allow_nan=False, allow_subnormal=False)
LEAVES = st.none() | st.booleans() | st.integers() | FLOATS | st.text()
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3), max_leaves=10
)


@settings(max_examples=80, deadline=None, derandomize=True)
@given(values=st.dictionaries(st.text() | st.integers(), VALUES, max_size=4))
def test_any_plain_config_survives_yaml(values, tmp_path_factory):
    path = tmp_path_factory.mktemp("dump") / "c.yaml"
    values.pop("_base_", None), values.pop("_BASE", None)
    Config(values).dump(path)
    assert Config.fromfile(path) == values
