"""Scepter's `Config`, and its files as they are."""

from __future__ import annotations

import copy
import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import polynet
from polynet import nn, ops
from polynet.backend import Backend
from polynet.config import Config as PlainConfig
from polynet.dialects.scepter import BACKBONES, MODELS, BaseModel, Config, TrainModule
from polynet.errors import ConfigError, ConfigFileError, ConfigTypeError
from polynet.registry import temporary

EXAMPLE = """
ENV:
  USE_PL: False
SOLVER:
  NAME: TrainValSolver
  WORK_DIR: ${POLYNET_TEST_ROOT}/example/${POLYNET_TEST_UNSET}
  OPTIMIZER:
    NAME: SGD
    LEARNING_RATE: 0.01
    WEIGHT_DECAY: 5e-4
    BETAS: ["9e-1", 0.999]
  MODEL:
    # NAME DESCRIPTION:  TYPE:  default: 'Classifier'
    NAME: Classifier
    ACT_NAME: softmax
    FREEZE_BN: False
    BACKBONE:
      NAME: ResNet
      DEPTH: 18
      PRETRAINED: false
      KERNEL_SIZE: 3
      USE_RELU: True
      USE_MAXPOOL: false
      FIRST_CONV_STRIDE: 1
      FIRST_MAX_POOL_STRIDE: 1
    NECK:
      NAME: GlobalAveragePooling
      DIM: 2
    HEAD:
      NAME: ClassifierHead
      DIM: 512
      NUM_CLASSES: 10
      DROPOUT_RATE: 0.0
    METRIC:
      NAME: AccuracyMetric
      TOPK: 1
    LOSS:
      NAME: CrossEntropy
"""


@pytest.fixture
def example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file in the form of Scepter's own example of a classifier."""
    monkeypatch.setenv("POLYNET_TEST_ROOT", "/data")
    monkeypatch.delenv("POLYNET_TEST_UNSET", raising=False)
    path = tmp_path / "example.yaml"
    path.write_text(EXAMPLE)
    return path


@pytest.mark.checklist("S0-22")
def test_a_dictionary_is_asked_as_scepters_config_is() -> None:
    given = {"BACKBONE": {"NAME": "ResNet", "DEPTH": 18}, "LIST": [{"A": 1}], "LR": "1e-3", "TEXT": "one-e-3"}
    before = copy.deepcopy(given)
    cfg = Config(cfg_dict=given, load=False)
    assert cfg.BACKBONE.DEPTH == cfg["BACKBONE"]["DEPTH"] == 18
    assert isinstance(cfg.BACKBONE, Config)
    assert isinstance(cfg.LIST[0], Config)
    assert (cfg.have("BACKBONE"), cfg.have("NECK"), "LR" in cfg, "NECK" in cfg) == (True, False, True, False)
    assert (cfg.get("NECK"), cfg.get("NECK", 3), cfg.BACKBONE.get("DEPTH", 3)) == (None, 3, 18)
    assert list(cfg) == list(given)
    assert len(cfg) == 4
    assert dict(cfg.items())["LR"] == 1e-3
    assert cfg.TEXT == "one-e-3"
    assert given == before
    with pytest.raises(AttributeError, match="no key 'NECK'"):
        _ = cfg.NECK
    cfg.NECK = {"DIM": 2}
    cfg.set("MORE", 1)
    assert (cfg.NECK.DIM, cfg.MORE) == (2, 1)
    assert cfg.pop("MORE") == 1
    assert cfg.get_lowercase_dict()["backbone"] == {"name": "ResNet", "depth": 18}
    assert type(cfg.get_dict()["BACKBONE"]) is dict
    assert cfg.cfg_dict == cfg.get_dict()
    assert given == before


def test_copies_share_nothing_and_stay_of_their_class() -> None:
    cfg = Config({"A": {"B": [1]}})
    for other in (cfg.deep_copy(), copy.deepcopy(cfg), pickle.loads(pickle.dumps(cfg)), cfg.merge({})):
        assert type(other) is Config
        assert type(other.A) is Config
        assert other == cfg
    twin = cfg.deep_copy()
    twin.A.B.append(2)
    assert cfg.A.B == [1]
    assert type(cfg.merge({"C": {"D": 1}}).C) is Config


@pytest.mark.checklist("S0-57")
def test_a_file_is_read_with_environment_numbers_and_seed(example: Path) -> None:
    cfg = Config(cfg_file=str(example))
    assert cfg.ENV.to_dict() == {"SEED": 2023, "USE_PL": False}
    assert cfg.SOLVER.WORK_DIR == "/data/example/${POLYNET_TEST_UNSET}"
    assert cfg.SOLVER.OPTIMIZER.WEIGHT_DECAY == 5e-4
    assert cfg.SOLVER.OPTIMIZER.BETAS == [0.9, 0.999]
    assert Config.fromfile(example) == cfg
    assert Config.fromfile(example, ["SOLVER.MODEL.HEAD.NUM_CLASSES=3"]).SOLVER.MODEL.HEAD.NUM_CLASSES == 3
    assert list(Config(cfg_file=example, load=False)) == []


@pytest.mark.checklist("S0-57")
def test_json_is_read_alike_and_gets_an_environment_block(tmp_path: Path) -> None:
    path = tmp_path / "net.json"
    path.write_text(json.dumps({"MODEL": {"NAME": "Classifier", "LR": "5e-4"}}))
    cfg = Config(cfg_file=path)
    assert cfg.MODEL.LR == 5e-4
    assert cfg.ENV.to_dict() == {
        "SEED": 2023,
        "USE_PL": False,
        "BACKEND": "nccl",
        "SYNC_BN": False,
        "CUDNN_DETERMINISTIC": True,
        "CUDNN_BENCHMARK": False,
    }


