"""What a layer cannot be made with is refused, in the same words on every backend, before anything is made."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest

from polynet import nn
from polynet.backend import Backend, use_backend
from polynet.errors import OptionError
from tests.nn.test_signatures import LAYERS, declared_signature, signature_of

Bad = tuple[tuple[Any, ...], dict[str, Any], str]
"""A layer's arguments, its options, and what the error says after the layer's name."""

POSITIVE = "must be at least 1"
NOT_NEGATIVE = "must be at least 0"
WHOLE = "must be an integer, not"
BOOLEAN = "must be True or False"
REDUCTION = r"reduction='meen' must be one of .*'mean', 'sum', 'none'\. Did you mean '(batch)?mean'"


def convolution(*, transposed: bool) -> list[Bad]:
    """What no convolution can be made with."""
    found: list[Bad] = [
        ((0, 4, 3), {}, f"in_channels=0 {POSITIVE}"),
        ((3, -4, 3), {}, f"out_channels=-4 {POSITIVE}"),
        ((3, 4, 0), {}, f"kernel_size=0 {POSITIVE}"),
        ((3.0, 4, 3), {}, f"in_channels {WHOLE} 3.0"),
        ((3, 4, "3"), {}, f"kernel_size {WHOLE} '3'"),
        ((3, 4, 3), {"stride": 0}, f"stride=0 {POSITIVE}"),
        ((3, 4, 3), {"stride": -1}, f"stride=-1 {POSITIVE}"),
        ((3, 4, 3), {"padding": -1}, f"padding=-1 {NOT_NEGATIVE}"),
        ((3, 4, 3), {"dilation": 0}, f"dilation=0 {POSITIVE}"),
        ((3, 4, 3), {"stride": (1, 1, 1, 1)}, r"stride=\(1, 1, 1, 1\) must be one integer"),
        ((3, 4, 3), {"groups": 0}, f"groups=0 {POSITIVE}"),
        ((4, 6, 3), {"groups": 4}, "out_channels=6 must be divisible by groups=4"),
        ((3, 4, 3), {"bias": "no"}, f"bias='no' {BOOLEAN}"),
        ((3, 4, 3), {"bias": None}, f"bias=None {BOOLEAN}"),
    ]
    if transposed:
        return [
            *found,
            ((3, 4, 3), {"output_padding": 1}, "output_padding=1 must be smaller than stride=1 or dilation=1"),
            ((3, 4, 3), {"padding_mode": "reflect"}, "padding_mode='reflect' must be 'zeros'"),
        ]
    return [
        *found,
        ((3, 4, 3), {"padding": "sane"}, r"padding='sane' must be integers, 'same' or 'valid'\. Did you mean 'same'"),
        ((3, 4, 3, 2, "same"), {}, "padding='same' needs stride 1"),
        ((3, 4, 3), {"padding_mode": "zero"}, r"padding_mode='zero' must be one of .* Did you mean 'zeros'"),
    ]


WINDOWS: list[Bad] = [
    ((0,), {}, f"kernel_size=0 {POSITIVE}"),
    ((2, 0), {}, f"stride=0 {POSITIVE}"),
    ((2, 2, -1), {}, f"padding=-1 {NOT_NEGATIVE}"),
    ((2,), {"padding": 2}, "padding=2 must be at most half of kernel_size=2"),
    ((2,), {"ceil_mode": "yes"}, f"ceil_mode='yes' {BOOLEAN}"),
]
MAX_POOL: list[Bad] = [*WINDOWS, ((2,), {"dilation": 0}, f"dilation=0 {POSITIVE}")]
DIVISOR: list[Bad] = [((2,), {"divisor_override": 0}, f"divisor_override=0 {POSITIVE}")]
ADAPTIVE: list[Bad] = [
    ((0,), {}, f"output_size=0 {POSITIVE}"),
    (("a",), {}, f"output_size {WHOLE} 'a'"),
    (((1, 2, 3, 4),), {}, "output_size=.* must be one integer"),
]
IN_PLACE: list[Bad] = [((), {"inplace": "False"}, f"inplace='False' {BOOLEAN}"), ((), {"inplase": True}, "unknown")]
BATCH_NORM: list[Bad] = [
    ((0,), {}, f"num_features=0 {POSITIVE}"),
    ((3, -1e-5), {}, "eps=-1e-05 must be a number of at least 0"),
    ((3,), {"eps": "small"}, "eps='small' must be a number"),
    ((3,), {"momentum": 1.5}, "momentum=1.5 must be a number from 0 to 1"),
    ((3,), {"affine": "no"}, f"affine='no' {BOOLEAN}"),
]
RECURRENT: list[Bad] = [
    ((0, 3), {}, f"input_size=0 {POSITIVE}"),
    ((3, 0), {}, f"hidden_size=0 {POSITIVE}"),
    ((3, 4, 0), {}, f"num_layers=0 {POSITIVE}"),
    ((3, 4), {"dropout": 2}, "dropout=2 must be a number from 0 to 1"),
    ((3, 4), {"bidirectional": "both"}, f"bidirectional='both' {BOOLEAN}"),
]
DROPOUT: list[Bad] = [
    ((1.5,), {}, "p=1.5 must be a number from 0 to 1"),
    ((float("nan"),), {}, "p=nan must be"),
    (("0.5",), {}, "p='0.5' must be"),
    ((True,), {}, "p=True must be"),
]
PADDING: list[Bad] = [
    (((1, 2, 3),), {}, "padding=.* must be one integer or four"),
    ((1.5,), {}, f"padding {WHOLE} 1.5"),
]
MIRRORED: list[Bad] = [*PADDING, ((-1,), {}, f"padding=-1 {NOT_NEGATIVE}")]

BAD: dict[str, list[Bad]] = {
    **{f"Conv{axes}d": convolution(transposed=False) for axes in (1, 2, 3)},
    **{f"ConvTranspose{axes}d": convolution(transposed=True) for axes in (1, 2, 3)},
    **{f"MaxPool{axes}d": MAX_POOL for axes in (1, 2, 3)},
    **{f"AvgPool{axes}d": [*WINDOWS, *(DIVISOR if axes > 1 else [])] for axes in (1, 2, 3)},
    **{f"Adaptive{kind}Pool{axes}d": ADAPTIVE for kind in ("Avg", "Max") for axes in (1, 2, 3)},
    **dict.fromkeys(("BatchNorm1d", "BatchNorm2d", "BatchNorm3d", "SyncBatchNorm", "InstanceNorm2d"), BATCH_NORM),
    **dict.fromkeys(("ReLU", "ReLU6", "SELU", "SiLU", "Mish", "Hardswish", "Hardsigmoid"), IN_PLACE),
    **{name: [*DROPOUT, *IN_PLACE] for name in ("Dropout", "Dropout2d")},
    **{name: [(("mean",), {}, "too many"), ((), {"reduction": "meen"}, REDUCTION)] for name in ("MSELoss", "L1Loss")},
    "LeakyReLU": [(("steep",), {}, "negative_slope='steep' must be"), *IN_PLACE],
    "PReLU": [((0,), {}, f"num_parameters=0 {POSITIVE}"), ((1, "a"), {}, "init='a' must be a finite number")],
    "ELU": [((float("inf"),), {}, "alpha=inf must be a finite number"), *IN_PLACE],
    "GELU": [(("tan",), {}, r"approximate='tan' must be one of 'none', 'tanh'\. Did you mean 'tanh'")],
    "Hardtanh": [((1.0, 1.0), {}, "min_val=1.0 must be less than max_val=1.0"), *IN_PLACE],
    "Softplus": [((0,), {}, "beta=0 must be a number above 0"), ((1, None), {}, "threshold=None must be")],
    "Softmax": [((1.5,), {}, f"dim {WHOLE} 1.5")],
    "LogSoftmax": [(("last",), {}, f"dim {WHOLE} 'last'")],
    "Linear": [
        ((0, 4), {}, f"in_features=0 {POSITIVE}"),
        ((3, -4), {}, f"out_features=-4 {POSITIVE}"),
        ((3.5, 4), {}, f"in_features {WHOLE} 3.5"),
        ((3, 4), {"bias": "False"}, f"bias='False' {BOOLEAN}"),
        ((3, 4), {"bais": True}, "unknown option 'bais'. Did you mean 'bias'"),
    ],
    "LayerNorm": [
        ((0,), {}, f"normalized_shape=0 {POSITIVE}"),
        (((),), {}, "normalized_shape=.* at least one size"),
        ((4, -1), {}, "eps=-1 must be a number of at least 0"),
    ],
    "RMSNorm": [((0,), {}, f"normalized_shape=0 {POSITIVE}"), ((4, -1), {}, "eps=-1 must be")],
    "GroupNorm": [
        ((0, 4), {}, f"num_groups=0 {POSITIVE}"),
        ((3, 4), {}, "num_channels=4 must be divisible by num_groups=3"),
        ((2, 4, float("nan")), {}, "eps=nan must be"),
    ],
    "LocalResponseNorm": [((0,), {}, f"size=0 {POSITIVE}"), ((2, "a"), {}, "alpha='a' must be")],
    "Embedding": [
        ((0, 4), {}, f"num_embeddings=0 {POSITIVE}"),
        ((4, 0), {}, f"embedding_dim=0 {POSITIVE}"),
        ((4, 2, 4), {}, "padding_idx=4 must be within num_embeddings=4"),
        ((4, 2, 1.5), {}, f"padding_idx {WHOLE} 1.5"),
    ],
    "MultiheadAttention": [
        ((5, 2), {}, "embed_dim=5 must be divisible by num_heads=2"),
        ((4, 0), {}, f"num_heads=0 {POSITIVE}"),
        ((4, 2), {"dropout": -0.1}, "dropout=-0.1 must be"),
        ((4, 2), {"kdim": 0}, f"kdim=0 {POSITIVE}"),
    ],
    "GRU": RECURRENT,
    "LSTM": [*RECURRENT, ((3, 4), {"proj_size": 4}, "proj_size=4 must be smaller than hidden_size=4")],
    "RNN": [
        *RECURRENT,
        ((3, 4, 1, "relo"), {}, "nonlinearity='relo' must be one of 'tanh', 'relu'. Did you mean 'relu"),
    ],
    "ZeroPad2d": PADDING,
    "ConstantPad2d": [((1, "white"), {}, "value='white' must be"), ((1.5, 0.0), {}, f"padding {WHOLE} 1.5")],
    "ReflectionPad2d": MIRRORED,
    "ReplicationPad2d": MIRRORED,
    "Upsample": [
        ((), {}, "exactly one of size and scale_factor"),
        ((2, 2.0), {}, "exactly one of size and scale_factor"),
        ((0,), {}, f"size=0 {POSITIVE}"),
        ((None, -1.0), {}, "scale_factor=-1.0 must be a number above 0"),
        ((2,), {"mode": "biliner"}, "mode='biliner' must be one of .*Did you mean 'bilinear'"),
        ((2,), {"align_corners": True}, "align_corners=True needs mode linear.*not 'nearest'"),
    ],
    "Flatten": [(("a",), {}, f"start_dim {WHOLE} 'a'"), ((1, 2.5), {}, f"end_dim {WHOLE} 2.5")],
    "Unflatten": [((1, 4), {}, "unflattened_size=4 must be integers"), ((1, (-1, -1)), {}, "at most one axis open")],
    "PixelShuffle": [((0,), {}, f"upscale_factor=0 {POSITIVE}"), ((1.5,), {}, f"upscale_factor {WHOLE} 1.5")],
    "PixelUnshuffle": [((0,), {}, f"downscale_factor=0 {POSITIVE}")],
    "Unfold": [((0,), {}, f"kernel_size=0 {POSITIVE}"), ((2,), {"stride": 0}, f"stride=0 {POSITIVE}")],
    "Fold": [((0, 2), {}, f"output_size=0 {POSITIVE}"), ((4, 2), {"dilation": 0}, f"dilation=0 {POSITIVE}")],
    "CrossEntropyLoss": [
        ((), {"reduction": "meen"}, REDUCTION),
        ((), {"label_smoothing": 1.5}, "label_smoothing=1.5 must be a number from 0 to 1"),
        ((), {"ignore_index": 0.5}, f"ignore_index {WHOLE} 0.5"),
    ],
    "NLLLoss": [((), {"reduction": "meen"}, REDUCTION), ((), {"ignore_index": "a"}, f"ignore_index {WHOLE} 'a'")],
    "BCEWithLogitsLoss": [((), {"reduction": "meen"}, REDUCTION)],
    "SmoothL1Loss": [((), {"reduction": "meen"}, REDUCTION), ((), {"beta": -1}, "beta=-1 must be")],
    "KLDivLoss": [((), {"reduction": "meen"}, REDUCTION), ((), {"log_target": "a"}, f"log_target='a' {BOOLEAN}")],
}
"""By layer, what it cannot be made with."""

WITHOUT_OPTIONS = {"Identity", "LogSigmoid", "Sigmoid", "Softsign", "Tanh"}
CONTAINERS = {"ModuleDict", "ModuleList", "ParameterList", "Sequential"}

CASES = [
    pytest.param(name, *bad, id=f"{name}-{number}")
    for name, several in BAD.items()
    for number, bad in enumerate(several)
]


@pytest.mark.parametrize(("name", "arguments", "options", "said"), CASES)
def test_what_a_layer_cannot_be_made_with_is_refused(
    name: str, arguments: tuple[Any, ...], options: dict[str, Any], said: str, backend: Backend
) -> None:
    with pytest.raises(OptionError, match=f"^{name}: .*{said}"):
        getattr(nn, name)(*arguments, **options)


@pytest.mark.parametrize(("name", "arguments", "options", "said"), CASES)
def test_a_class_derived_from_a_layer_is_refused_the_same(
    name: str, arguments: tuple[Any, ...], options: dict[str, Any], said: str, backend: Backend
) -> None:
    layer: Any = getattr(nn, name)

    class Inheriting(layer):  # type: ignore[misc]  # of a class known when running
        pass

    class Calling(layer):  # type: ignore[misc]  # likewise
        def __init__(self) -> None:
            super().__init__(*arguments, **options)

    with pytest.raises(OptionError, match=said):
        Inheriting(*arguments, **options)
    with pytest.raises(OptionError, match=said):
        Calling()


def test_every_layer_with_options_is_covered() -> None:
    assert set(BAD) | WITHOUT_OPTIONS | CONTAINERS == set(LAYERS)


@pytest.mark.parametrize("name", sorted(set(LAYERS) - CONTAINERS - {"Identity"}))
def test_rules_take_what_layers_declare(name: str) -> None:
    rule: Any = getattr(nn, name)._rule
    own = [(key, default) for key, default in signature_of(rule) if key != "**"]
    assert own == [(key, default) for key, default in declared_signature(name) if key not in ("*", "**")]
    assert list(inspect.signature(getattr(nn, name)).parameters) == [key for key, _ in own]


@pytest.mark.parametrize("container", ["Sequential", "ModuleList", "ModuleDict"])
def test_containers_refuse_what_is_no_module(container: str, backend: Backend) -> None:
    wrong: Any = {"Sequential": 3, "ModuleList": [3], "ModuleDict": {"a": 3}}[container]
    with pytest.raises(OptionError, match=container):
        getattr(nn, container)(wrong)


def test_numbers_of_numpys_are_numbers(backend: Backend) -> None:
    layer = nn.Conv2d(np.int64(3), np.int32(4), (np.int64(3), 1), bias=np.bool_(False))  # type: ignore[arg-type]
    assert layer.bias is None
    assert nn.Dropout(np.float32(0.5)).p == 0.5  # type: ignore[arg-type]  # a number all the same


def test_nothing_is_drawn_before_a_layer_is_refused(reference: Backend) -> None:
    import torch

    before = torch.random.get_rng_state()
    with use_backend(reference), pytest.raises(OptionError):
        nn.Conv2d(3, 4, 3, stride=0)
    assert torch.equal(torch.random.get_rng_state(), before)
