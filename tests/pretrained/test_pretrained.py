"""Networks built with published weights, which lie in local files here."""

from __future__ import annotations

import json
import logging
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import polynet
from polynet.backend import Backend
from polynet.errors import OptionError, UnknownNameError
from polynet.pretrained import (
    HubFile,
    LocalFile,
    Preprocessing,
    PretrainedRecord,
    add_record,
    all_tags,
    find_record,
    records_of,
    tags,
)
from tests.compare import assert_close


@pytest.fixture
def record(tmp_path: Path, backend: Backend) -> Iterator[PretrainedRecord]:
    net = polynet.build("resnet18", backend=backend, seed=3)
    polynet.save(net, tmp_path / "resnet18.safetensors", layout="timm")
    made = PretrainedRecord(
        "resnet18",
        "mine",
        LocalFile(str(tmp_path / "resnet18.safetensors")),
        preprocessing=Preprocessing(crop=0.95, input_size=(3, 160, 160)),
    )
    add_record(made)
    yield made
    tags.ADDED.clear()


def test_weights_come_by_tag(backend: Backend, record: PretrainedRecord) -> None:
    expected = polynet.state(polynet.build("resnet18", backend=backend, seed=3))
    for net in (
        polynet.build("resnet18", backend=backend, pretrained="mine"),
        polynet.build("resnet18.mine", backend=backend),
        polynet.build("resnet18.mine", backend=backend, pretrained=True),
    ):
        for name, array in polynet.state(net).items():
            assert_close(array, expected[name], what=name)
        assert net.pretrained == record
        assert polynet.preprocessing_of(net).crop == 0.95


def test_they_are_adapted_and_that_is_logged(
    backend: Backend, record: PretrainedRecord, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        net = polynet.build("resnet18.mine", backend=backend, num_classes=10, in_channels=1, seed=4)
    assert "1000 classes, the network has 10" in caplog.text
    assert "sum of 3 channels" in caplog.text
    drawn = polynet.build("resnet18", backend=backend, num_classes=10, in_channels=1, seed=4)
    assert_close(polynet.state(net)["head.fc.weight"], polynet.state(drawn)["head.fc.weight"])
    features = polynet.build("resnet18.mine", backend=backend, features_only=True, out_indices=(1, 3))
    assert features.head is None


def test_a_tag_can_be_named_without_its_weights(backend: Backend, record: PretrainedRecord) -> None:
    net = polynet.build("resnet18.mine", backend=backend, pretrained=False, seed=5)
    drawn = polynet.build("resnet18", backend=backend, seed=5)
    assert_close(polynet.state(net)["stem.conv.weight"], polynet.state(drawn)["stem.conv.weight"])


def test_wrong_wishes_are_refused(backend: Backend, record: PretrainedRecord) -> None:
    with pytest.raises(UnknownNameError, match=r"has no weights 'mien'.*'mine'"):
        polynet.build("resnet18", backend=backend, pretrained="mien")
    with pytest.raises(OptionError, match="Give either weights or pretrained"):
        polynet.build("resnet18.mine", backend=backend, weights="a.pth")
    with pytest.raises(OptionError, match="pretrained must be True"):
        polynet.build("resnet18", backend=backend, pretrained=3)
    with pytest.raises(UnknownNameError, match="No pretrained weights are known for 'snetv3'"):
        find_record("snetv3")
    with pytest.raises(OptionError, match="Two tags"):
        find_record("resnet18.mine", "other")


def test_an_id_on_the_hub_names_a_known_record() -> None:
    found = find_record("hf-hub:timm/resnet50.a1_in1k")
    assert found == find_record("resnet50.a1_in1k")
    assert found.source == HubFile("timm/resnet50.a1_in1k")
    assert found.preprocessing.crop == 0.95
    assert found.licence == "apache-2.0"


def test_another_repository_says_itself_what_it_holds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = {
        "architecture": "seresnet50",
        "num_classes": 7,
        "pretrained_cfg": {"mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5], "crop_pct": 1.0, "license": "mit"},
    }
    (tmp_path / "config.json").write_text(json.dumps(config))

    def hf_hub_download(repository: str, filename: str, **options: Any) -> str:
        assert (repository, filename) == ("someone/theirs", "config.json")
        return str(tmp_path / filename)

    monkeypatch.setitem(sys.modules, "huggingface_hub", types.SimpleNamespace(hf_hub_download=hf_hub_download))
    found = find_record("hf-hub:someone/theirs")
    assert (found.name, found.num_classes, found.licence) == ("se_resnet50", 7, "mit")
    assert found.preprocessing == Preprocessing(mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5), crop=1.0)


def test_every_record_is_of_a_network_that_there_is() -> None:
    known = set(polynet.list_models())
    assert {name.partition(".")[0] for name in all_tags()} <= known
    assert len(all_tags()) == len(set(all_tags()))
    assert len(all_tags()) > 300


def test_records_say_what_timm_says() -> None:
    pytest.importorskip("torch")
    timm = pytest.importorskip("timm")
    compared = 0
    for full in all_tags():
        found = find_record(full)
        if isinstance(found.source, HubFile):
            stated = timm.get_pretrained_cfg(found.source.repository.removeprefix("timm/"))
            mine = found.preprocessing
            assert (mine.input_size, mine.mean, mine.std) == (stated.input_size, stated.mean, stated.std), full
            assert (mine.interpolation, mine.crop) == (stated.interpolation, stated.crop_pct), full
            assert (found.num_classes, found.licence) == (stated.num_classes, stated.license or ""), full
            compared += 1
    assert compared > 250


def test_a_record_cannot_be_changed() -> None:
    found = records_of("resnet50")[0]
    with pytest.raises(AttributeError):
        found.tag = "other"  # type: ignore[misc]  # it is what must fail
    with pytest.raises(TypeError):
        found.options["norm_eps"] = 1.0  # type: ignore[index]  # as above


def test_pictures_are_prepared_as_the_record_says() -> None:
    pytest.importorskip("PIL")
    picture = np.full((300, 500, 3), (255, 0, 127), np.uint8)
    made = Preprocessing(mean=(0.5,) * 3, std=(0.5,) * 3, input_size=(3, 64, 48)).prepare(picture)
    assert made.shape == (3, 64, 48)
    assert made.dtype == np.float32
    np.testing.assert_allclose(made[:, 0, 0], [1.0, -1.0, 127 / 127.5 - 1], atol=1e-6)
    swapped = Preprocessing(mean=(0.5,) * 3, std=(0.5,) * 3, colour_order="BGR").prepare(picture)
    np.testing.assert_allclose(swapped[:, 0, 0], [127 / 127.5 - 1, -1.0, 1.0], atol=1e-6)


def test_a_network_without_known_weights_gets_the_usual_preprocessing(backend: Backend) -> None:
    net = polynet.build("resnet18", backend=backend, seed=0)
    del net.config
    assert polynet.preprocessing_of(net) == Preprocessing()
