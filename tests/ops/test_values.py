"""What the ops compute, and its gradients: against closed forms, and against torch in double precision."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from polynet import ops
from polynet.backend import Backend
from tests.compare import assert_close
from tests.ops.case import Case, as_list, widened
from tests.ops.table import CASES
from tests.tolerances import tolerance


def by_name(case: Case) -> str:
    return case.name


def test_every_op_that_computes_is_in_the_table() -> None:
    made_here = {"tensor", "zeros", "ones", "full", "zeros_like", "ones_like", "full_like", "arange", "linspace", "eye"}
    random = {"rand", "randn", "randint", "bernoulli", "Generator"}
    conversion = {"to", "cast", "to_numpy", "dtype_name", "device_name", "no_grad"}
    assert set(ops.__all__) - made_here - random - conversion == {case.op for case in CASES}


def test_names_in_the_table_are_unique() -> None:
    names = [case.name for case in CASES]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("case", [case for case in CASES if case.numpy], ids=by_name)
def test_value_equals_the_closed_form(case: Case, backend: Backend) -> None:
    assert case.numpy is not None
    actual = as_list(case.call(*map(backend.tensor, case.inputs)))
    expected = as_list(case.numpy(*map(widened, case.inputs)))
    assert len(actual) == len(expected)
    for number, (value, wanted) in enumerate(zip(actual, expected, strict=True)):
        assert_close(value, np.asarray(wanted), tolerance(case.name), what=f"{case.name}, result {number}")


@pytest.mark.parametrize("case", [case for case in CASES if case.torch], ids=by_name)
def test_value_equals_that_of_torch(case: Case, backend: Backend, reference: Backend) -> None:
    assert case.torch is not None
    torch = pytest.importorskip("torch")
    actual = as_list(case.call(*map(backend.tensor, case.inputs)))
    narrow = as_list(case.torch(torch, *map(reference.tensor, case.inputs)))
    expected = as_list(case.torch(torch, *(reference.tensor(widened(array)) for array in case.inputs)))
    assert len(actual) == len(expected)
    for number, (value, wanted, typed) in enumerate(zip(actual, expected, narrow, strict=True)):
        if backend is reference:
            assert value.dtype == typed.dtype
        assert_close(value, reference.numpy(wanted), tolerance(case.name), what=f"{case.name}, result {number}")


def gradients(case: Case, backend: Backend, arrays: list[Any], call: Any) -> list[Any]:
    """Gradients of a weighted sum of an op's floating-point results, for each floating-point input."""
    tensors = [backend.tensor(array) for array in arrays]
    variables = list(zip(tensors, arrays, strict=True))[: len(arrays) - case.constants]
    sources = [tensor for tensor, array in variables if array.dtype.kind == "f"]
    dtype = next(array.dtype for array in arrays if array.dtype.kind == "f")
    generator = np.random.default_rng(3)

    def weighted_sum() -> Any:
        total = None
        for result in as_list(call(*tensors)):
            if "float" not in ops.dtype_name(result):
                continue
            weights = generator.uniform(0.5, 1.5, tuple(result.shape)).astype(dtype)
            part = ops.sum(result * backend.tensor(weights))
            total = part if total is None else total + part
        return total

    return backend.differentiate(weighted_sum, sources)[1]


def has_gradient(case: Case) -> bool:
    return case.differentiable and any(array.dtype.kind == "f" for array in case.inputs) and case.op not in NOT_FLOATING


NOT_FLOATING = [
    "isnan",
    "isinf",
    "isfinite",
    "logical_and",
    "logical_or",
    "logical_not",
    "any",
    "all",
    "argmax",
    "argmin",
    "argsort",
    "nonzero",
    "floor",
    "ceil",
    "round",
    "sign",
]


@pytest.mark.parametrize("case", [case for case in CASES if has_gradient(case)], ids=by_name)
def test_gradients_equal_those_of_torch_in_double_precision(case: Case, backend: Backend, reference: Backend) -> None:
    torch = pytest.importorskip("torch")
    native = case.torch
    call = case.call if native is None else lambda *tensors: native(torch, *tensors)
    actual = gradients(case, backend, list(case.inputs), case.call)
    expected = gradients(case, reference, [widened(array) for array in case.inputs], call)
    assert any(gradient is not None for gradient in expected)
    for number, (gradient, wanted) in enumerate(zip(actual, expected, strict=True)):
        what = f"{case.name}, gradient of floating-point input {number}"
        if wanted is None:
            assert gradient is None or not np.any(backend.numpy(gradient)), what
            continue
        assert gradient is not None, what
        assert_close(gradient, reference.numpy(wanted), tolerance(case.name), what=what)


@pytest.mark.parametrize("op", ["floor", "ceil", "round", "sign"])
def test_steps_have_gradient_zero(op: str, backend: Backend) -> None:
    x = backend.tensor(np.array([-1.5, 0.2, 2.0], np.float32))
    _, (gradient,) = backend.differentiate(lambda: ops.sum(getattr(ops, op)(x) + x), [x])
    assert_close(gradient, np.ones(3, np.float32))
