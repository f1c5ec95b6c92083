"""One component built on both frameworks with the same weights, and whether the two compute the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import polynet
from polynet import ops
from polynet.backend import Backend, use_backend
from tests.compare import assert_close


def outputs_of(result: Any) -> list[Any]:
    """What a component returned, as a list of tensors."""
    if isinstance(result, dict):
        return [value for value in result.values() if not isinstance(value, int)]
    return list(result) if isinstance(result, (tuple, list)) else [result]


def assert_twins(
    both: tuple[Backend, Backend],
    make: Callable[[], Any],
    *inputs: np.ndarray[Any, Any],
    training: bool = False,
    relative: float = 1e-5,
) -> None:
    """Build on both, give one the other's weights, and compare outputs and the gradients of their mean square."""
    seen: list[tuple[list[Any], dict[str, Any]]] = []
    weights: Any = None
    for backend in both:
        with use_backend(backend):
            net = make()
            weights = polynet.state(net) if weights is None else weights
            polynet.load_state(net, weights)
            backend.set_training(net, training)
            tensors = [ops.tensor(each) for each in inputs]
            found = outputs_of(net(*tensors))
            slots = {name: slot for name, slot in backend.slots(net).items() if slot.kind == "parameter"}

            def loss(net: Any = net, tensors: list[Any] = tensors) -> Any:
                return sum(ops.mean(each * each) for each in outputs_of(net(*tensors)))

            _, gradients = backend.differentiate(loss, [slot.tensor for slot in slots.values()])
            by_name = {
                name: slot.canonical(gradient)
                for (name, slot), gradient in zip(slots.items(), gradients, strict=True)
                if gradient is not None
            }
            seen.append((found, by_name))
    (first, first_gradients), (second, second_gradients) = seen
    assert len(first) == len(second)
    for one, other in zip(first, second, strict=True):
        assert_close(other, one, relative)
    assert first_gradients.keys() == second_gradients.keys()
    scale = max((float(np.abs(each).max()) for each in first_gradients.values()), default=0.0)
    for name, gradient in first_gradients.items():
        assert float(np.abs(second_gradients[name] - gradient).max()) <= relative * scale, name
