"""The convolution gradients made for CPUs equal MegEngine's own, and work wherever those do."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from polynet.backend import find_backend, get_backend
from tests.compare import assert_close

from .layer_comparison import random

pytestmark = pytest.mark.skipif(not find_backend("megengine").installed, reason="MegEngine is not installed")

Array = np.ndarray[Any, Any]

# channels in, channels out, image height, kernel, stride, padding, dilation, groups
SHAPES = [
    (6, 8, 9, 3, 1, 1, 1, 1),
    (6, 8, 9, 3, 2, 1, 1, 1),
    (3, 8, 15, 7, 2, 3, 1, 1),
    (3, 8, 16, 4, 4, 0, 1, 1),
    (3, 8, 9, 3, 1, 1, 1, 1),
    (6, 8, 9, 1, 1, 0, 1, 1),
    (6, 8, 9, 1, 2, 0, 1, 1),
    (6, 6, 9, 3, 1, 1, 1, 6),
    (6, 6, 9, 3, 2, 1, 1, 6),
    (6, 6, 12, 5, 1, 2, 1, 6),
    (6, 6, 12, 7, 1, 3, 1, 6),
    (6, 12, 9, 3, 1, 1, 1, 6),
    (8, 12, 9, 3, 1, 1, 1, 2),
    (8, 12, 9, 3, 2, 0, 1, 4),
    (32, 32, 6, 3, 1, 1, 1, 2),
    (6, 8, 9, 3, 1, 2, 2, 1),
    (6, 6, 9, 3, 1, 2, 2, 6),
    (6, 8, 10, 3, 2, 1, 2, 1),
    (6, 6, 9, 3, 1, 4, 1, 6),
    (6, 8, 1, 3, 1, 1, 1, 1),
    (40, 32, 2, 3, 1, 1, 1, 1),
    (40, 32, 4, 3, 2, 1, 1, 1),
    (40, 48, 5, 4, 3, 0, 1, 1),
    (16, 14, 3, 1, 1, 0, 1, 1),
    (16, 14, 5, 1, 2, 0, 1, 1),
    (40, 40, 3, 1, 1, 1, 1, 1),
    (40, 32, 1, 7, 1, 3, 1, 1),
    (40, 32, 2, 3, 2, 1, 1, 1),
    (8, 6, 1, 5, 1, 2, 1, 2),
    (6, 6, 1, 3, 1, 1, 1, 6),
    (6, 8, 2, 5, 1, 3, 1, 1),
    (6, 8, 2, 5, 1, 4, 2, 1),
    (6, 8, 1, 3, 2, 2, 1, 1),
]


@pytest.fixture(autouse=True)
def loaded() -> None:
    """Load the backend first: it silences the warnings that importing MegEngine gives."""
    get_backend("megengine")


@pytest.fixture
def functions() -> Any:
    import megengine.functional

    import polynet_megengine.convolution_gradient as ours

    return ours, megengine.functional


def gradients(function: Callable[..., Any], x: Array, weight: Array) -> tuple[Array, Array, Array]:
    import megengine

    inputs, kernel = megengine.Tensor(x), megengine.Parameter(weight)
    manager = megengine.autodiff.GradManager().attach([inputs, kernel])
    with manager:
        output = function(inputs, kernel)
        manager.backward(output, megengine.Tensor(random(*output.shape, seed=5)))
    return output.numpy(), inputs.grad.numpy(), kernel.grad.numpy()


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("images", [1, 3])
def test_gradients_equal_megengines_own(functions: Any, shape: tuple[int, ...], images: int) -> None:
    ours, native = functions
    inputs, outputs, size, kernel, stride, padding, dilation, groups = shape
    x = random(images, inputs, size, size + 1)
    layout = (outputs, inputs) if groups == 1 else (groups, outputs // groups, inputs // groups)
    weight = random(*layout, kernel, kernel, seed=1)
    expected = gradients(lambda x, w: native.conv2d(x, w, None, stride, padding, dilation, groups), x, weight)
    actual = gradients(lambda x, w: ours.convolve(x, w, None, stride, padding, dilation, groups), x, weight)
    for what, left, right in zip(("output", "input", "weight"), actual, expected, strict=True):
        assert_close(left, right, what=f"gradient of {what}")


def test_large_batches_are_worked_off_in_parts(functions: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    import polynet_megengine.convolution_weight_gradient as parts

    ours, _ = functions
    x, weight = random(5, 6, 7, 7), random(4, 6, 3, 3, seed=1)
    whole = gradients(lambda x, w: ours.convolve(x, w, None, 1, 1, 1, 1), x, weight)
    monkeypatch.setattr(parts, "_COLUMN_LIMIT", 6 * 9 * 49 * 2)
    divided = gradients(lambda x, w: ours.convolve(x, w, None, 1, 1, 1, 1), x, weight)
    assert_close(divided[2], whole[2])


def test_an_empty_batch_has_a_gradient_of_zeros(functions: Any) -> None:
    ours, _ = functions
    empty = np.zeros((0, 4, 6, 6), np.float32)
    _, _, gradient = gradients(lambda x, w: ours.convolve(x, w, None, 1, 1, 1, 1), empty, random(4, 4, 3, 3))
    assert gradient.shape == (4, 4, 3, 3)
    assert not gradient.any()


def network() -> Any:
    layer = get_backend("megengine").layer
    return layer("Sequential")(
        layer("Conv2d")(3, 6, 3, stride=2, padding=1),
        layer("BatchNorm2d")(6),
        layer("ReLU")(),
        layer("Conv2d")(6, 6, 3, padding=1, groups=6),
        layer("Conv2d")(6, 4, 1),
        layer("ConvTranspose2d")(4, 4, 2, stride=2),
    )


def trained_gradients(net: Any, step: Callable[..., Any] | None = None) -> dict[str, Array | None]:
    import megengine

    manager = megengine.autodiff.GradManager().attach(list(net.parameters()))

    def run(x: Any) -> Any:
        with manager:
            loss = (net(x) ** 2).sum()
            manager.backward(loss)
        return loss

    function = run if step is None else step(run)
    for _ in range(2):
        for parameter in net.parameters():
            parameter.grad = None
        function(megengine.Tensor(random(2, 3, 8, 8)))
    return {name: None if each.grad is None else each.grad.numpy() for name, each in net.named_parameters()}


def test_copies_train_alike() -> None:
    net = network()
    expected, actual = trained_gradients(net), trained_gradients(copy.deepcopy(net))
    for name, gradient in expected.items():
        np.testing.assert_array_equal(actual[name], gradient, err_msg=name)


@pytest.mark.parametrize("symbolic", [False, True])
def test_a_traced_training_step_has_the_same_gradients(symbolic: bool) -> None:
    import megengine.jit

    net = network()
    expected = trained_gradients(net)
    actual = trained_gradients(copy.deepcopy(net), megengine.jit.trace(symbolic=symbolic))
    for name, gradient in expected.items():
        assert_close(actual[name], gradient, what=name)


@pytest.mark.parametrize("symbolic", [False, True])
def test_traced_batch_norm_of_a_large_tensor_trains_alike(symbolic: bool) -> None:
    import megengine

    function = get_backend("megengine").layer("BatchNorm2d")
    eager, traced = function(8), function(8)
    x = megengine.Tensor(random(4, 8, 24, 25))

    def step(norm: Any) -> Callable[[], Any]:
        manager = megengine.autodiff.GradManager().attach(list(norm.parameters()))

        def run() -> Any:
            with manager:
                loss = (norm(x) ** 3).sum()
                manager.backward(loss)
            return loss

        return run

    step(eager)()
    megengine.jit.trace(symbolic=symbolic)(step(traced))()
    for name, value in eager.named_tensors():
        other = dict(traced.named_tensors())[name]
        assert_close(other.numpy(), value.numpy(), what=name)
        if value.grad is not None:
            assert_close(other.grad.numpy(), value.grad.numpy(), what=f"gradient of {name}")


def test_no_gradient_is_computed_for_frozen_weights(functions: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    import megengine

    ours, _ = functions
    monkeypatch.setattr(ours, "weight_gradient", lambda *_: pytest.fail("computed a gradient nobody asked for"))
    net = network()
    x = megengine.Tensor(random(2, 3, 8, 8))
    manager = megengine.autodiff.GradManager().attach([x])
    with manager:
        manager.backward(net(x).sum())
    assert x.grad.shape == x.shape


def test_no_gradient_is_computed_for_images(functions: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    ours, _ = functions
    asked: list[bool] = []
    original = ours._Convolution.input_gradient
    monkeypatch.setattr(
        ours._Convolution, "input_gradient", lambda self, *each: asked.append(True) or original(self, *each)
    )
    trained_gradients(network())
    assert len(asked) == 4  # two steps, of three convolutions each all but the first


def test_float16_weights_get_float16_gradients(functions: Any) -> None:
    ours, _ = functions
    x, weight = random(2, 4, 6, 6), random(4, 4, 3, 3, seed=1)
    expected = gradients(lambda x, w: ours.convolve(x, w, None, 1, 1, 1, 1), x, weight)
    actual = gradients(
        lambda x, w: ours.convolve(x, w, None, 1, 1, 1, 1), x.astype(np.float16), weight.astype(np.float16)
    )
    assert actual[2].dtype == np.float16
    np.testing.assert_allclose(actual[2], expected[2], rtol=0.05, atol=0.5)


def test_autocast_training_works() -> None:
    import megengine

    net = network()
    expected = trained_gradients(net)
    with megengine.amp.autocast():
        actual = trained_gradients(copy.deepcopy(net))
    for name, gradient in expected.items():
        assert gradient is not None
        assert actual[name].dtype == np.float32
        scale = max(float(np.abs(gradient).max()), 1.0)
        assert float(np.abs(actual[name] - gradient).max()) < 0.1 * scale, name
