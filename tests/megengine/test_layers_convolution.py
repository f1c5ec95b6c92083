"""Convolution layers agree with torch's in forward, gradients and refusals."""

from __future__ import annotations

from typing import Any

import pytest

from polynet.backend import get_backend
from polynet.errors import InputError, OptionError

from .layer_comparison import build_pair, compare, random

pytestmark = [
    pytest.mark.usefixtures("both"),
    pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel lengths"),  # torch's, about its own speed
]

CONVOLUTIONS: list[tuple[str, tuple[Any, ...], dict[str, Any], tuple[int, ...]]] = [
    ("Conv1d", (3, 4, 3), {}, (2, 3, 9)),
    ("Conv1d", (4, 6, 3), {"groups": 2, "stride": 2, "padding": 1}, (2, 4, 9)),
    ("Conv1d", (4, 4, 5), {"groups": 4, "padding": "same", "bias": False}, (2, 4, 9)),
    ("Conv1d", (3, 4, 4), {"padding": "same", "dilation": 2}, (2, 3, 11)),
    ("Conv1d", (3, 4, 3), {"padding": 2, "padding_mode": "circular"}, (2, 3, 9)),
    ("Conv1d", (3, 4, 3), {}, (3, 9)),
    ("Conv2d", (3, 4, 3), {}, (2, 3, 8, 7)),
    ("Conv2d", (5, 4, 3), {"stride": 2, "padding": 1, "bias": False}, (2, 5, 9, 8)),
    ("Conv2d", (3, 8, 7), {"stride": 2, "padding": 3}, (2, 3, 15, 16)),
    ("Conv2d", (3, 8, 4), {"stride": 4}, (2, 3, 16, 18)),
    ("Conv2d", (5, 8, 4), {"stride": 4}, (2, 5, 16, 18)),
    ("Conv2d", (6, 4, 1), {}, (2, 6, 5, 6)),
    ("Conv2d", (6, 4, 1), {"stride": 2}, (1, 6, 5, 6)),
    ("Conv2d", (6, 4, 1), {"padding": 1, "groups": 2}, (2, 6, 5, 6)),
    ("Conv2d", (6, 6, 3), {"groups": 6, "padding": 1}, (2, 6, 7, 8)),
    ("Conv2d", (6, 6, 5), {"groups": 6, "padding": 2, "stride": 2}, (2, 6, 9, 8)),
    ("Conv2d", (6, 12, 3), {"groups": 6, "padding": 1}, (2, 6, 7, 8)),
    ("Conv2d", (8, 12, 3), {"groups": 2, "padding": 1}, (2, 8, 7, 6)),
    ("Conv2d", (8, 12, 3), {"groups": 4, "padding": 1, "stride": 2}, (2, 8, 7, 6)),
    ("Conv2d", (34, 34, 3), {"groups": 2, "padding": 1}, (2, 34, 5, 6)),
    ("Conv2d", (6, 6, 3), {"groups": 6, "padding": 2, "dilation": 2}, (2, 6, 9, 8)),
    ("Conv2d", (6, 6, 3), {"groups": 2, "padding": 2, "dilation": 2, "stride": 2}, (2, 6, 9, 8)),
    ("Conv2d", (4, 4, 3), {"dilation": (1, 2), "padding": (0, 2), "stride": (2, 1)}, (2, 4, 9, 8)),
    ("Conv2d", (4, 5, (2, 3)), {"padding": "same"}, (2, 4, 6, 7)),
    ("Conv2d", (4, 5, 3), {"padding": "same", "dilation": 2}, (2, 4, 8, 7)),
    ("Conv2d", (4, 5, 3), {"padding": "valid"}, (2, 4, 6, 7)),
    ("Conv2d", (4, 5, 3), {"padding": 4, "groups": 1}, (2, 4, 6, 7)),
    ("Conv2d", (4, 4, 3), {"padding": 1, "padding_mode": "reflect"}, (2, 4, 6, 7)),
    ("Conv2d", (4, 4, 3), {"padding": (1, 2), "padding_mode": "replicate"}, (2, 4, 6, 7)),
    ("Conv2d", (4, 4, 3), {"padding": (1, 2), "padding_mode": "circular"}, (2, 4, 6, 7)),
    ("Conv2d", (4, 4, 2), {"padding": "same", "padding_mode": "reflect"}, (2, 4, 6, 7)),
    ("Conv2d", (3, 4, 3), {}, (3, 8, 7)),
    ("Conv3d", (3, 4, 3), {"padding": 1}, (2, 3, 4, 5, 6)),
    ("Conv3d", (4, 6, (1, 2, 3)), {"groups": 2, "stride": (1, 2, 1)}, (2, 4, 4, 5, 6)),
    ("Conv3d", (3, 4, 1), {"stride": 2, "bias": False}, (2, 3, 4, 5, 6)),
    ("Conv3d", (3, 4, 2), {"padding": "same"}, (2, 3, 4, 5, 6)),
    ("Conv3d", (3, 4, 3), {"padding": 1, "padding_mode": "replicate"}, (2, 3, 4, 5, 6)),
    ("ConvTranspose1d", (3, 4, 3), {}, (2, 3, 6)),
    ("ConvTranspose1d", (4, 6, 3), {"groups": 2, "stride": 2, "padding": 1, "output_padding": 1}, (2, 4, 6)),
    ("ConvTranspose2d", (3, 4, 3), {}, (2, 3, 5, 6)),
    ("ConvTranspose2d", (3, 4, 2), {"stride": 2, "bias": False}, (2, 3, 5, 6)),
    ("ConvTranspose2d", (4, 6, 3), {"groups": 2, "stride": 2, "padding": 1, "output_padding": 1}, (2, 4, 5, 6)),
    ("ConvTranspose2d", (4, 4, 3), {"groups": 4, "stride": (1, 2), "output_padding": (0, 1)}, (2, 4, 5, 6)),
    ("ConvTranspose2d", (4, 6, 3), {"dilation": 2, "padding": 1}, (2, 4, 5, 6)),
    ("ConvTranspose3d", (3, 4, 3), {"stride": 2, "padding": 1, "output_padding": 1}, (2, 3, 3, 4, 5)),
    ("ConvTranspose3d", (4, 4, 2), {"groups": 2}, (2, 4, 3, 4, 5)),
]


