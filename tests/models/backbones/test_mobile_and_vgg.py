"""MMPretrain's VGG, MobileNets and EfficientNet: sizes, stages, freezing, and agreement of both frameworks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import polynet
from polynet import nn, ops
from polynet.backend import Backend, use_backend
from polynet.errors import OptionError, UnknownNameError
from polynet.models.init_cfg import seeded
from polynet.registry import BACKBONES, MODELS
from tests.compare import assert_close
from tests.models.twins import assert_twins


def images(side: int = 32, batch: int = 2) -> np.ndarray[Any, Any]:
    return np.random.standard_normal((batch, 3, side, side)).astype(np.float32)


def trainable(net: Any, backend: Backend) -> set[str]:
    return {name for name, slot in backend.slots(net).items() if slot.trainable}


@pytest.mark.checklist("S3-5", "S3-26")
@pytest.mark.parametrize(
    ("config", "shapes"),
    [
        ({"type": "MobileNetV2", "out_indices": (0, 2, 7)}, [(16, 32), (32, 8), (1280, 2)]),
        ({"type": "MobileNetV2", "widen_factor": 1.4}, [(1792, 2)]),
        ({"type": "MobileNetV3", "arch": "small", "out_indices": (0, 12)}, [(16, 32), (576, 2)]),
        ({"type": "MobileNetV3", "arch": "large"}, [(960, 2)]),
        ({"type": "VGG", "depth": 16, "out_indices": (0, -1)}, [(64, 32), (512, 2)]),
        ({"type": "VGG", "depth": 11, "with_last_pool": False}, [(512, 4)]),
        ({"type": "EfficientNet", "arch": "b1", "out_indices": range(7)},
         [(32, 32), (16, 32), (24, 16), (40, 8), (112, 4), (320, 2), (1280, 2)]),
        ({"type": "EfficientNet", "arch": "es"}, [(1280, 2)]),
    ],
)  # fmt: skip
def test_a_tuple_of_the_stages_asked_for_is_returned(config: dict[str, Any], shapes: list[tuple[int, int]]) -> None:
    with use_backend("shapes"):
        net = MODELS.build(config)
        outs = net(ops.zeros((1, 3, 64, 64)))
    assert isinstance(outs, tuple)
    assert [tuple(out.shape) for out in outs] == [(1, width, side, side) for width, side in shapes]
    assert net.out_channels == shapes[-1][0]


def test_vggs_classifier_gives_logits(backend: Backend) -> None:
    with use_backend("shapes"):
        outs = MODELS.build({"type": "VGG", "depth": 11, "num_classes": 10})(ops.zeros((1, 3, 224, 224)))
    assert [tuple(out.shape) for out in outs] == [(1, 10)]


@pytest.mark.parametrize(
    ("config", "frozen"),
    [
        ({"type": "MobileNetV2", "widen_factor": 0.25, "frozen_stages": 1}, ("conv1.", "layer1.")),
        ({"type": "MobileNetV3", "arch": "small_050", "frozen_stages": 1}, ("layer0.", "layer1.")),
        ({"type": "VGG", "depth": 11, "num_stages": 2, "dilations": (1, 1), "frozen_stages": 1}, ("features.0.",)),
        ({"type": "EfficientNet", "frozen_stages": 2}, ("layers.0.", "layers.1.")),
    ],
)
def test_frozen_stages_are_not_trained_and_stay_in_evaluation_mode(
    backend: Backend, config: dict[str, Any], frozen: tuple[str, ...]
) -> None:
    net = BACKBONES.build(config).train()
    parameters = {name for name, slot in backend.slots(net).items() if slot.kind == "parameter"}
    assert parameters - trainable(net, backend) == {name for name in parameters if name.startswith(frozen)}
    norms = {name: part for name, part in net.named_modules() if isinstance(part, nn.BatchNorm2d)}
    assert {name for name, part in norms.items() if not part.training} == {
        name for name in norms if name.startswith(frozen)
    }


def test_norm_eval_keeps_statistics(backend: Backend) -> None:
    net = BACKBONES.build({"type": "MobileNetV2", "widen_factor": 0.25, "norm_eval": True}).train()
    assert not any(part.training for part in net.modules() if isinstance(part, nn.BatchNorm2d))


@pytest.mark.parametrize(
    ("config", "error", "says"),
    [
        ({"type": "VGG", "depth": 12}, UnknownNameError, "VGG has no depth 12; there are 11, 13, 16, 19"),
        ({"type": "VGG", "depth": 11, "num_stages": 3}, OptionError, "3 stages and 5 dilations"),
        ({"type": "MobileNetV3", "arch": "tiny"}, UnknownNameError, "MobileNetV3 has no arch 'tiny'"),
        ({"type": "MobileNetV2", "out_indices": (8,)}, OptionError, "the stages are 0 to 7"),
        ({"type": "EfficientNet", "frozen_stages": 8}, OptionError, "frozen_stages is from 0 to 7"),
    ],
)
def test_options_that_do_not_fit_are_refused(
    backend: Backend, config: dict[str, Any], error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says):
        BACKBONES.build(config)


NETWORKS: list[dict[str, Any]] = [
    {"type": "VGG", "depth": 11, "norm_cfg": {"type": "BN"}, "act_cfg": {"type": "LeakyReLU"}, "ceil_mode": True},
    {"type": "MobileNetV2", "widen_factor": 0.25},
    {"type": "MobileNetV3", "arch": "small_050"},
    {"type": "EfficientNet", "arch": "b0", "conv_cfg": None},
    {"type": "EfficientNet", "arch": "es"},
]


@pytest.mark.parametrize("config", NETWORKS)
def test_builds_on_both_frameworks_agree(both: tuple[Backend, Backend], config: dict[str, Any]) -> None:
    weights: Any = None
    pictures = images()
    outputs = []
    for backend in both:
        with use_backend(backend):
            net = BACKBONES.build(config)
            if weights is None:
                with seeded(2):
                    net.init_weights()
                weights = polynet.state(net)
            polynet.load_state(net, weights)
            with ops.no_grad():
                outputs.append(net.eval()(ops.tensor(pictures))[-1])
    assert_close(outputs[1], outputs[0])


@pytest.mark.parametrize("config", NETWORKS)
def test_gradients_of_early_stages_agree_while_training(both: tuple[Backend, Backend], config: dict[str, Any]) -> None:
    def make() -> Any:
        net = BACKBONES.build({**config, "out_indices": (0, 1)})
        with seeded(2):
            net.init_weights()
        return net

    assert_twins(both, make, images(), training=True)
