"""Every layer has torch's signature, parameter names and shapes, and gives torch's output shapes."""

from __future__ import annotations

import inspect
import warnings
from typing import Any

import pytest

from polynet import nn, ops
from polynet.backend import Backend
from polynet.errors import InputError, OptionError
from polynet_shapes.layers import LAYERS
from tests.shapes.layer_cases import CASES, OTHERWISE_TESTED, LayerCase
from tests.shapes.test_ops_against_torch import described

IDS = [f"{case.name}-{index}" for index, case in enumerate(CASES)]


def neutral_layers() -> set[str]:
    classes = (getattr(nn, name) for name in nn.__all__)
    names = {getattr(cls, "_native_name", None) for cls in classes if isinstance(cls, type)}
    return names - {None, "Module"}


def test_every_neutral_layer_is_there_and_has_a_case() -> None:
    assert set(LAYERS) == neutral_layers()
    assert {case.name for case in CASES} | OTHERWISE_TESTED == set(LAYERS)


@pytest.mark.parametrize("training", [True, False], ids=["train", "eval"])
@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_state_and_outputs_have_the_shapes_of_torch(
    case: LayerCase, training: bool, shapes: Backend, torch: Any
) -> None:
    own = getattr(nn, case.name)(*case.arguments, **case.options).train(training)
    theirs = getattr(torch.nn, case.name)(*case.arguments, **case.options).to("meta").train(training)
    assert type(own).__name__ == type(theirs).__name__
    assert [(name, *described(value)) for name, value in own.state_dict().items()] == [
        (name, *described(value)) for name, value in theirs.state_dict().items()
    ]
    assert [name for name, _ in own.named_parameters()] == [name for name, _ in theirs.named_parameters()]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = theirs(*(torch.empty(shape, device="meta") for shape in case.inputs))
    assert described(own(*(ops.zeros(shape) for shape in case.inputs))) == described(expected)


@pytest.mark.parametrize("name", sorted(LAYERS))
def test_arguments_are_those_of_torch(name: str, torch: Any) -> None:
    own = inspect.signature(LAYERS[name]).parameters
    theirs = inspect.signature(getattr(torch.nn, name)).parameters
    if any(parameter.kind is parameter.VAR_POSITIONAL for parameter in theirs.values()):
        pytest.skip("torch's signature says nothing")
    # torch has a few more: deprecated ones, `device` and `dtype`, and what its newest versions added.
    assert list(own) == [key for key in theirs if key in own]
    for key, parameter in own.items():
        assert parameter.default == theirs[key].default, key


def test_embedding_and_nll_take_whole_numbers(shapes: Backend) -> None:
    table = nn.Embedding(10, 4, padding_idx=-1)
    assert table.padding_idx == 9
    assert table(ops.zeros((2, 3), dtype="int64")).shape == (2, 3, 4)
    assert nn.NLLLoss(reduction="none")(ops.zeros((4, 5)), ops.zeros(4, dtype="int64")).shape == (4,)
    with pytest.raises(InputError, match="whole numbers"):
        table(ops.zeros((2, 3)))


def test_synchronised_batch_norm_has_the_state_of_batch_norm(shapes: Backend) -> None:
    assert described(list(nn.SyncBatchNorm(4).state_dict().values())) == described(
        list(nn.BatchNorm2d(4).state_dict().values())
    )


@pytest.mark.parametrize(
    ("name", "arguments", "options"),
    [
        ("Conv2d", (3, 4, 3), {"groups": 2}),
        ("Conv2d", (3, 4, 3), {"padding": "same", "stride": 2}),
        ("Conv2d", (3, 4, 3), {"padding_mode": "mirror"}),
        ("MultiheadAttention", (6, 4), {}),
        ("GroupNorm", (3, 4), {}),
        ("Dropout", (1.5,), {}),
        ("GELU", ("erf",), {}),
        ("Embedding", (3, 4), {"padding_idx": 3}),
        ("LSTM", (3, 4), {"proj_size": 4}),
        ("MSELoss", (), {"reduction": "average"}),
        ("Linear", (3, 4), {"biass": True}),
    ],
)
def test_impossible_options_are_refused(
    name: str, arguments: tuple[Any, ...], options: dict[str, Any], shapes: Backend
) -> None:
    with pytest.raises(OptionError):
        getattr(nn, name)(*arguments, **options)


@pytest.mark.parametrize(
    ("name", "arguments", "shape"),
    [
        ("BatchNorm2d", (4,), (2, 4)),
        ("BatchNorm2d", (4,), (2, 5, 6, 6)),
        ("InstanceNorm2d", (4,), (2, 5, 6, 6)),
        ("LSTM", (6, 3), (5, 2, 7)),
        ("Conv2d", (3, 4, 3), (1, 4, 8, 8)),
        ("Linear", (3, 4), (2, 4)),
    ],
)
def test_inputs_that_do_not_fit_are_refused(
    name: str, arguments: tuple[Any, ...], shape: tuple[int, ...], shapes: Backend
) -> None:
    layer = getattr(nn, name)(*arguments)
    with pytest.raises(InputError, match=str(shape[-1])):
        layer(ops.zeros(shape))
