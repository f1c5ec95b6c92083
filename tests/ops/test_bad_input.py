"""What the ops say to arguments that make no sense."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import polynet
from polynet import ops
from polynet.backend import Backend
from polynet.errors import FrameworkMismatchError, InputError, OptionError, PolyNetError, UnknownNameError
from polynet.ops.explain import explained
from tests.ops.case import Case, normal
from tests.ops.table import CASES


def one_for_each_op(cases: list[Case]) -> list[Case]:
    """The call of each op that takes the most tensors."""
    found: dict[str, Case] = {}
    for case in cases:
        if case.op not in found or len(case.inputs) > len(found[case.op].inputs):
            found[case.op] = case
    return list(found.values())


IMAGE = normal(1, 2, 4, 4)

TENSOR_FIRST = sorted(
    {case.op for case in CASES} - {"cat", "stack", "meshgrid", "einsum", "where", "nonzero", "drop_path"}
)


@pytest.mark.parametrize("op", TENSOR_FIRST)
@pytest.mark.parametrize("value", [IMAGE, [1.0, 2.0], 3.0, None, "x"], ids=["array", "list", "number", "None", "text"])
def test_what_is_no_tensor_is_refused(op: str, value: Any) -> None:
    case = next(case for case in CASES if case.op == op)
    with pytest.raises(FrameworkMismatchError, match="tensor"):
        case.call(*(value for _ in case.inputs))


SEVERAL = [(case, place) for case in one_for_each_op(CASES) for place in range(1, len(case.inputs))]
SEVERAL_NAMES = [f"{case.op} {place}" for case, place in SEVERAL]


@pytest.mark.parametrize(("case", "place"), SEVERAL, ids=SEVERAL_NAMES)
def test_two_frameworks_in_one_op_are_refused(case: Case, place: int, both: tuple[Backend, Backend]) -> None:
    for one, other in (both, both[::-1]):
        tensors = [(other if at == place else one).tensor(array) for at, array in enumerate(case.inputs)]
        with pytest.raises(FrameworkMismatchError, match=rf"^{case.op}: "):
            case.call(*tensors)


@pytest.mark.parametrize("convert", [np.asarray, np.ndarray.tolist], ids=["array", "list"])
@pytest.mark.parametrize(("case", "place"), SEVERAL, ids=SEVERAL_NAMES)
def test_an_array_beside_a_tensor_is_refused(case: Case, place: int, convert: Any, backend: Backend) -> None:
    values = [convert(array) if at == place else backend.tensor(array) for at, array in enumerate(case.inputs)]
    with pytest.raises(FrameworkMismatchError, match=rf"^{case.op}: .*(numpy\.ndarray|list)"):
        case.call(*values)


OPTIONS: dict[str, tuple[Callable[[Any], Any], str]] = {
    "pad mode": (lambda x: ops.pad(x, (1, 1), mode="reflekt"), "'reflect'"),
    "interpolate mode": (lambda x: ops.interpolate(x, 2, mode="bilinaer"), "'bilinear'"),
    "interpolate without a size": (lambda x: ops.interpolate(x), "size and scale_factor"),
    "interpolate with two sizes": (lambda x: ops.interpolate(x, 2, 2.0), "size and scale_factor"),
    "interpolate nearest aligned": (lambda x: ops.interpolate(x, 2, align_corners=True), "align_corners"),
    "gelu form": (lambda x: ops.gelu(x, "tahn"), "'tanh'"),
    "meshgrid indexing": (lambda x: ops.meshgrid(x, indexing="ji"), "'ij', 'xy'"),
    "reduction": (lambda x: ops.mse_loss(x, x, reduction="means"), "'mean'"),
    "reduction of kl_div": (lambda x: ops.kl_div(x, x, reduction="batch_mean"), "'batchmean'"),
    "clamp by nothing": (lambda x: ops.clamp(x), "min, max"),
    "drop_path probability": (lambda x: ops.drop_path(x, 1.5), "probability"),
    "adaptive pool to nothing": (lambda x: ops.adaptive_avg_pool2d(x, 0), "output_size=0"),
    "adaptive pool to less": (lambda x: ops.adaptive_max_pool2d(x, (2, -1)), "output_size"),
}


@pytest.mark.parametrize("name", OPTIONS)
def test_bad_option_is_an_option_error_that_says_what_is_allowed(name: str, backend: Backend) -> None:
    call, message = OPTIONS[name]
    with pytest.raises(OptionError, match=message):
        call(backend.tensor(IMAGE))


def test_an_error_has_the_frameworks_own_as_its_cause(backend: Backend) -> None:
    with pytest.raises(PolyNetError) as caught:
        ops.cat([backend.tensor(IMAGE), backend.tensor(IMAGE[:, :, :2])])
    assert caught.value.__cause__ is not None


def test_running_out_of_memory_is_no_bad_input() -> None:
    for error in (MemoryError(), RuntimeError("DefaultCPUAllocator: not enough memory"), KeyboardInterrupt()):

        @explained
        def allocate(error: BaseException = error) -> None:
            raise error

        with pytest.raises(type(error)) as caught:
            allocate()
        assert caught.value is error


def test_errors_of_derived_types_are_left_to_who_raised_them(backend: Backend) -> None:
    class CompilerError(RuntimeError):
        pass

    @explained
    def recorded(input: Any) -> None:
        raise CompilerError("recorded")

    with pytest.raises(CompilerError):
        recorded(backend.tensor(IMAGE))


def test_a_refused_draw_uses_no_numbers_up(backend: Backend) -> None:
    drawn, kept = ops.Generator(3), ops.Generator(3)
    with pytest.raises(PolyNetError):
        ops.rand(("two",), generator=drawn, like=backend.tensor(IMAGE))
    assert np.array_equal(drawn.uniform(4), kept.uniform(4))


@pytest.mark.parametrize("size", [-1, (2, -1), "two", 1.5, None])
def test_a_generator_refuses_sizes_that_are_none(size: Any) -> None:
    for draw in (ops.Generator(0).uniform, ops.Generator(0).normal, lambda size: ops.Generator(0).integers(0, 2, size)):
        with pytest.raises((InputError, OptionError), match="size"):
            draw(size)


@pytest.mark.parametrize("name", [name for name in ops.__all__ if name != "Generator"])
def test_an_unknown_keyword_is_named_with_those_there_are(name: str) -> None:
    with pytest.raises(OptionError, match=rf"^{name}: unknown option 'frobnicate'.* {first_keyword(name)}"):
        getattr(ops, name)(frobnicate=1)


def first_keyword(name: str) -> str:
    """The first parameter of an op that can be given by name."""
    parameters = inspect.signature(getattr(ops, name)).parameters.values()
    return next(each.name for each in parameters if each.kind is not inspect.Parameter.VAR_POSITIONAL)


def test_a_missing_argument_is_named(backend: Backend) -> None:
    with pytest.raises(OptionError, match=r"^softmax: .*'dim'"):
        ops.softmax(backend.tensor(IMAGE))  # type: ignore[call-arg] # the mistake tested


@pytest.mark.parametrize(
    ("module", "name", "nearest"),
    [(ops, "rellu", "relu"), (polynet.nn, "Conv2D", "Conv2d"), (polynet, "buidl", "build")],
)
def test_a_misspelt_name_in_a_module_is_named_with_the_nearest(module: Any, name: str, nearest: str) -> None:
    with pytest.raises(AttributeError, match=f"'{name}'.* '{nearest}'") as caught:
        getattr(module, name)
    assert isinstance(caught.value, UnknownNameError)
    assert not hasattr(module, name)
