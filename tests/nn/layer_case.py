"""One layer with its options and inputs, and the check that a backend computes with it what torch does."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import pytest

from polynet import nn
from polynet.backend import Backend, use_backend
from polynet.slots import Slot
from tests.compare import assert_close
from tests.tolerances import tolerance

Array = np.ndarray[Any, Any]
Input = Callable[[np.random.Generator], Array]
"""Draws one input of a case."""


def normal(*shape: int) -> Input:
    """Numbers of mean 0 and variance 1."""
    return lambda generator: generator.standard_normal(shape, np.float32)


def even(*shape: int) -> Input:
    """Numbers spread evenly over [0, 1)."""
    return lambda generator: generator.random(shape, np.float32)


def whole(high: int, *shape: int) -> Input:
    """Whole numbers below `high`."""
    return lambda generator: generator.integers(0, high, shape)


def distribution(*shape: int) -> Input:
    """Positive numbers that sum to 1 over axis 1."""

    def draw(generator: np.random.Generator) -> Array:
        numbers = generator.random(shape, np.float32) + np.float32(0.1)
        return numbers / numbers.sum(axis=1, keepdims=True)

    return draw


def fixed(values: Any) -> Input:
    """These very numbers: float32 unless they are whole or booleans."""
    array = np.asarray(values)
    return lambda _: array.astype(np.float32) if array.dtype.kind == "f" else array


class Case(NamedTuple):
    """A layer, its constructor's arguments, and what it is called with."""

    layer: str
    arguments: tuple[Any, ...]
    options: dict[str, Any]
    inputs: tuple[Input, ...]
    call: dict[str, Any]
    modes: tuple[bool, ...]

    @property
    def name(self) -> str:
        """How the case is called in reports, and in the table of tolerances."""
        options = [*map(str, self.arguments), *(f"{key}={value}" for key, value in self.options.items())]
        call = [f"{key}" for key in self.call]
        return f"{self.layer}({', '.join(options)})" + (f" with {', '.join(call)}" if call else "")


def case(
    layer: str,
    *arguments: Any,
    inputs: Input | Sequence[Input],
    call: dict[str, Any] | None = None,
    modes: tuple[bool, ...] = (True, False),
    **options: Any,
) -> Any:
    """A parameter for `pytest.mark.parametrize`.

    Args:
        layer: Name in `polynet.nn`.
        *arguments: The constructor's.
        inputs: What the layer is called with; floating-point ones are differentiated.
        call: Options of the call; arrays among them become tensors.
        modes: Training (`True`) and evaluation mode.
        **options: The constructor's. Arrays among them become tensors.
    """
    several = (inputs,) if callable(inputs) else tuple(inputs)
    made = Case(layer, arguments, options, several, call or {}, modes)
    return pytest.param(made, id=made.name)


class Outcome(NamedTuple):
    """What a layer gave on one backend."""

    outputs: list[Any]
    input_gradients: list[Array | None]
    parameter_gradients: dict[str, Array | None]
    state: dict[str, Array]


def native(backend: Backend, value: Any) -> Any:
    """Arrays, also within tuples, as tensors of the backend."""
    if isinstance(value, np.ndarray):
        return backend.tensor(value)
    return tuple(native(backend, item) for item in value) if isinstance(value, tuple) else value


def build(backend: Backend, case: Case) -> Any:
    """The case's layer on a backend."""
    with use_backend(backend):
        options = {key: native(backend, value) for key, value in case.options.items()}
        return getattr(nn, case.layer)(*case.arguments, **options)


def tensors_in(value: Any) -> Iterator[Any]:
    """Tensors of a possibly nested output, in order."""
    if isinstance(value, tuple | list):
        for item in value:
            yield from tensors_in(item)
    elif value is not None:
        yield value


def random_state(slots: dict[str, Slot]) -> dict[str, Array]:
    """Random numbers for every slot; variances positive, scales near 1."""
    generator = np.random.default_rng(7)
    state = {}
    for name, slot in slots.items():
        numbers = generator.standard_normal(slot.shape).astype(np.float32) * np.float32(0.5)
        leaf = name.rpartition(".")[2]
        state[name] = np.abs(numbers) + np.float32(0.5) if leaf == "running_var" else numbers
    return state


