"""Training checkpoints where only weights are wanted: loaded, converted, initialised from."""

from __future__ import annotations

import numpy as np
import pytest

import polynet
from polynet import nn
from polynet.cli import main
from polynet.models.base_module import BaseModule
from polynet.train.checkpoint import load_checkpoint, write_training_checkpoint
from polynet.weights import read_checkpoint


@pytest.fixture
def checkpoint(backend, tmp_path):
    """A training checkpoint of a small network, whose moving average is twice its weights."""
    net = polynet.build("mbnetv2_x035", backend=backend, seed=1, num_classes=3)
    weights = polynet.state(net)
    tree = {
        "model": weights,
        "ema": {name: array * 2 for name, array in weights.items()},
        "optimizer": {"name": "sgd", "slots": {"fc": {"momentum_buffer": np.ones(3)}}},
        "progress": {"epoch": 1, "iter": 5, "iter_in_epoch": 0},
    }
    path = tmp_path / "epoch_1.safetensors"
    write_training_checkpoint(path, tree, {"name": "mbnetv2_x035"})
    return path, weights


def assert_equal(found, wanted):
    assert found.keys() == wanted.keys()
    for name, array in wanted.items():
        assert found[name].dtype == array.dtype, name
        np.testing.assert_array_equal(found[name], array, err_msg=name)


def test_a_network_is_built_with_the_weights(backend, checkpoint):
    path, weights = checkpoint
    net = polynet.build("mbnetv2_x035", backend=backend, seed=2, num_classes=3, weights=path)
    assert_equal(polynet.state(net), weights)
    polynet.load(net, path, ema=True)
    assert_equal(polynet.state(net), {name: array * 2 for name, array in weights.items()})


@pytest.mark.parametrize("suffix", ["safetensors", "pth", "pkl"])
def test_it_is_converted_to_plain_weights(checkpoint, tmp_path, suffix, capsys):
    path, weights = checkpoint
    model = ["--model", "mbnetv2_x035", "num_classes=3"]
    assert main(["convert", str(path), str(tmp_path / f"a.{suffix}"), *model]) == 0
    assert main(["convert", str(path), str(tmp_path / f"b.{suffix}"), "--ema", *model]) == 0
    assert "taken from 'ema' of a training checkpoint" in capsys.readouterr().out
    assert_equal(read_checkpoint(tmp_path / f"a.{suffix}").tensors, weights)
    assert_equal(read_checkpoint(tmp_path / f"b.{suffix}").tensors, {name: 2 * each for name, each in weights.items()})


def test_the_networks_config_is_kept(checkpoint):
    assert load_checkpoint(checkpoint[0]).config == '{"name": "mbnetv2_x035"}'
    assert read_checkpoint(checkpoint[0]).metadata["config"] == '{"name": "mbnetv2_x035"}'


class Part(BaseModule):
    def __init__(self, init_cfg=None):
        super().__init__(init_cfg)
        self.fc = nn.Linear(2, 2)


def test_init_cfg_takes_the_weights(backend, tmp_path):
    weights = {"fc.weight": np.full((2, 2), 3, np.float32), "fc.bias": np.ones(2, np.float32)}
    write_training_checkpoint(tmp_path / "a.safetensors", {"model": weights, "optimizer": {"lr": 0.1}})
    part = Part({"type": "Pretrained", "checkpoint": str(tmp_path / "a.safetensors")})
    part.init_weights()
    assert_equal(polynet.state(part), weights)
