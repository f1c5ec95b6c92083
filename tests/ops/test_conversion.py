"""Dtypes, devices, numpy, and what does not reach the gradient."""

from __future__ import annotations

import numpy as np
import pytest

from polynet import ops
from polynet.backend import Backend
from polynet.errors import DeviceError
from tests.compare import assert_close

X = np.array([[-1.5, 0.0], [2.5, 3.0]], dtype=np.float32)


@pytest.mark.parametrize("dtype", ["float16", "float32", "int32", "uint8", "bool"])
def test_cast_changes_the_dtype(dtype: str, backend: Backend) -> None:
    positive = np.abs(X)
    result = ops.cast(backend.tensor(positive), dtype)
    assert ops.dtype_name(result) == dtype
    assert_close(result, positive.astype(dtype))
    assert_close(ops.to(backend.tensor(positive), dtype=dtype), positive.astype(dtype))


def test_cast_takes_a_native_dtype(backend: Backend) -> None:
    native = backend.tensor(np.array([1], np.int32)).dtype
    assert ops.dtype_name(ops.cast(backend.tensor(X), native)) == "int32"


def test_wide_dtypes_are_the_widest_there_are(backend: Backend) -> None:
    assert ops.dtype_name(ops.cast(backend.tensor(X), "int64")) in ("int64", "int32")
    assert ops.dtype_name(ops.cast(backend.tensor(X), "float64")) in ("float64", "float32")


def test_to_the_same_place_changes_nothing(backend: Backend) -> None:
    x = backend.tensor(X)
    assert_close(ops.to(x), X)
    assert_close(ops.to(x, "float32", "cpu"), X)
    assert ops.device_name(ops.to(x, device="cpu")) == "cpu"


@pytest.mark.parametrize("device", ["gpu", "cuda:99", "teapot"])
def test_absent_device_is_a_device_error(device: str, backend: Backend) -> None:
    with pytest.raises(DeviceError):
        ops.to(backend.tensor(X), device=device)
    with pytest.raises(DeviceError):
        ops.zeros(2, device=device)


def test_numpy_array_is_a_writable_copy(backend: Backend) -> None:
    x = backend.tensor(X)
    array = ops.to_numpy(x)
    array[:] = 0
    assert_close(x, X)
    assert type(ops.to_numpy(ops.sum(x))) is np.ndarray


def test_to_numpy_gives_bfloat16_as_float32() -> None:
    torch = pytest.importorskip("torch")
    assert_close(ops.to_numpy(torch.tensor([1.5], dtype=torch.bfloat16)), np.array([1.5], np.float32))


def test_stop_gradient_stops_the_gradient(backend: Backend) -> None:
    x = backend.tensor(X)
    _, (gradient,) = backend.differentiate(lambda: ops.sum(ops.stop_gradient(x) * x + x), [x])
    assert_close(gradient, X + 1)


def test_no_grad_records_nothing(backend: Backend) -> None:
    x = backend.tensor(X)

    def half_recorded() -> object:
        with ops.no_grad(x):
            square = x * x
        return ops.sum(square + 3 * x)

    value, (gradient,) = backend.differentiate(half_recorded, [x])
    assert_close(value, np.float32((X * X + 3 * X).sum()))
    assert_close(gradient, np.full_like(X, 3))


def test_no_grad_ends_with_its_block_even_after_an_error(backend: Backend) -> None:
    x = backend.tensor(X)

    def recorded() -> object:
        with pytest.raises(ZeroDivisionError), ops.no_grad():
            raise ZeroDivisionError
        return ops.sum(x * x)

    _, (gradient,) = backend.differentiate(recorded, [x])
    assert_close(gradient, 2 * X)
