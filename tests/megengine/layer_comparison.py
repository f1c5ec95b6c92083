"""Run one layer on torch and on MegEngine with the same weights, and compare everything it computes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from polynet.backend import Backend, get_backend
from tests.compare import assert_close

Make = Callable[[type], Any]


def _layers(name: str) -> tuple[type, type]:
    return get_backend("torch").layer(name), get_backend("megengine").layer(name)


def build_pair(name: str, *arguments: Any, **options: Any) -> tuple[Any, Any]:
    """The layer on torch and on MegEngine, MegEngine's with torch's numbers."""
    torch_class, megengine_class = _layers(name)
    torch_layer, megengine_layer = torch_class(*arguments, **options), megengine_class(*arguments, **options)
    share_state(torch_layer, megengine_layer)
    return torch_layer, megengine_layer


def share_state(torch_layer: Any, megengine_layer: Any) -> None:
    """Give MegEngine's layer the numbers of torch's, made up afresh so that none is a special value."""
    slots = get_backend("megengine").slots(megengine_layer)
    generator = np.random.default_rng(7)
    torch_slots = get_backend("torch").slots(torch_layer)
    assert {name: slot.shape for name, slot in slots.items()} == {n: s.shape for n, s in torch_slots.items()}
    for name, slot in torch_slots.items():
        value = (0.5 * generator.standard_normal(slot.shape)).astype(np.float32)
        if "running_var" in name:
            value = np.abs(value) + 0.5
        slot.write(value)
        slots[name].write(value)


def outputs_of(value: Any) -> list[Any]:
    """Every tensor in a layer's result."""
    if value is None:
        return []
    if isinstance(value, tuple | list):
        return [each for item in value for each in outputs_of(item)]
    return [value]


def compare(
    torch_layer: Any,
    megengine_layer: Any,
    inputs: Sequence[np.ndarray[Any, Any]],
    *,
    call: Callable[..., Any] = lambda layer, *tensors: layer(*tensors),
    relative: float = 1e-5,
) -> None:
    """Compare outputs, gradients of floating-point inputs and of every parameter, and all state afterwards.

    The loss weighs every output element with a number of its own, so that no error cancels.
    """
    results = []
    for backend, layer in ((get_backend("torch"), torch_layer), (get_backend("megengine"), megengine_layer)):
        results.append(_run(backend, layer, inputs, call))
    (expected, expected_gradients, expected_state), (actual, gradients, state) = results
    assert len(actual) == len(expected)
    for at, (left, right) in enumerate(zip(actual, expected, strict=True)):
        assert_close(left, right, relative, what=f"output {at}")
    assert gradients.keys() == expected_gradients.keys()
    for name, gradient in expected_gradients.items():
        assert (gradient is None) == (gradients[name] is None), name
        if gradient is not None:
            assert_close(gradients[name], gradient, relative, what=f"gradient of {name}")
    assert state.keys() == expected_state.keys()
    for name, value in expected_state.items():
        assert_close(state[name], value, relative, what=f"state {name}")


def _run(backend: Backend, layer: Any, inputs: Sequence[np.ndarray[Any, Any]], call: Callable[..., Any]) -> Any:
    tensors = [backend.tensor(each) for each in inputs]
    floating = {f"input {at}": each for at, each in enumerate(tensors) if inputs[at].dtype.kind == "f"}
    if backend.name == "torch":
        for each in floating.values():
            each.requires_grad_(True)
    slots = backend.slots(layer)
    parameters = {name: slot for name, slot in slots.items() if slot.kind == "parameter"}
    found: list[Any] = []

    def loss() -> Any:
        outputs = outputs_of(call(layer, *tensors))
        found.extend(outputs)
        generator = np.random.default_rng(3)
        total: Any = 0
        for output in outputs:
            weights = backend.tensor(generator.standard_normal(tuple(output.shape)).astype(np.float32))
            total = total + (output * weights).sum()
        return total

    sources = [*floating.values(), *(slot.tensor for slot in parameters.values())]
    _, gradients = backend.differentiate(loss, sources)
    outputs = [backend.numpy(each.detach()) for each in found]
    named = dict.fromkeys((*floating, *parameters))
    for name, gradient in zip(tuple(named), gradients, strict=True):
        if gradient is not None:
            array = backend.numpy(gradient)
            named[name] = array.reshape(parameters[name].shape) if name in parameters else array
    return outputs, named, {name: slot.read() for name, slot in backend.slots(layer).items()}


def random(*shape: int, seed: int = 0) -> np.ndarray[Any, Any]:
    """Standard normal numbers in float32."""
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)
