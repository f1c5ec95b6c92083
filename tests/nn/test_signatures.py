"""Neutral layers, as declared and on every backend, take torch's arguments in torch's order with torch's defaults."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path
from typing import Any

import pytest

from polynet import nn
from polynet.backend import Backend
from polynet.errors import OptionError, UnsupportedError
from polynet.nn.module import NeutralMeta

LAYERS = sorted(
    name
    for name in nn.__all__
    if isinstance(cls := getattr(nn, name), NeutralMeta) and cls._native_name not in (None, "Module")
)

OMITTED = {"device", "dtype", "size_average", "reduce", "min_value", "max_value", "_weight", "_freeze"}
"""Of torch's own: where tensors lie is said when building, the next four are deprecated, the last two are internal."""

NEWER: dict[str, frozenset[str]] = dict.fromkeys(
    ("BatchNorm1d", "BatchNorm2d", "BatchNorm3d", "SyncBatchNorm", "GroupNorm", "InstanceNorm2d"), frozenset({"bias"})
)
"""Arguments that the oldest supported torch, 2.4, does not have."""

Parameters = list[tuple[str, Any]]


def torch_signature(name: str) -> Parameters:
    """Names and defaults of torch's layer, without what is omitted."""
    import torch

    cls: Any = getattr(torch.nn, name)
    constructor = torch.nn.RNNBase.__init__ if issubclass(cls, torch.nn.RNNBase) else cls.__init__
    found = signature_of(constructor, torch.nn.Module.__init__)
    if issubclass(cls, torch.nn.RNNBase):
        found = [item for item in found if item[0] != "mode"]
        if name == "RNN":
            found.insert(3, ("nonlinearity", "tanh"))
        if name != "LSTM":
            found = [item for item in found if item[0] != "proj_size"]
    return [item for item in found if item[0] not in OMITTED | NEWER.get(name, frozenset())]


def signature_of(constructor: Any, inherited: Any = None) -> Parameters:
    """Names and defaults of a constructor's own parameters; none where it is the inherited one of all modules."""
    if constructor is inherited:
        return []
    parameters = list(inspect.signature(constructor).parameters.values())[1:]
    return [described(parameter) for parameter in parameters]


def described(parameter: inspect.Parameter) -> tuple[str, Any]:
    """A parameter's name and default; what a variadic one is called does not matter."""
    marks = {parameter.VAR_POSITIONAL: "*", parameter.VAR_KEYWORD: "**"}
    default = "required" if parameter.default is parameter.empty else parameter.default
    return marks.get(parameter.kind, parameter.name), default


def declared_signature(name: str) -> Parameters:
    """Names and defaults that a neutral layer declares for the type checker."""
    source = Path(inspect.getfile(getattr(nn, name))).read_text()
    cls = next(node for node in ast.parse(source).body if isinstance(node, ast.ClassDef) and node.name == name)
    branch = next(node for node in cls.body if isinstance(node, ast.If))
    constructor = next(node for node in branch.body if isinstance(node, ast.FunctionDef) and node.name == "__init__")
    arguments = constructor.args
    positional = [argument.arg for argument in arguments.args][1:]
    defaults = [ast.literal_eval(node) for node in arguments.defaults]
    found: Parameters = list(zip(positional, ["required"] * (len(positional) - len(defaults)) + defaults, strict=True))
    found += [("*", "required")] if arguments.vararg else []
    found += [
        (argument.arg, "required" if default is None else ast.literal_eval(default))
        for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    ]
    found += [("**", "required")] if arguments.kwarg else []
    return found


@pytest.mark.parametrize("name", LAYERS)
def test_declared_arguments_are_torchs(reference: Backend, name: str) -> None:
    assert declared_signature(name) == torch_signature(name)


@pytest.mark.parametrize("name", LAYERS)
def test_the_backends_arguments_are_those_declared(backend: Backend, name: str) -> None:
    cls: Any = backend.layer(name)
    if backend.name == "torch":
        assert cls.__module__.startswith("torch.nn.")
        return
    given = signature_of(cls.__init__, backend.native_module_type.__init__)
    assert [key for key, _ in given] == [key for key, _ in declared_signature(name)]
    assert given == declared_signature(name)


UNSUPPORTED: dict[str, list[tuple[tuple[Any, ...], dict[str, Any]]]] = {
    "MaxPool2d": [((2,), {"return_indices": True})],
    "AdaptiveMaxPool1d": [((2,), {"return_indices": True})],
    "AdaptiveMaxPool2d": [((2,), {"return_indices": True})],
    "MultiheadAttention": [((8, 2), {"add_bias_kv": True}), ((8, 2), {"add_zero_attn": True})],
    "Embedding": [((4, 2), {"max_norm": 1.0}), ((4, 2), {"sparse": True}), ((4, 2), {"scale_grad_by_freq": True})],
}
"""Options that MegEngine cannot offer: refused at construction, with the reason."""


@pytest.mark.parametrize("name", UNSUPPORTED)
def test_options_a_backend_cannot_offer_are_refused_at_construction(frameworks: tuple[Backend, ...], name: str) -> None:
    for backend in frameworks:
        for arguments, options in UNSUPPORTED[name]:
            if backend.name == "torch":
                assert backend.layer(name)(*arguments, **options)
            else:
                with pytest.raises(UnsupportedError, match=f"{name}.*{next(iter(options))}"):
                    backend.layer(name)(*arguments, **options)


REFUSED: dict[str, tuple[Any, ...]] = {
    "Conv2d": (3, 4, 3, 1, 0, 1, 2),
    "ConvTranspose2d": (3, 4, 3, 1, 0, 0, 2),
    "GroupNorm": (0, 3),
    "Linear": (-3, 4),
    "LSTM": (3, 0),
    "MultiheadAttention": (5, 2),
    "Dropout": (1.5,),
    "Sequential": (3,),
}
"""Values that no framework's layer can be made with."""


@pytest.mark.parametrize("name", REFUSED)
def test_values_a_layer_cannot_be_made_with_are_an_option_error(name: str, backend: Backend) -> None:
    with pytest.raises(OptionError, match=name):
        getattr(nn, name)(*REFUSED[name])


def test_every_layer_that_computes_is_compared_with_torchs() -> None:
    from tests.nn import (
        test_layers_activation,
        test_layers_convolution,
        test_layers_loss,
        test_layers_normalisation,
        test_layers_pooling,
        test_layers_random,
        test_layers_sequence,
        test_layers_shape,
    )

    tables: list[Any] = [
        test_layers_activation,
        test_layers_convolution,
        test_layers_loss,
        test_layers_normalisation,
        test_layers_pooling,
        test_layers_random,
        test_layers_sequence,
        test_layers_shape,
    ]
    compared = {parameter.values[0].layer for table in tables for parameter in table.CASES}
    containers = {"Sequential", "ModuleList", "ModuleDict", "ParameterList"}
    assert set(LAYERS) - containers == compared
