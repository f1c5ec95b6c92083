"""Tracers and compilers of both frameworks see through the ops: what they record computes the same."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import pytest

from polynet import ops
from polynet.backend import Backend, get_backend
from tests.compare import assert_close
from tests.ops.case import Case, as_list
from tests.ops.table import CASES, GROUPS

CREATION = [
    Case("zeros", lambda x: ops.zeros((2, 3), like=x) + ops.sum(x), (np.ones(3, np.float32),)),
    Case("full", lambda x: ops.full((2,), 1.5, like=x) * ops.sum(x), (np.ones(3, np.float32),)),
    Case("arange", lambda x: ops.arange(3, dtype="float32", like=x) * x, (np.ones(3, np.float32),)),
    Case("linspace", lambda x: ops.linspace(0, 1, 3, like=x) * x, (np.ones(3, np.float32),)),
    Case("eye", lambda x: ops.matmul(ops.eye(3, like=x), x), (np.ones(3, np.float32),)),
    Case("ones_like", lambda x: ops.ones_like(x) + x, (np.ones(3, np.float32),)),
    Case("full_like", lambda x: ops.full_like(x, 2.0) + x, (np.ones(3, np.float32),)),
    Case("cast", lambda x: ops.cast(ops.cast(x, "int32"), "float32") + x, (np.ones(3, np.float32),)),
    Case("to", lambda x: ops.to(x, dtype="float16", device="cpu"), (np.ones(3, np.float32),)),
]

TRACEABLE = [case for case in CASES if case.traceable]


def one_for_each_op(cases: Iterable[Case]) -> list[Case]:
    """The first call of each op: tracers see ops, not numbers."""
    return [next(group) for _, group in itertools.groupby(sorted(cases, key=lambda c: c.op), key=lambda c: c.op)]


FIRST = one_for_each_op(TRACEABLE)


def by_name(case: Case) -> str:
    return case.name


def assert_same(actual: Any, expected: Any, what: str) -> None:
    results = as_list(actual)
    wanted = as_list(expected)
    assert len(results) == len(wanted), what
    for one, two in zip(results, wanted, strict=True):
        assert_close(one, two, 1e-6, what=what)


def chained(cases: list[Case]) -> tuple[Callable[..., Any], list[np.ndarray[Any, Any]]]:
    """One function that makes all the calls, and the arrays it takes."""
    arrays = [array for case in cases for array in case.inputs]

    def function(*tensors: Any) -> list[Any]:
        results: list[Any] = []
        start = 0
        for case in cases:
            results.extend(as_list(case.call(*tensors[start : start + len(case.inputs)])))
            start += len(case.inputs)
        return results

    return function, arrays


@pytest.fixture
def torch() -> Any:
    module = pytest.importorskip("torch")
    get_backend("torch")
    return module


BY_GROUP = {name: one_for_each_op(case for case in cases if case.traceable) for name, cases in GROUPS.items()}
BY_GROUP["creation"] = CREATION


@pytest.mark.parametrize("group", BY_GROUP)
def test_torch_compiles_the_ops_whole(group: str, torch: Any) -> None:
    function, arrays = chained(BY_GROUP[group])
    tensors = [torch.tensor(array) for array in arrays]
    expected = function(*tensors)
    torch.compiler.reset()
    compiled = torch.compile(function, fullgraph=True, backend="eager")
    assert_same(compiled(*tensors), expected, group)


@pytest.mark.parametrize("group", BY_GROUP)
def test_torch_exports_the_ops(group: str, torch: Any) -> None:
    function, arrays = chained(BY_GROUP[group])

    class Exported(torch.nn.Module):  # type: ignore[misc] # torch is Any where it may be absent
        def forward(self, tensors: list[Any]) -> list[Any]:
            return function(*tensors)

    tensors = [torch.tensor(array) for array in arrays]
    program = torch.export.export(Exported(), (tensors,), strict=False)
    assert_same(program.module()(tensors), function(*tensors), group)


@pytest.mark.filterwarnings("ignore:`torch.jit.trace` is deprecated:FutureWarning")
@pytest.mark.filterwarnings("ignore:`torch.jit.trace` is deprecated:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:Converting a tensor to a Python")
@pytest.mark.parametrize("case", FIRST + CREATION, ids=by_name)
def test_torch_jit_traces_the_op(case: Case, torch: Any) -> None:
    tensors = tuple(torch.tensor(array) for array in case.inputs)

    def function(*tensors: Any) -> tuple[Any, ...]:
        return tuple(as_list(case.call(*tensors)))

    traced = torch.jit.trace(function, tensors, check_trace=False)
    assert_same(traced(*tensors), function(*tensors), case.name)


@pytest.mark.parametrize("case", FIRST + CREATION, ids=by_name)
def test_torch_fx_traces_the_op(case: Case, torch: Any) -> None:
    tensors = tuple(torch.tensor(array) for array in case.inputs)
    names = ", ".join(f"x{number}" for number in range(len(tensors)))
    function = eval(f"lambda {names}: call({names})", {"call": case.call})
    graph = torch.fx.symbolic_trace(function)
    assert any(node.op in ("call_function", "call_method") for node in graph.graph.nodes) or "evaluation" in case.name
    assert_same(graph(*tensors), case.call(*tensors), case.name)


@pytest.fixture
def megengine() -> Backend:
    pytest.importorskip("megengine")
    return get_backend("megengine")


COMPUTING = [case for case in FIRST + CREATION if case.op not in ("dropout", "drop_path")]
"""What MegEngine can compile: it refuses a graph that returns its input as it is."""


@pytest.mark.parametrize("symbolic", [False, True], ids=["eager", "symbolic"])
@pytest.mark.parametrize("case", COMPUTING, ids=by_name)
def test_megengine_traces_the_op(case: Case, symbolic: bool, megengine: Backend) -> None:
    from megengine.jit import trace

    tensors = [megengine.tensor(array) for array in case.inputs]
    expected = [megengine.numpy(result) for result in as_list(case.call(*tensors))]
    traced = trace(lambda *tensors: tuple(as_list(case.call(*tensors))), symbolic=symbolic)
    for _ in range(2):
        results = [megengine.numpy(result) for result in as_list(traced(*tensors))]
        assert_same(results, expected, case.name)


@pytest.mark.parametrize("case", FIRST + CREATION, ids=by_name)
def test_megengine_makes_a_traced_module_of_the_op(case: Case, megengine: Backend) -> None:
    import megengine as mge
    from megengine.traced_module import trace_module

    class Traced(mge.module.Module):  # type: ignore[misc] # MegEngine is Any where it may be absent
        def forward(self, *tensors: Any) -> Any:
            results = as_list(case.call(*tensors))
            return results[0] if len(results) == 1 else tuple(results)

    tensors = [megengine.tensor(array) for array in case.inputs]
    expected = [megengine.numpy(result) for result in as_list(case.call(*tensors))]
    module = trace_module(Traced(), *tensors)
    results = [megengine.numpy(result) for result in as_list(module(*tensors))]
    assert_same(results, expected, case.name)
