"""Shapes and dtypes of every op equal those of torch's meta device, and wrong shapes are refused where torch does."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

import polynet_shapes.ops
from polynet import ops
from polynet.backend import Backend
from polynet.errors import InputError, OptionError
from polynet_shapes.tensor import ShapeTensor
from tests.shapes.bad_cases import BAD
from tests.shapes.op_cases import GROUPS, Case
from tests.shapes.window_cases import CONVOLUTIONS, POOLING

CASES = {
    f"{group}-{name}": case
    for group, cases in {**GROUPS, "convolutions": CONVOLUTIONS, "pooling": POOLING}.items()
    for name, case in cases.items()
}

WITHOUT_A_SHAPE = {"to_numpy", "no_grad", "nonzero"}
"""Ops that return no tensor here; they have tests of their own."""


def shape_tensor(*shape: int, dtype: str = "float32") -> ShapeTensor:
    return ShapeTensor(shape, dtype)


def described(value: Any) -> Any:
    """Shape and dtype of a tensor, or of each in a sequence."""
    if isinstance(value, (tuple, list)):
        return [described(item) for item in value]
    return list(value.shape), str(value.dtype).removeprefix("torch.")


@pytest.fixture
def meta_tensor(torch: Any) -> Any:
    def make(*shape: int, dtype: str = "float32") -> Any:
        return torch.empty(shape, dtype=getattr(torch, dtype), device="meta")

    return make


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_shape_and_dtype_are_those_of_torch(case: Case, shapes: Backend, meta_tensor: Any) -> None:
    assert described(case(ops, shape_tensor)) == described(case(ops, meta_tensor))


@pytest.mark.parametrize("case", BAD.values(), ids=BAD)
def test_what_torch_refuses_is_refused(case: Case, shapes: Backend, torch: Any) -> None:
    # On the meta device torch lets some of these pass; with numbers it refuses them all.
    with pytest.raises((RuntimeError, ValueError, IndexError, TypeError)):
        case(ops, lambda *shape, dtype="float32": torch.zeros(shape, dtype=getattr(torch, dtype)))
    with pytest.raises((InputError, OptionError)):
        case(ops, shape_tensor)


class Recorder:
    """Stands in for `ops` and notes which functions are used."""

    def __init__(self) -> None:
        self.used: set[str] = set()

    def __getattr__(self, name: str) -> Any:
        self.used.add(name)
        return getattr(ops, name)


def neutral_functions() -> set[str]:
    return {name for name in ops.__all__ if inspect.isfunction(getattr(ops, name))}


def test_every_op_has_a_case(shapes: Backend) -> None:
    recorder = Recorder()
    for case in CASES.values():
        case(recorder, shape_tensor)
    assert neutral_functions() - recorder.used == WITHOUT_A_SHAPE


def test_every_op_exists_and_takes_its_arguments_by_the_neutral_names() -> None:
    for name in neutral_functions():
        neutral = inspect.signature(getattr(ops, name)).parameters
        own = inspect.signature(getattr(polynet_shapes.ops, name)).parameters
        settled = {"generator", "like", "unbiased"}  # by the neutral function itself
        assert set(neutral) ^ set(own) <= settled, name
