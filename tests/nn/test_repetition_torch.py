"""Where torch's constructors are changed from outside, copies are not what they would make."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import numpy as np
import pytest

import polynet
from polynet import nn
from polynet.nn.repetition import repeating

torch = pytest.importorskip("torch")


@pytest.fixture
def building() -> Iterator[None]:
    """A network being built on torch."""
    backend = polynet.get_backend("torch")
    with polynet.use_backend(backend), backend.building(), repeating(backend):
        yield


@pytest.mark.usefixtures("building")
def test_a_device_chosen_meanwhile_is_obeyed() -> None:
    first = nn.Linear(2, 3)
    with torch.device("meta"):
        second = nn.Linear(2, 3)
    third = nn.Linear(2, 3)
    assert [layer.weight.device.type for layer in (first, second, third)] == ["cpu", "meta", "cpu"]


@pytest.mark.usefixtures("building")
def test_a_default_dtype_set_meanwhile_is_obeyed() -> None:
    first = nn.BatchNorm2d(3)
    torch.set_default_dtype(torch.float64)
    try:
        second = nn.BatchNorm2d(3)
    finally:
        torch.set_default_dtype(torch.float32)
    assert (first.weight.dtype, second.weight.dtype) == (torch.float32, torch.float64)


@pytest.mark.usefixtures("building")
def test_hooks_of_registration_see_every_parameter() -> None:
    nn.Linear(2, 3)
    seen = []
    handle = torch.nn.modules.module.register_module_parameter_registration_hook(lambda *given: seen.append(given[1]))
    try:
        nn.Linear(2, 3)
    finally:
        handle.remove()
    assert seen == ["weight", "bias"]


def test_what_was_not_drawn_is_drawn_of_copies_too() -> None:
    backend = polynet.get_backend("torch")
    with polynet.use_backend(backend), backend.building() as draw_skipped, repeating(backend):
        layers = [nn.Linear(4, 4) for _ in range(3)]
    with torch.no_grad():
        for layer in layers:
            layer.weight.fill_(7)
    draw_skipped([layers[0].weight])
    assert bool((layers[0].weight == 7).all())
    assert not torch.equal(layers[1].weight, layers[2].weight)
    assert all(bool((layer.weight.abs() <= 0.5).all()) for layer in layers[1:])


def test_a_torch_without_what_copies_need_builds_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = polynet.state(polynet.build("resnet18", backend="torch", seed=0, num_classes=3))
    monkeypatch.setitem(sys.modules, "polynet_torch.copying", None)  # which makes its import an ImportError
    backend = polynet.get_backend("torch")
    monkeypatch.setattr(backend, "_copier", backend._copier)
    backend._import_framework()
    assert backend._copier is None
    state = polynet.state(polynet.build("resnet18", backend="torch", seed=0, num_classes=3))
    assert list(state) == list(expected)
    assert all(np.array_equal(state[name], expected[name]) for name in state)