@pytest.mark.checklist("S0-57", "S3-68")
@pytest.mark.parametrize("key", ["_BASE", "_BASE_RUN", "_BASE_MODEL"])
def test_a_file_lies_over_the_file_it_names(tmp_path: Path, key: str) -> None:
    (tmp_path / "bases").mkdir()
    (tmp_path / "bases" / "base.yaml").write_text("MODEL: {NAME: A, HEAD: {DIM: 1, OUT: 2}}\nRUN: 1\n")
    (tmp_path / "runs").mkdir()
    path = tmp_path / "runs" / "net.yaml"
    path.write_text(f"{key}: ../bases/base.yaml\nMODEL: {{HEAD: {{OUT: 3}}}}\n")
    cfg = Config(cfg_file=path)
    assert cfg.MODEL.to_dict() == {"NAME": "A", "HEAD": {"DIM": 1, "OUT": 3}}
    assert cfg.RUN == 1
    assert not cfg.have(key)


def test_of_a_run_and_a_model_the_run_wins(tmp_path: Path) -> None:
    (tmp_path / "run.yaml").write_text("A: run\nB: run\n")
    (tmp_path / "model.yaml").write_text("A: model\nC: model\n")
    path = tmp_path / "net.yaml"
    path.write_text("_BASE_RUN: ./run.yaml\n_BASE_MODEL: ./model.yaml\nD: own\n")
    assert {key: value for key, value in Config(cfg_file=path).items() if key != "ENV"} == {
        "A": "run",
        "B": "run",
        "C": "model",
        "D": "own",
    }


def test_a_file_that_is_missing_or_broken_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigFileError, match="There is no config file"):
        Config(cfg_file=tmp_path / "none.yaml")
    broken = tmp_path / "broken.yaml"
    broken.write_text("MODEL: {NAME")
    with pytest.raises(ConfigError, match="not YAML"):
        Config(cfg_file=broken)
    with pytest.raises(ConfigTypeError):
        Config(3)


@pytest.mark.checklist("S0-20", "S0-57")
def test_from_a_file_to_a_network(backend: Backend, example: Path) -> None:
    cfg = Config(cfg_file=example)
    net = MODELS.build(cfg.SOLVER.MODEL, logger="a logger").eval()
    assert net.logger == net.head.logger == "a logger"
    x = ops.tensor(np.ones((1, 3, 8, 8), np.float32))
    assert tuple(net(x).shape) == (1, 10)
    assert net.backbone.maxpool is None


@pytest.mark.checklist("S0-57")
def test_the_same_file_builds_by_its_path(both: tuple[Backend, Backend], example: Path) -> None:
    states = [polynet.state(polynet.build(str(example), backend=backend, seed=0)) for backend in both]
    assert states[0].keys() == states[1].keys()
    for name, array in states[0].items():
        np.testing.assert_array_equal(states[1][name], array)


@pytest.mark.checklist("S0-57")
@pytest.mark.parametrize("reader", [Config.fromfile, PlainConfig.fromfile])
def test_a_model_at_the_top_builds_too(tmp_path: Path, reader: Any) -> None:
    path = tmp_path / "net.yaml"
    head = "{NAME: ClassifierHead, DIM: 5, NUM_CLASSES: 4, DROPOUT_RATE: '1e-1'}"
    model = f"{{NAME: Classifier, BACKBONE: {{NAME: MLP, IN_DIM: [3], OUT_DIM: 5}}, HEAD: {head}}}"
    path.write_text(f"ENV: {{SEED: 1}}\nMODEL: {model}\n")
    for config in (path, str(path), reader(path)):
        net = polynet.build(config, backend="shapes")
        assert type(net).__name__ == "Classifier"
        assert net.head.dropout.p == 0.1


@pytest.mark.checklist("S0-57")
def test_a_class_of_ones_own_is_given_the_files_keys_as_they_are(backend: Backend, tmp_path: Path) -> None:
    with temporary():

        @BACKBONES.register_class()
        class OwnBackbone(BaseModel):
            def __init__(self, cfg: Any, logger: Any = None) -> None:
                super().__init__(cfg, logger=logger)
                self.fc = nn.Linear(cfg.DIM, cfg.get("OUT", 2))

            def forward(self, x: Any) -> Any:
                return self.fc(x)

        @MODELS.register_class()
        class OwnNetwork(TrainModule):
            def __init__(self, cfg: Any, logger: Any = None) -> None:
                super().__init__(cfg, logger=logger)
                self.backbone = BACKBONES.build(cfg.BACKBONE, logger=logger)

            def forward_test(self, x: Any) -> Any:
                return self.backbone(x)

        path = tmp_path / "own.yaml"
        path.write_text("MODEL: {NAME: OwnNetwork, BACKBONE: {NAME: OwnBackbone, DIM: 3, OUT: 7}}\n")
        net = polynet.build(str(path), backend=backend, seed=0).eval()
        assert tuple(net(ops.ones((2, 3))).shape) == (2, 7)
        assert net.cfg.BACKBONE.DIM == 3


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("MODEL: 3\n", "`MODEL` is a mapping with `NAME`"),
        ("MODEL: {BACKBONE: {NAME: MLP}}\n", "Model name is missing"),
        ("SOLVER: {NAME: X}\n", "Model name is missing"),
    ],
)
def test_files_without_a_model_are_refused(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "net.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=says):
        polynet.build(str(path), backend="shapes")
