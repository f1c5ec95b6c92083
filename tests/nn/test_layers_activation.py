"""Activations compute on every backend what torch's do, at their kinks too."""

from __future__ import annotations

import numpy as np
import pytest

from polynet.backend import Backend
from tests.nn.layer_case import Case, case, check, fixed, normal

WIDE = fixed(np.random.default_rng(1).standard_normal((3, 4, 5)) * 4)
KINKS = fixed([[-1e4, -100.0, -20.0, -6.0, -3.0, -1.0, -0.0, 0.0, 1.0, 3.0, 6.0, 20.0, 100.0]])

ELEMENTWISE: list[tuple[str, dict[str, object]]] = [
    ("ReLU", {}),
    ("ReLU6", {}),
    ("LeakyReLU", {}),
    ("LeakyReLU", {"negative_slope": 0.3}),
    ("PReLU", {}),
    ("ELU", {}),
    ("ELU", {"alpha": 0.7}),
    ("SELU", {}),
    ("GELU", {}),
    ("GELU", {"approximate": "tanh"}),
    ("SiLU", {}),
    ("Mish", {}),
    ("Hardswish", {}),
    ("Hardsigmoid", {}),
    ("Hardtanh", {}),
    ("Hardtanh", {"min_val": -3.0, "max_val": 6.0}),
    ("Sigmoid", {}),
    ("Tanh", {}),
    ("Softplus", {}),
    ("Softplus", {"beta": 2.0, "threshold": 5.0}),
    ("Softsign", {}),
    ("LogSigmoid", {}),
]

INPLACE = ("ReLU", "ReLU6", "LeakyReLU", "ELU", "SELU", "SiLU", "Mish", "Hardswish", "Hardsigmoid", "Hardtanh")

CASES = [
    *(case(layer, inputs=WIDE, modes=(True,), **options) for layer, options in ELEMENTWISE),
    case("PReLU", 4, inputs=WIDE),
    case("PReLU", 4, init=0.1, inputs=normal(3, 4)),
    case("PReLU", 4, inputs=normal(2, 4, 3, 5)),
    *(case(layer, dim=dim, inputs=WIDE, modes=(True,)) for layer in ("Softmax", "LogSoftmax") for dim in (0, 1, -1)),
    case("Softmax", dim=-1, inputs=fixed([[0.0, -np.inf, 1.0], [1e4, -1e4, 0.0]]), modes=(True,)),
]

AT_KINKS = [case(layer, inputs=KINKS, modes=(True,), **options) for layer, options in ELEMENTWISE]


@pytest.mark.parametrize("case", CASES)
def test_layer_equals_torchs(backend: Backend, reference: Backend, case: Case) -> None:
    check(backend, reference, case)


@pytest.mark.parametrize("case", AT_KINKS)
def test_layer_and_its_subgradients_equal_torchs_at_kinks_and_extremes(
    backend: Backend, reference: Backend, case: Case
) -> None:
    check(backend, reference, case)


@pytest.mark.parametrize("name", INPLACE)
def test_inplace_is_accepted_and_gives_the_same_output(backend: Backend, name: str) -> None:
    from polynet import nn

    values = np.linspace(-4, 7, 12).astype(np.float32)
    usual = getattr(nn, name)()(backend.tensor(values))
    overwriting = getattr(nn, name)(inplace=True)(backend.tensor(values))
    np.testing.assert_array_equal(backend.numpy(overwriting), backend.numpy(usual))
