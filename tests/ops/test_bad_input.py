"""What the ops say to arguments that make no sense."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from polynet import ops
from polynet.backend import Backend
from polynet.errors import FrameworkMismatchError, InputError, OptionError
from tests.ops.case import normal
from tests.ops.table import CASES

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


SEVERAL: dict[str, Callable[..., Any]] = {
    "cat": lambda x, y: ops.cat([x, y]),
    "stack": lambda x, y: ops.stack([x, y]),
    "meshgrid": lambda x, y: ops.meshgrid(x, y),
    "einsum": lambda x, y: ops.einsum("i,i->", x, y),
    "where": lambda x, y: ops.where(x > 0, x, y),
    "matmul": lambda x, y: ops.matmul(x, y),
    "maximum": lambda x, y: ops.maximum(x, y),
    "pow": lambda x, y: ops.pow(x, y),
    "gather": lambda x, y: ops.gather(x, 0, y),
    "linear": lambda x, y: ops.linear(x, x, y),
    "embedding": lambda x, y: ops.embedding(x, y),
    "mse_loss": lambda x, y: ops.mse_loss(x, y),
    "cross_entropy": lambda x, y: ops.cross_entropy(x, y),
    "layer_norm": lambda x, y: ops.layer_norm(x, (2,), x, y),
    "conv2d": lambda x, y: ops.conv2d(x, x, y),
    "prelu": lambda x, y: ops.prelu(x, y),
}


@pytest.mark.parametrize("op", SEVERAL)
def test_two_frameworks_in_one_op_are_refused(op: str, both: tuple[Backend, Backend]) -> None:
    for one, other in (both, both[::-1]):
        x, y = one.tensor(np.ones(2, np.float32)), other.tensor(np.ones(2, np.float32))
        with pytest.raises(FrameworkMismatchError, match="two frameworks"):
            SEVERAL[op](x, y)


@pytest.mark.parametrize("op", SEVERAL)
def test_an_array_beside_a_tensor_is_refused(op: str, backend: Backend) -> None:
    with pytest.raises(FrameworkMismatchError, match=r"numpy\.ndarray"):
        SEVERAL[op](backend.tensor(np.ones(2, np.float32)), np.ones(2, np.float32))


EMPTY: dict[str, Callable[[], Any]] = {
    "cat": lambda: ops.cat([]),
    "stack": lambda: ops.stack(()),
    "meshgrid": lambda: ops.meshgrid(),
    "einsum": lambda: ops.einsum("i->i"),
}


@pytest.mark.parametrize("op", EMPTY)
def test_no_tensors_at_all_is_an_input_error(op: str) -> None:
    with pytest.raises(InputError, match=op):
        EMPTY[op]()


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


REFUSED: dict[str, Callable[[Any, Any], Any]] = {
    "sum over an absent axis": lambda x, i: ops.sum(x, dim=4),
    "softmax over an absent axis": lambda x, i: ops.softmax(x, -5),
    "permute too few axes": lambda x, i: ops.permute(x, (0, 1)),
    "permute an axis twice": lambda x, i: ops.permute(x, (0, 1, 1, 2)),
    "reshape to another size": lambda x, i: ops.reshape(x, (3, -1)),
    "reshape with two unknowns": lambda x, i: ops.reshape(x, (-1, -1)),
    "split into sections that do not add up": lambda x, i: ops.split(x, (1, 1), -1),
    "split by 0": lambda x, i: ops.split(x, 0),
    "chunk by 0": lambda x, i: ops.chunk(x, 0),
    "topk of more than there are": lambda x, i: ops.topk(x, 5),
    "expand what is not 1": lambda x, i: ops.expand(x, (1, 2, 4, 5)),
    "cat of other shapes": lambda x, i: ops.cat([x, x[:, :, :2]]),
    "matmul of other lengths": lambda x, i: ops.matmul(x, x[:, :, :3]),
    "bmm of four axes": lambda x, i: ops.bmm(x, x),
    "einsum of other lengths": lambda x, i: ops.einsum("abcd,abcd->a", x, x[:, :1, :, :3]),
    "conv2d with stride 0": lambda x, i: ops.conv2d(x, x, stride=0),
    "conv2d with other channels": lambda x, i: ops.conv2d(x, x[:, :1]),
    "conv2d with groups that divide nothing": lambda x, i: ops.conv2d(x, x, groups=3),
    "conv2d with a window too large": lambda x, i: ops.conv2d(x[:, :, :2], x),
    "max_pool2d with stride 0": lambda x, i: ops.max_pool2d(x, 2, 0),
    "max_pool2d padded by more than half": lambda x, i: ops.max_pool2d(x, 2, 2, 2),
    "avg_pool2d padded by more than half": lambda x, i: ops.avg_pool2d(x, 2, 2, 2),
    "reflect further than there is": lambda x, i: ops.pad(x, (4, 0, 0, 0), mode="reflect"),
    "replicate too many axes": lambda x, i: ops.pad(x, (1,) * 8, mode="replicate"),
    "pad half an axis": lambda x, i: ops.pad(x, (1, 1, 1)),
    "bilinear of a line": lambda x, i: ops.interpolate(x[0], 2, mode="bilinear"),
    "interpolate to nothing": lambda x, i: ops.interpolate(x, 0),
    "pixel_shuffle by what does not divide": lambda x, i: ops.pixel_shuffle(x, 2),
    "group_norm by what does not divide": lambda x, i: ops.group_norm(x, 3),
    "layer_norm over other axes": lambda x, i: ops.layer_norm(x, (3,)),
    "remainder by 0": lambda x, i: ops.remainder(i, 0),
    "gather out of range": lambda x, i: ops.gather(x[0, 0, 0], 0, i),
    "index_select out of range": lambda x, i: ops.index_select(x, 0, i),
    "scatter out of range": lambda x, i: ops.scatter(x[0, 0, 0], 0, i, 1.0),
    "embedding out of range": lambda x, i: ops.embedding(i, x[0, 0]),
    "embedding below 0": lambda x, i: ops.embedding(-i, x[0, 0]),
    "one_hot out of range": lambda x, i: ops.one_hot(i, 2),
    "class out of range": lambda x, i: ops.cross_entropy(x[0, 0, :2], i),
    "dropout probability": lambda x, i: ops.dropout(x, 1.5),
}


@pytest.mark.parametrize("name", REFUSED)
def test_nonsense_is_an_error_at_the_call(name: str, backend: Backend) -> None:
    x, indices = backend.tensor(IMAGE), backend.tensor(np.array([9, 9]))
    with pytest.raises((ValueError, IndexError, RuntimeError, TypeError)):
        REFUSED[name](x, indices)
    assert backend.numpy(ops.sum(backend.tensor(np.ones(3, np.float32)))) == 3, "the framework still works"
