"""What would kill the process, or give a wrong answer in silence, is refused on MegEngine; tracing still works."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from polynet.backend import get_backend
from polynet.errors import InputError, InputIndexError, OptionError, PolyNetError, UnsupportedError

megengine = pytest.importorskip("megengine")

ops = get_backend("megengine").ops


def ints(*values: int) -> Any:
    return ops.tensor(np.array(values, dtype="int32"))


@pytest.mark.parametrize(
    "call",
    [
        lambda: ops.embedding(ints(0, 5), ops.ones((5, 2))),
        lambda: ops.embedding(ints(-1), ops.ones((5, 2))),
        lambda: ops.gather(ops.ones((3,)), 0, ints(3)),
        lambda: ops.scatter(ops.ones((3,)), 0, ints(-1), 1.0),
        lambda: ops.index_select(ops.ones((3, 2)), 0, ints(3)),
        lambda: ops.one_hot(ints(0, 4), 4),
        lambda: ops.cross_entropy(ops.ones((2, 3)), ints(0, 3)),
        lambda: ops.nll_loss(ops.ones((2, 3)), ints(0, -1)),
    ],
)
def test_an_index_out_of_range_names_the_range(call: Any) -> None:
    with pytest.raises(InputIndexError, match="allowed are 0 to"):
        call()


@pytest.mark.parametrize(
    "call",
    [
        lambda: ops.remainder(ints(1, 2), ints(1, 0)),
        lambda: ops.max_pool2d(ops.ones((1, 1, 4, 4)), 2, 0),
        lambda: ops.max_pool2d(ops.ones((1, 1, 4, 4)), 2, 1, 2),
        lambda: ops.avg_pool2d(ops.ones((1, 1, 2, 2)), 5),
        lambda: ops.adaptive_avg_pool2d(ops.ones((1, 1, 4, 4)), 0),
        lambda: ops.adaptive_max_pool2d(ops.ones((1, 1, 4, 4)), 0),
        lambda: ops.interpolate(ops.ones((1, 1, 4, 4)), 0),
        lambda: ops.topk(ops.ones((3,)), 4),
        lambda: ops.reshape(ops.ones((3,)), (2, 2)),
        lambda: ops.matmul(ops.ones((2, 3)), ops.ones((2, 3))),
        lambda: ops.einsum("ij,jk->ik", ops.ones((2, 3)), ops.ones((2, 3))),
        lambda: ops.amax(ops.ones((0, 3)), 0),
        lambda: ops.pad(ops.ones((1, 1, 3)), (3, 0), "reflect"),
        lambda: ops.tensor([2**40]),
        lambda: ops.batch_norm(ops.ones((1, 3)), None, None, training=True),
    ],
)
def test_what_ends_the_process_or_answers_wrongly_is_refused(call: Any) -> None:
    with pytest.raises((InputError, OptionError)):
        call()


def test_bfloat16_is_refused() -> None:
    with pytest.raises(UnsupportedError, match="bfloat16"):
        ops.cast(ops.ones(2), "bfloat16")


def test_every_refusal_is_a_polynet_error_and_work_goes_on() -> None:
    with pytest.raises(PolyNetError):
        ops.embedding(ints(9), ops.ones((5, 2)))
    assert ops.to_numpy(ops.sum(ops.ones((2, 2)))) == 4


def test_float16_max_pooling_is_computed_in_float32() -> None:
    x = np.arange(16, dtype="float32").reshape(1, 1, 4, 4)
    pooled = ops.max_pool2d(ops.tensor(x, dtype="float16"), 2)
    assert ops.dtype_name(pooled) == "float16"
    np.testing.assert_array_equal(ops.to_numpy(pooled).ravel(), [5, 7, 13, 15])


def test_no_grad_stops_recording() -> None:
    x = ops.tensor([1.0, 2.0])
    with megengine.autodiff.GradManager().attach([x]) as manager:
        with ops.no_grad():
            constant = x * 3
        manager.backward(ops.sum(x * constant))
    np.testing.assert_array_equal(x.grad.numpy(), [3, 6])


def network(x: Any, table: Any, index: Any) -> Any:
    y = ops.max_pool2d(ops.pad(x, (1, 1, 1, 1)), 2, ceil_mode=True)
    y = ops.interpolate(ops.hardswish(ops.leaky_relu(y)), scale_factor=1.5, mode="bilinear")
    y = ops.adaptive_avg_pool2d(ops.group_norm(y, 1), 3)
    y = ops.flatten(ops.permute(y, (0, 2, 3, 1)), 1, 2)
    y = ops.scaled_dot_product_attention(y, y, y) + ops.embedding(index, table)
    y = ops.einsum("bnc,bmc->bnm", ops.layer_norm(y, (3,)), ops.normalize(y, dim=-1))
    first = ops.amax(y, 1) + ops.max(y, 1).values
    return ops.cross_entropy(first, ops.argmax(first, 1), reduction="none") + ops.clamp(ops.var(y, (1, 2)), 0, 1)


def arguments() -> tuple[Any, Any, Any]:
    rng = np.random.default_rng(0)
    x = ops.tensor(rng.standard_normal((2, 3, 6, 6)).astype("float32"))
    return x, ops.tensor(rng.standard_normal((9, 3)).astype("float32")), ints(*range(9))


@pytest.mark.parametrize("symbolic", [False, True])
def test_a_traced_function_gives_the_same(symbolic: bool) -> None:
    given = arguments()
    expected = ops.to_numpy(network(*given))
    traced = megengine.jit.trace(network, symbolic=symbolic)
    for _ in range(3):
        np.testing.assert_allclose(traced(*given).numpy(), expected, rtol=1e-5, atol=1e-6)


def test_a_traced_module_gives_the_same() -> None:
    class Net(megengine.module.Module):
        def forward(self, x: Any, table: Any, index: Any) -> Any:
            return network(x, table, index)

    from megengine.traced_module import trace_module

    given = arguments()
    expected = ops.to_numpy(network(*given))
    np.testing.assert_allclose(trace_module(Net(), *given)(*given).numpy(), expected, rtol=1e-5, atol=1e-6)
