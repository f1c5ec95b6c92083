"""Every backend offers every op, and the neutral package names each of them once."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path

import numpy as np
import pytest

from polynet import ops
from polynet.backend import Backend, get_backend
from tests.compare import assert_close

COMPOSED = {"Generator", "drop_path"}
"""Written once, in neutral terms."""

FOLDER = Path(inspect.getfile(ops)).parent


def test_every_public_function_is_exported() -> None:
    defined = set()
    for path in FOLDER.glob("*.py"):
        if path.stem in ("__init__", "arguments", "checks", "dispatch", "explain"):
            continue
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
                defined.add(node.name)
    assert set(ops.__all__) == defined
    assert sorted(ops.__all__) == sorted(set(ops.__all__))


def test_every_op_has_an_example() -> None:
    without = [name for name in ops.__all__ if ">>>" not in (inspect.getdoc(getattr(ops, name)) or "")]
    assert not without


def test_backend_has_every_op(backend: Backend) -> None:
    missing = [name for name in ops.__all__ if name not in COMPOSED and not callable(getattr(backend.ops, name, None))]
    assert not missing


def test_shape_only_backend_has_every_op() -> None:
    shapes = get_backend("shapes").ops
    assert not [name for name in ops.__all__ if name not in COMPOSED and not callable(getattr(shapes, name, None))]


def test_torch_functions_are_torchs_own() -> None:
    torch = pytest.importorskip("torch")
    native = get_backend("torch").ops
    functional = torch.nn.functional
    assert native.relu is torch.relu
    assert native.softmax is torch.softmax
    assert native.conv2d is functional.conv2d
    assert native.layer_norm is functional.layer_norm
    assert native.matmul is torch.matmul


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_passes_through_torch(dtype: str) -> None:
    torch = pytest.importorskip("torch")
    x = torch.ones(2, 3, 4, 4, dtype=getattr(torch, dtype))
    for result in (
        ops.relu(x),
        ops.softmax(x, 1),
        ops.max_pool2d(x, 2),
        ops.conv2d(x, x),
        ops.mean(x, (2, 3)),
        ops.layer_norm(x, (4,)),
        ops.cat([x, x]),
        ops.interpolate(x, 2, mode="bilinear"),
        ops.zeros_like(x),
    ):
        assert ops.dtype_name(result) == dtype


def test_results_of_max_and_topk_have_named_parts(backend: Backend) -> None:
    x = backend.tensor(np.array([1.0, 5.0, 3.0], np.float32))
    for result in (ops.max(x, 0, True), ops.topk(x, 1)):
        assert_close(result.values, np.array([5.0], np.float32))
        assert_close(result.indices, np.array([1]))


def test_batch_norm_updates_running_statistics_in_place(backend: Backend) -> None:
    array = np.arange(12, dtype=np.float32).reshape(4, 3)
    mean, variance = backend.tensor(np.zeros(3, np.float32)), backend.tensor(np.ones(3, np.float32))
    ops.batch_norm(backend.tensor(array), mean, variance, training=True, momentum=0.2)
    assert_close(mean, 0.2 * array.mean(0))
    assert_close(variance, 0.8 + 0.2 * array.var(0, ddof=1))


def test_instance_norm_updates_running_statistics_in_place(backend: Backend) -> None:
    array = np.arange(24, dtype=np.float32).reshape(2, 3, 4) ** 2
    mean, variance = backend.tensor(np.zeros(3, np.float32)), backend.tensor(np.ones(3, np.float32))
    ops.instance_norm(backend.tensor(array), mean, variance, momentum=0.2)
    assert_close(mean, 0.2 * array.mean(2).mean(0))
    assert_close(variance, 0.8 + 0.2 * array.var(2, ddof=1).mean(0))
    result = ops.instance_norm(backend.tensor(array), mean, variance, use_input_stats=False)
    by_channel = np.float32(1) / np.sqrt(backend.numpy(variance) + 1e-5)
    assert_close(result, (array - backend.numpy(mean)[:, None]) * by_channel[:, None])
