"""Layers other than convolutions agree with torch's in forward, gradients and state, training and not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.tolerances import tolerance

from .layer_comparison import build_pair, compare, random

pytestmark = pytest.mark.usefixtures("both")

Case = tuple[str, tuple[Any, ...], dict[str, Any], tuple[int, ...]]

NORMALISATIONS: list[Case] = [
    ("BatchNorm1d", (5,), {}, (6, 5)),
    ("BatchNorm1d", (5,), {"momentum": 0.3, "eps": 1e-3}, (4, 5, 7)),
    ("BatchNorm2d", (5,), {}, (4, 5, 6, 7)),
    ("BatchNorm2d", (3,), {"affine": False}, (4, 3, 6, 7)),
    ("BatchNorm2d", (3,), {"track_running_stats": False}, (4, 3, 6, 7)),
    ("BatchNorm2d", (3,), {"momentum": None}, (4, 3, 6, 7)),
    ("BatchNorm2d", (8,), {}, (4, 8, 24, 25)),
    ("BatchNorm2d", (8,), {"affine": False, "momentum": None}, (4, 8, 24, 25)),
    ("BatchNorm2d", (8,), {"track_running_stats": False}, (4, 8, 24, 25)),
    ("BatchNorm3d", (3,), {}, (2, 3, 4, 5, 6)),
    ("LayerNorm", (7,), {}, (4, 7)),
    ("LayerNorm", ((5, 7),), {"eps": 1e-3}, (2, 4, 5, 7)),
    ("LayerNorm", (7,), {"bias": False}, (2, 4, 7)),
    ("LayerNorm", (7,), {"elementwise_affine": False}, (2, 4, 7)),
    ("GroupNorm", (2, 6), {}, (3, 6)),
    ("GroupNorm", (2, 6), {}, (3, 6, 7)),
    ("GroupNorm", (3, 6), {"eps": 1e-3}, (3, 6, 5, 4)),
    ("GroupNorm", (3, 6), {"affine": False}, (3, 6, 2, 5, 4)),
    ("InstanceNorm2d", (4,), {}, (3, 4, 5, 6)),
    ("InstanceNorm2d", (4,), {"affine": True}, (3, 4, 5, 6)),
    ("InstanceNorm2d", (4,), {"affine": True, "track_running_stats": True}, (3, 4, 5, 6)),
    ("RMSNorm", (7,), {"eps": 1e-6}, (4, 3, 7)),
    ("RMSNorm", ((3, 7),), {}, (4, 3, 7)),
    ("LocalResponseNorm", (5,), {"alpha": 0.1}, (2, 7, 4, 5)),
    ("LocalResponseNorm", (4,), {"alpha": 0.2, "beta": 0.5, "k": 2.0}, (2, 7, 4, 5)),
]

POOLS: list[Case] = [
    ("MaxPool1d", (3,), {"padding": 1}, (2, 3, 10)),
    ("MaxPool2d", (2,), {}, (2, 3, 8, 9)),
    ("MaxPool2d", (3, 2, 1), {}, (2, 3, 9, 8)),
    ("MaxPool2d", (3,), {"stride": 2, "ceil_mode": True}, (2, 3, 8, 8)),
    ("MaxPool2d", (3,), {"stride": 1, "dilation": 2}, (2, 3, 8, 8)),
    ("MaxPool3d", (2,), {}, (2, 3, 4, 5, 6)),
    ("AvgPool1d", (3,), {"padding": 1}, (2, 3, 10)),
    ("AvgPool2d", (3, 2, 1), {}, (2, 3, 8, 9)),
    ("AvgPool2d", (3, 2, 1), {"count_include_pad": False}, (2, 3, 8, 9)),
    ("AvgPool2d", (3,), {"stride": 2, "ceil_mode": True, "count_include_pad": False}, (2, 3, 8, 8)),
    ("AvgPool2d", (2,), {"divisor_override": 3}, (2, 3, 8, 8)),
    ("AvgPool3d", (2,), {}, (2, 3, 4, 5, 6)),
    ("AdaptiveAvgPool1d", (4,), {}, (2, 3, 10)),
    ("AdaptiveAvgPool2d", (1,), {}, (2, 3, 7, 9)),
    ("AdaptiveAvgPool2d", ((3, 5),), {}, (2, 3, 7, 9)),
    ("AdaptiveAvgPool2d", (9,), {}, (2, 3, 7, 6)),
    ("AdaptiveAvgPool2d", ((None, 4),), {}, (2, 3, 7, 9)),
    ("AdaptiveAvgPool3d", (2,), {}, (2, 3, 4, 5, 6)),
    ("AdaptiveMaxPool1d", (4,), {}, (2, 3, 10)),
    ("AdaptiveMaxPool2d", ((3, 5),), {}, (2, 3, 7, 9)),
    ("AdaptiveMaxPool3d", (2,), {}, (2, 3, 4, 5, 6)),
]

ACTIVATIONS: list[Case] = [
    (name, arguments, options, (3, 4, 5))
    for name, arguments, options in [
        ("ReLU", (), {}),
        ("ReLU6", (), {}),
        ("LeakyReLU", (0.2,), {}),
        ("PReLU", (), {}),
        ("PReLU", (4,), {}),
        ("ELU", (0.7,), {}),
        ("SELU", (), {}),
        ("GELU", (), {}),
        ("GELU", ("tanh",), {}),
        ("SiLU", (), {}),
        ("Mish", (), {}),
        ("Hardswish", (), {}),
        ("Hardsigmoid", (), {}),
        ("Hardtanh", (-0.5, 0.75), {}),
        ("Sigmoid", (), {}),
        ("Tanh", (), {}),
        ("Softmax", (), {"dim": 1}),
        ("LogSoftmax", (-1,), {}),
        ("Softplus", (), {"beta": 2.0}),
        ("LogSigmoid", (), {}),
        ("Softsign", (), {}),
    ]
]

OTHERS: list[Case] = [
    ("Linear", (5, 3), {}, (4, 5)),
    ("Linear", (5, 3), {"bias": False}, (2, 4, 5)),
    ("Linear", (5, 3), {}, (5,)),
    ("Flatten", (), {}, (2, 3, 4)),
    ("Flatten", (0, 1), {}, (2, 3, 4)),
    ("Unflatten", (1, (2, -1)), {}, (3, 6, 2)),
    ("Identity", (54,), {"unused": 1}, (2, 3)),
    ("PixelShuffle", (2,), {}, (2, 8, 3, 4)),
    ("PixelUnshuffle", (2,), {}, (2, 3, 4, 6)),
    ("ZeroPad2d", (1,), {}, (2, 3, 4, 5)),
    ("ZeroPad2d", ((1, -1, 0, 2),), {}, (2, 3, 4, 5)),
    ("ConstantPad2d", ((1, 2, 0, 1), 2.5), {}, (2, 3, 4, 5)),
    ("ReflectionPad2d", ((1, 2, 3, 0),), {}, (2, 3, 4, 5)),
    ("ReplicationPad2d", (2,), {}, (2, 3, 4, 5)),
    ("Upsample", (), {"scale_factor": 2}, (2, 3, 4, 5)),
    ("Upsample", (), {"size": (7, 8), "mode": "bilinear"}, (2, 3, 4, 5)),
    ("Upsample", (), {"scale_factor": 1.5, "mode": "bilinear", "align_corners": True}, (2, 3, 4, 5)),
    ("Upsample", (), {"scale_factor": 2.0, "mode": "bicubic"}, (2, 3, 4, 5)),
    ("Unfold", (2,), {"padding": 1, "stride": 2}, (2, 3, 5, 6)),
    ("Fold", ((5, 6), 2), {"padding": 1, "stride": 2}, (2, 12, 12)),
    ("Dropout", (0.0,), {}, (3, 4)),
]


def _check(name: str, arguments: tuple[Any, ...], options: dict[str, Any], shape: tuple[int, ...], mode: bool) -> None:
    layers = build_pair(name, *arguments, **options)
    for layer in layers:
        layer.train(mode)
    compare(*layers, [random(*shape)], relative=tolerance(f"layer {name}"))


@pytest.mark.parametrize("training", [True, False], ids=["train", "eval"])
@pytest.mark.parametrize(("name", "arguments", "options", "shape"), NORMALISATIONS)
def test_normalisation_layers_equal_torch(
    name: str, arguments: tuple[Any, ...], options: dict[str, Any], shape: tuple[int, ...], training: bool
) -> None:
    _check(name, arguments, options, shape, training)


@pytest.mark.parametrize(("name", "arguments", "options", "shape"), POOLS)
def test_pooling_layers_equal_torch(
    name: str, arguments: tuple[Any, ...], options: dict[str, Any], shape: tuple[int, ...]
) -> None:
    _check(name, arguments, options, shape, True)


@pytest.mark.parametrize(("name", "arguments", "options", "shape"), ACTIVATIONS)
def test_activation_layers_equal_torch(
    name: str, arguments: tuple[Any, ...], options: dict[str, Any], shape: tuple[int, ...]
) -> None:
    _check(name, arguments, options, shape, True)


@pytest.mark.parametrize(
    "name", ["ReLU", "ReLU6", "LeakyReLU", "PReLU", "ELU", "SELU", "Hardswish", "Hardsigmoid", "Hardtanh", "Softsign"]
)
def test_gradients_at_kinks_are_torchs(name: str) -> None:
    values = np.array([-6, -3, -1, -0.0, 0.0, 1, 3, 6], np.float32)
    compare(*build_pair(name), [values])


@pytest.mark.parametrize(("name", "arguments", "options", "shape"), OTHERS)
def test_other_layers_equal_torch(
    name: str, arguments: tuple[Any, ...], options: dict[str, Any], shape: tuple[int, ...]
) -> None:
    _check(name, arguments, options, shape, True)


@pytest.mark.parametrize("rank", [2, 3, 4, 5])
def test_sync_batch_norm_is_batch_norm_in_one_process(rank: int) -> None:
    plain = {2: "BatchNorm1d", 3: "BatchNorm1d", 4: "BatchNorm2d", 5: "BatchNorm3d"}[rank]
    torch_layer, _ = build_pair(plain, 3)
    _, synchronised = build_pair("SyncBatchNorm", 3)
    compare(torch_layer, synchronised, [random(6, 3, *(4,) * (rank - 2))])


@pytest.mark.parametrize("momentum", [0.1, None])
def test_running_statistics_follow_torch_over_several_batches(momentum: float | None) -> None:
    layers = build_pair("BatchNorm2d", 8, momentum=momentum)
    for seed in range(3):
        compare(*layers, [random(4, 8, 24, 25, seed=seed) + seed])
    for layer in layers:
        layer.eval()
    compare(*layers, [random(4, 8, 24, 25)])


def test_batch_norm_keeps_its_accuracy_where_the_mean_is_large() -> None:
    layers = build_pair("BatchNorm2d", 8)
    compare(*layers, [random(4, 8, 24, 25) + 30], relative=1e-4)


def test_embedding_equals_torch_and_its_padding_row_gets_no_gradient() -> None:
    indices = np.array([[0, 3, 2], [1, 3, 3]], np.int32)
    compare(*build_pair("Embedding", 5, 4), [indices])
    compare(*build_pair("Embedding", 5, 4, padding_idx=3), [indices])
    compare(*build_pair("Embedding", 5, 4, padding_idx=-2), [indices])


LOSSES: list[tuple[str, dict[str, Any], np.ndarray[Any, Any], np.ndarray[Any, Any]]] = [
    ("CrossEntropyLoss", {}, random(4, 5), np.array([0, 4, 2, 2])),
    ("CrossEntropyLoss", {"label_smoothing": 0.1, "ignore_index": 2}, random(4, 5), np.array([0, 4, 2, 2])),
    ("CrossEntropyLoss", {"reduction": "sum"}, random(4, 5), np.abs(random(4, 5))),
    ("NLLLoss", {}, random(4, 5), np.array([0, 4, 2, 2])),
    ("BCEWithLogitsLoss", {}, random(4, 5), np.abs(random(4, 5, seed=1)) % 1),
    ("MSELoss", {"reduction": "none"}, random(4, 5), random(4, 5, seed=1)),
    ("L1Loss", {}, random(4, 5), random(4, 5, seed=1)),
    ("SmoothL1Loss", {"beta": 0.5}, random(4, 5), random(4, 5, seed=1)),
    ("KLDivLoss", {"reduction": "batchmean"}, random(4, 5), np.abs(random(4, 5, seed=1))),
    ("KLDivLoss", {"log_target": True, "reduction": "sum"}, random(4, 5), random(4, 5, seed=1)),
]


@pytest.mark.parametrize(("name", "options", "scores", "target"), LOSSES)
def test_losses_equal_torch(
    name: str, options: dict[str, Any], scores: np.ndarray[Any, Any], target: np.ndarray[Any, Any]
) -> None:
    compare(*build_pair(name, **options), [scores, target])
