"""New tensors: their numbers, dtypes, shapes, frameworks and devices."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from polynet import ops
from polynet.backend import Backend, backend_of, use_backend
from polynet.errors import BackendUnavailableError, FrameworkMismatchError, InputError, OptionError
from tests.compare import assert_close

FLOATS = np.array([[1.0, -2.5], [0.0, 4.0]], dtype=np.float32)

CREATED = {
    "zeros": (lambda: ops.zeros((2, 3)), np.zeros((2, 3), np.float32)),
    "zeros of one length": (lambda: ops.zeros(3), np.zeros(3, np.float32)),
    "zeros without axes": (lambda: ops.zeros(()), np.zeros((), np.float32)),
    "ones of int32": (lambda: ops.ones([2, 1], dtype="int32"), np.ones((2, 1), np.int32)),
    "full": (lambda: ops.full((2,), 1.5), np.full(2, 1.5, np.float32)),
    "full of whole numbers": (lambda: ops.full(2, 7), np.full(2, 7, np.int64)),
    "full of bool": (lambda: ops.full((1, 2), True), np.full((1, 2), True)),
    "arange": (lambda: ops.arange(4), np.arange(4)),
    "arange from, to": (lambda: ops.arange(2, 5), np.arange(2, 5)),
    "arange downwards": (lambda: ops.arange(5, 0, -2), np.arange(5, 0, -2)),
    "arange by fractions": (lambda: ops.arange(0, 1, 0.25), np.arange(0, 1, 0.25, np.float32)),
    "arange of float32": (lambda: ops.arange(3, dtype="float32"), np.arange(3, dtype=np.float32)),
    "linspace": (lambda: ops.linspace(-1, 1, 5), np.linspace(-1, 1, 5, dtype=np.float32)),
    "linspace of one": (lambda: ops.linspace(2, 3, 1), np.array([2], np.float32)),
    "eye": (lambda: ops.eye(3), np.eye(3, dtype=np.float32)),
    "eye of int32": (lambda: ops.eye(2, 3, dtype="int32"), np.eye(2, 3, dtype=np.int32)),
    "tensor of floats": (lambda: ops.tensor([[1.0, 2.0]]), np.array([[1, 2]], np.float32)),
    "tensor of whole numbers": (lambda: ops.tensor([1, 2]), np.array([1, 2])),
    "tensor of bools": (lambda: ops.tensor([True, False]), np.array([True, False])),
    "tensor of a number": (lambda: ops.tensor(2.5), np.array(2.5, np.float32)),
    "tensor of an array": (lambda: ops.tensor(FLOATS), FLOATS),
    "tensor of a reversed array": (lambda: ops.tensor(FLOATS[::-1, ::-1]), FLOATS[::-1, ::-1]),
    "tensor of uint8": (lambda: ops.tensor(np.array([255, 1], np.uint8)), np.array([255, 1], np.uint8)),
    "tensor as float16": (lambda: ops.tensor([1.5], dtype="float16"), np.array([1.5], np.float16)),
}


@pytest.mark.parametrize("name", CREATED)
def test_new_tensor_holds(name: str, backend: Backend) -> None:
    create, expected = CREATED[name]
    assert_close(create(), expected)


@pytest.mark.parametrize("op", ["zeros_like", "ones_like"])
def test_like_keeps_shape_and_dtype(op: str, backend: Backend) -> None:
    expected = np.zeros if op == "zeros_like" else np.ones
    assert_close(getattr(ops, op)(backend.tensor(FLOATS)), expected((2, 2), np.float32))
    assert_close(getattr(ops, op)(backend.tensor(np.array([3], np.int32))), expected(1, np.int32))
    assert_close(getattr(ops, op)(backend.tensor(FLOATS), dtype="int32"), expected((2, 2), np.int32))


def test_full_like_keeps_shape_and_dtype(backend: Backend) -> None:
    assert_close(ops.full_like(backend.tensor(FLOATS), 3), np.full((2, 2), 3, np.float32))


def test_tensor_is_a_copy(backend: Backend) -> None:
    array = FLOATS.copy()
    made = ops.tensor(array)
    array[:] = 0
    assert_close(made, FLOATS)


def test_like_decides_the_framework(frameworks: tuple[Backend, ...]) -> None:
    for wanted in frameworks:
        like = wanted.tensor(FLOATS)
        for active in frameworks:
            with use_backend(active):
                made = [
                    ops.tensor([1.0], like=like),
                    ops.zeros(2, like=like),
                    ops.full(2, 1.0, like=like),
                    ops.arange(2, like=like),
                    ops.linspace(0, 1, 2, like=like),
                    ops.eye(2, like=like),
                    ops.rand(2, like=like),
                    ops.randn(2, like=like, generator=ops.Generator(0)),
                    ops.randint(0, 3, 2, like=like),
                ]
            assert [backend_of(tensor).name for tensor in made] == [wanted.name] * len(made)


def test_like_does_not_decide_the_dtype(backend: Backend) -> None:
    like = backend.tensor(np.array([1], np.int32))
    assert ops.dtype_name(ops.zeros(2, like=like)) == "float32"


def test_without_like_a_backend_must_be_active(
    frameworks: tuple[Backend, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    if len(frameworks) < 2:
        pytest.skip("one framework alone is always the active one")
    monkeypatch.delenv("POLYNET_BACKEND", raising=False)
    with pytest.raises(BackendUnavailableError, match="No backend is active"):
        ops.zeros(2)


@pytest.mark.parametrize("dtype", ["float23", "double", 3, object()])
def test_unknown_dtype_is_an_option_error(dtype: Any, backend: Backend) -> None:
    with pytest.raises(OptionError, match="dtype"):
        ops.zeros(2, dtype=dtype)
    with pytest.raises(OptionError, match="dtype"):
        ops.cast(backend.tensor(FLOATS), dtype)


def test_misspelt_dtype_is_answered_with_the_nearest(backend: Backend) -> None:
    with pytest.raises(OptionError, match="float32"):
        ops.zeros(2, dtype="flaot32")


def test_tensor_of_another_frameworks_tensor_is_refused(both: tuple[Backend, Backend]) -> None:
    for here, there in (both, both[::-1]):
        with use_backend(here), pytest.raises(FrameworkMismatchError, match="to_numpy"):
            ops.tensor(there.tensor(FLOATS))


def test_generator_gives_every_framework_the_same_numbers(frameworks: tuple[Backend, ...]) -> None:
    results = []
    for framework in frameworks:
        with use_backend(framework):
            generator = ops.Generator(7)
            probabilities = ops.full((50,), 0.3)
            drawn = (
                ops.rand((3, 4), generator=generator),
                ops.randn(5, generator=generator),
                ops.randint(-2, 9, (6,), generator=generator),
                ops.bernoulli(probabilities, generator=generator),
                ops.drop_path(ops.ones((20, 2)), 0.5, generator=generator),
            )
        results.append([framework.numpy(tensor) for tensor in drawn])
    again = ops.Generator(7)
    assert_close(results[0][0], again.uniform((3, 4)))
    assert_close(results[0][1], again.normal(5))
    for other in results[1:]:
        for one, two in zip(results[0], other, strict=True):
            assert_close(two, one)


def test_generator_depends_on_its_seed() -> None:
    one, two = ops.Generator(1).uniform(8), ops.Generator(2).uniform(8)
    assert not np.array_equal(one, two)
    assert np.array_equal(one, ops.Generator(1).uniform(8))
    assert not np.array_equal(ops.Generator((1, 2)).uniform(8), one)


@pytest.mark.parametrize("seed", [-1, 1.5, "one", None])
def test_generator_refuses_what_is_no_seed(seed: Any) -> None:
    with pytest.raises(OptionError, match="seed"):
        ops.Generator(seed)


def test_native_random_numbers_follow_the_backends_seed(backend: Backend) -> None:
    draws = []
    for _ in range(2):
        backend.seed(11)
        draws.append([backend.numpy(t) for t in (ops.rand(9), ops.randn(9), ops.randint(0, 99, 9))])
    for one, two in zip(*draws, strict=True):
        assert_close(one, two)


def test_random_numbers_have_their_distribution(backend: Backend) -> None:
    for generator in (None, ops.Generator(0)):
        uniform = backend.numpy(ops.rand((4000,), generator=generator))
        assert uniform.dtype == np.float32
        assert 0 <= uniform.min() < 0.01
        assert 0.99 < uniform.max() < 1
        normal = backend.numpy(ops.randn(4000, generator=generator))
        assert normal.dtype == np.float32
        assert abs(normal.mean()) < 0.1
        assert abs(normal.std() - 1) < 0.1
        whole = backend.numpy(ops.randint(2, 5, (400,), generator=generator))
        assert whole.dtype.kind == "i"
        assert set(whole.tolist()) == {2, 3, 4}
        drawn = backend.numpy(ops.bernoulli(ops.full((4000,), 0.25), generator=generator))
        assert drawn.dtype == np.float32
        assert set(drawn.tolist()) == {0.0, 1.0}
        assert abs(drawn.mean() - 0.25) < 0.05


def test_dropout_keeps_the_mean(backend: Backend) -> None:
    dropped = backend.numpy(ops.dropout(ops.ones((4000,)), 0.25))
    assert set(np.unique(dropped)) == {0.0, np.float32(4 / 3)}
    assert abs(dropped.mean() - 1) < 0.05


def test_drop_path_drops_whole_samples(backend: Backend) -> None:
    dropped = backend.numpy(ops.drop_path(ops.ones((400, 3)), 0.5))
    assert (dropped == dropped[:, :1]).all()
    assert set(dropped[:, 0].tolist()) == {0.0, 2.0}
    unscaled = backend.numpy(ops.drop_path(ops.ones((400, 3)), 0.5, scale_by_keep=False))
    assert set(unscaled[:, 0].tolist()) == {0.0, 1.0}
    assert not backend.numpy(ops.drop_path(ops.ones((4, 3)), 1.0)).any()


def test_randint_of_nothing_is_an_input_error(backend: Backend) -> None:
    with pytest.raises(InputError, match="low"):
        ops.randint(3, 3, (2,))