def run(backend: Backend, layer: Any, case: Case, mode: bool) -> Outcome:
    """Forward and backward once; the loss weighs every output element by a fixed random number."""
    generator = np.random.default_rng(11)
    inputs = [backend.tensor(draw(generator)) for draw in case.inputs]
    call = {key: native(backend, value) for key, value in case.call.items()}
    backend.set_training(layer, mode)
    slots = backend.slots(layer)
    trained = {name: slot for name, slot in slots.items() if slot.kind == "parameter"}
    kept: list[Any] = []

    def loss() -> Any:
        kept[:] = tensors_in(layer(*inputs, **call))
        weights = np.random.default_rng(13)
        total = None
        for output in kept:
            if "float" in str(output.dtype):
                weighed = output * backend.tensor(weights.standard_normal(tuple(output.shape)).astype(np.float32))
                total = weighed.sum() if total is None else total + weighed.sum()
        return total

    floating = [index for index, tensor in enumerate(inputs) if "float" in str(tensor.dtype)]
    sources = [*(inputs[index] for index in floating), *(slot.tensor for slot in trained.values())]
    _, gradients = backend.differentiate(loss, sources)
    of_inputs, of_parameters = gradients[: len(floating)], gradients[len(floating) :]
    return Outcome(
        list(kept),
        [None if gradient is None else backend.numpy(gradient) for gradient in of_inputs],
        {
            name: None if gradient is None else slot.canonical(gradient)
            for (name, slot), gradient in zip(trained.items(), of_parameters, strict=True)
        },
        {name: slot.read() for name, slot in slots.items()},
    )


def check(backend: Backend, reference: Backend, case: Case) -> None:
    """Compare a layer with torch's: parameters, outputs, gradients and state, in each mode."""
    expected_layer = build(reference, case)
    if backend is reference:
        import torch

        assert type(expected_layer) is getattr(torch.nn, case.layer)
        for mode in case.modes:
            assert run(reference, expected_layer, case, mode).outputs
        return
    layer = build(backend, case)
    described = {name: (slot.kind, slot.shape) for name, slot in backend.slots(layer).items()}
    expected_slots = dict(reference.slots(expected_layer))
    assert described == {name: (slot.kind, slot.shape) for name, slot in expected_slots.items()}
    state = random_state(expected_slots)
    relative = tolerance(case.name)
    for mode in case.modes:
        for name, array in state.items():
            backend.slots(layer)[name].write(array)
            expected_slots[name].write(array)
        actual = run(backend, layer, case, mode)
        expected = run(reference, expected_layer, case, mode)
        compare(actual, expected, relative, "training" if mode else "evaluation")


def compare(actual: Outcome, expected: Outcome, relative: float, mode: str) -> None:
    """Compare what two backends gave."""
    assert len(actual.outputs) == len(expected.outputs), f"{mode}: number of outputs"
    for index, (output, wanted) in enumerate(zip(actual.outputs, expected.outputs, strict=True)):
        assert_close(output, wanted, relative, what=f"{mode}: output {index}")
    pairs = zip(actual.input_gradients, expected.input_gradients, strict=True)
    for index, (gradient, wanted_gradient) in enumerate(pairs):
        compare_gradient(gradient, wanted_gradient, relative, f"{mode}: gradient of input {index}")
    for name, wanted_gradient in expected.parameter_gradients.items():
        compare_gradient(actual.parameter_gradients[name], wanted_gradient, relative, f"{mode}: gradient of {name}")
    for name, wanted_array in expected.state.items():
        assert_close(actual.state[name], wanted_array, relative, what=f"{mode}: {name} afterwards")


def compare_gradient(actual: Array | None, expected: Array | None, relative: float, what: str) -> None:
    """Compare gradients; none at all is the same as zeros."""
    if actual is None or expected is None:
        present = expected if actual is None else actual
        assert present is None or not present.any(), f"{what}: there is one on one framework only"
        return
    assert_close(actual, expected, relative, what=what)