@pytest.mark.parametrize("training", [True, False], ids=["train", "eval"])
@pytest.mark.parametrize(("name", "arguments", "options", "shape"), CONVOLUTIONS)
def test_convolution_layers_equal_torch(
    name: str, arguments: tuple[Any, ...], options: dict[str, Any], shape: tuple[int, ...], training: bool
) -> None:
    layers = build_pair(name, *arguments, **options)
    for layer in layers:
        layer.train(training)
    compare(*layers, [random(*shape)])


@pytest.mark.parametrize("name", ["Conv1d", "Conv2d", "Conv3d"])
@pytest.mark.parametrize(
    "options",
    [
        {"stride": 0},
        {"dilation": 0},
        {"padding": -1},
        {"groups": 0},
        {"groups": 3},
        {"padding": "sane"},
        {"padding": "same", "stride": 2},
        {"padding_mode": "zeroes"},
        {"kernel_size": 0},
        {"kernel_size": 1.5},
        {"kernel_size": (3, 3, 3, 3)},
        {"in_channels": 0},
        {"out_channels": -2},
    ],
    ids=str,
)
def test_bad_values_are_refused_at_construction(name: str, options: dict[str, Any]) -> None:
    with pytest.raises(OptionError):
        get_backend("megengine").layer(name)(**{"in_channels": 4, "out_channels": 4, "kernel_size": 3, **options})


@pytest.mark.parametrize("shape", [(2, 5, 8, 8), (8, 8), (2, 3, 4, 8, 8)])
def test_an_input_that_does_not_fit_is_refused_by_name(shape: tuple[int, ...]) -> None:
    backend = get_backend("megengine")
    layer = backend.layer("Conv2d")(3, 4, 3)
    with pytest.raises(InputError, match=r"Conv2d\(3, 4\)"):
        layer(backend.tensor(random(*shape)))


def test_transposed_convolution_reaches_the_output_size_asked_for() -> None:
    torch_layer, megengine_layer = build_pair("ConvTranspose2d", 3, 4, 3, stride=2)
    compare(torch_layer, megengine_layer, [random(2, 3, 4, 5)], call=lambda layer, x: layer(x, output_size=(10, 11)))


def test_attributes_changed_after_construction_count() -> None:
    torch_layer, megengine_layer = build_pair("Conv2d", 3, 4, 3, stride=2, padding=1)
    for layer in (torch_layer, megengine_layer):
        layer.stride, layer.dilation, layer.padding = (1, 1), (2, 2), (2, 2)
    compare(torch_layer, megengine_layer, [random(2, 3, 7, 7)])


@pytest.mark.parametrize("name", ["Conv1d", "Conv2d", "Conv3d", "ConvTranspose2d", "ConvTranspose1d"])
def test_values_drawn_at_construction_have_torchs_distribution(name: str) -> None:
    torch_layer = get_backend("torch").layer(name)(32, 64, 3, groups=2)
    layer = get_backend("megengine").layer(name)(32, 64, 3, groups=2)
    for attribute in ("weight", "bias"):
        expected = getattr(torch_layer, attribute).detach().numpy()
        actual = getattr(layer, attribute).numpy()
        assert actual.std() == pytest.approx(expected.std(), rel=0.25)
        assert abs(actual).max() == pytest.approx(abs(expected).max(), rel=0.05)


@pytest.mark.parametrize(
    ("layer", "options", "shape"),
    [
        ("Conv1d", {"kernel_size": 5}, (1, 1, 3)),
        ("Conv2d", {"kernel_size": (3, 5), "padding": (0, 1)}, (1, 1, 4, 2)),
        ("Conv2d", {"kernel_size": 3, "dilation": 2}, (1, 4, 4)),
        ("Conv3d", {"kernel_size": 5}, (1, 1, 3, 3, 3)),
    ],
)
def test_a_kernel_larger_than_the_input_is_said_to_be(
    layer: str, options: dict[str, Any], shape: tuple[int, ...]
) -> None:
    backend = get_backend("megengine")
    with backend.building():
        convolution = backend.layer(layer)(1, 1, **options)
    with pytest.raises(InputError, match=r"A kernel of .* is larger than the input") as raised:
        convolution(backend.tensor(random(*shape)))
    assert "assertion" not in str(raised.value)
