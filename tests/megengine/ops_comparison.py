"""Runs an operation on MegEngine in float32 and on torch in float64, and compares values and gradients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from polynet.backend import get_backend

RELATIVE = 1e-5
FLOOR = 1e-2
"""Values are compared relative to the largest, or to this where all are smaller: they round as the inputs do."""

WIDE = {"f": np.float64, "i": np.int64, "u": np.uint8, "b": np.bool_}
NARROW = {"f": np.float32, "i": np.int32, "u": np.uint8, "b": np.bool_}
Operation = Callable[..., Any]


def leaves(result: Any) -> list[Any]:
    if isinstance(result, tuple | list):
        return [leaf for part in result for leaf in leaves(part)]
    return [result]


def on_torch(operation: Operation, arrays: tuple[np.ndarray, ...], seeds: list[np.ndarray]) -> tuple[list, list]:
    import torch

    ops = get_backend("torch").ops
    inputs = [torch.tensor(array.astype(WIDE[array.dtype.kind])) for array in arrays]
    sources = [each.requires_grad_() for each in inputs if each.is_floating_point()]
    results = leaves(operation(ops, *inputs))
    seeds.extend(np.asarray(np.random.default_rng(1).standard_normal(each.shape)) for each in results)
    loss = sum(
        (each * torch.tensor(seed)).sum()
        for each, seed in zip(results, seeds, strict=True)
        if each.is_floating_point() and each.requires_grad
    )
    if torch.is_tensor(loss):
        loss.backward()
    gradients = [np.zeros(each.shape) if each.grad is None else each.grad.numpy() for each in sources]
    return [each.detach().numpy() for each in results], gradients


def on_megengine(operation: Operation, arrays: tuple[np.ndarray, ...], seeds: list[np.ndarray]) -> tuple[list, list]:
    ops = get_backend("megengine").ops
    import megengine
    from megengine.autodiff import GradManager

    inputs = [megengine.tensor(array.astype(NARROW[array.dtype.kind])) for array in arrays]
    sources = [each for each in inputs if each.dtype.kind == "f"]
    manager = GradManager()
    if sources:
        manager.attach(sources)
    with manager:
        results = leaves(operation(ops, *inputs))
        products = [
            (each * megengine.tensor(seed.astype("float32"))).sum()
            for each, seed in zip(results, seeds, strict=True)
            if each.dtype.kind == "f"
        ]
        if sources and products:
            manager.backward(products)
    gradients = [np.zeros(each._tuple_shape, "float32") if each.grad is None else each.grad.numpy() for each in sources]
    return [each.numpy() for each in results], gradients


def assert_near(actual: np.ndarray, expected: np.ndarray, relative: float, what: str) -> None:
    assert actual.dtype == NARROW[expected.dtype.kind], f"{what}: dtype {actual.dtype} for {expected.dtype}"
    assert actual.shape == expected.shape, f"{what}: shape {actual.shape}, expected {expected.shape}"
    if expected.dtype.kind != "f":
        np.testing.assert_array_equal(actual, expected, err_msg=what)
        return
    finite = np.isfinite(expected)
    np.testing.assert_array_equal(actual[~finite], expected[~finite].astype("float32"), err_msg=what)
    if finite.any():
        difference = np.abs(actual[finite] - expected[finite]).max()
        largest = max(np.abs(expected[finite]).max(), FLOOR)
        assert difference <= relative * largest, f"{what}: {difference / largest:.3g} of the largest expected value"


def compare(operation: Operation, *arrays: np.ndarray, relative: float = RELATIVE, gradients: bool = True) -> None:
    """Fail unless `operation(ops, *inputs)` agrees, and so do its gradients for the floating-point inputs."""
    seeds: list[np.ndarray] = []
    with np.errstate(all="ignore"):
        expected, expected_gradients = on_torch(operation, arrays, seeds)
        actual, actual_gradients = on_megengine(operation, arrays, seeds)
    assert len(actual) == len(expected)
    for place, (left, right) in enumerate(zip(actual, expected, strict=True)):
        assert_near(left, right, relative, f"result {place}")
    if gradients:
        for place, (left, right) in enumerate(zip(actual_gradients, expected_gradients, strict=True)):
            assert_near(left, right, relative, f"gradient {place}")


def normal(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng((seed, *shape)).standard_normal(shape).astype("float32")


def integers(low: int, high: int, *shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng((seed, *shape)).integers(low, high, shape).astype("int32")
