"""Layers that a network has many of are copies of the first while it is built."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import polynet
from polynet import nn
from polynet.backend import Backend
from polynet.errors import OptionError
from polynet.nn.repetition import key_of, repeating

LAYERS: dict[str, Callable[[], Any]] = {
    "Conv1d": lambda: nn.Conv1d(4, 8, 3, groups=2),
    "Conv2d": lambda: nn.Conv2d(4, 8, 3, stride=2, padding=(1, 2), bias=False),
    "large Conv2d": lambda: nn.Conv2d(64, 64, 3, padding="same", padding_mode="reflect"),
    "ConvTranspose2d": lambda: nn.ConvTranspose2d(4, 8, 3),
    "Linear": lambda: nn.Linear(4, 8),
    "large Linear": lambda: nn.Linear(128, 128),
    "BatchNorm2d": lambda: nn.BatchNorm2d(4, momentum=None),
    "LayerNorm": lambda: nn.LayerNorm(4, eps=1e-6),
    "GroupNorm": lambda: nn.GroupNorm(2, 4),
    "Embedding": lambda: nn.Embedding(5, 4),
    "PReLU": lambda: nn.PReLU(4),
    "ReLU": lambda: nn.ReLU(inplace=True),
    "MaxPool2d": lambda: nn.MaxPool2d(3, 2, 1),
    "Dropout": lambda: nn.Dropout(0.1),
}


@pytest.fixture
def building(backend: Backend) -> Iterator[Callable[[Any], None]]:
    """A network being built, within which equal layers are copies."""
    with backend.building() as draw_skipped, repeating(backend):
        yield draw_skipped


def _plain(layer: Any) -> dict[str, Any]:
    """A layer's attributes, tensors by type, dtype and shape, and what it keeps numbers of."""
    found = {}
    for name, value in vars(layer).items():
        tensors = value if name in ("_parameters", "_buffers") else {name: value}
        for key, each in tensors.items():
            shown = (str(each.dtype), tuple(each.shape)) if hasattr(each, "shape") else each
            found[f"{name}.{key}"] = (type(value), type(each), shown)
    return found


@pytest.mark.parametrize("kind", LAYERS)
def test_a_copy_is_what_the_constructor_makes(backend: Backend, building: Callable[[Any], None], kind: str) -> None:
    first, copy = LAYERS[kind](), LAYERS[kind]()
    with repeating(backend):
        made = LAYERS[kind]()
    assert type(copy) is type(made)
    assert _plain(copy) == _plain(made)
    assert repr(copy) == repr(made)
    assert list(copy.state_dict()) == list(made.state_dict())
    assert all(ours is not others for ours, others in zip(copy.parameters(), first.parameters(), strict=True))


def test_equal_layers_are_copied_and_others_are_not(
    backend: Backend, building: Callable[[Any], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    target = backend.layer("Linear")
    made = []
    native = target.__init__
    monkeypatch.setattr(
        target, "__init__", lambda self, *given, **options: (made.append(given), native(self, *given, **options))[1]
    )
    layers = [nn.Linear(4, 8), nn.Linear(4, 8), nn.Linear(4, 8, bias=False), nn.Linear(4, 8)]
    assert made == [(4, 8), (4, 8)]
    assert [layer.bias is None for layer in layers] == [False, False, True, False]


def test_a_layer_that_was_changed_is_copied_as_it_was_made(backend: Backend, building: Callable[[Any], None]) -> None:
    first = nn.BatchNorm2d(3)
    backend.slots(first)["weight"].write(np.zeros(3, np.float32))
    first.register_forward_hook(lambda *_: None)
    first.mark = "changed"
    second = nn.BatchNorm2d(3)
    assert backend.slots(second)["weight"].read().tolist() == [1, 1, 1]
    assert not second._forward_hooks
    assert not hasattr(second, "mark")


def test_writing_to_one_copy_leaves_the_others(backend: Backend, building: Callable[[Any], None]) -> None:
    layers = [nn.BatchNorm2d(3) for _ in range(3)]
    for name in ("weight", "running_mean"):
        kept = [backend.slots(layer)[name].read() for layer in layers[1:]]
        backend.slots(layers[0])[name].write(np.full(3, 7, np.float32))
        for layer, before in zip(layers[1:], kept, strict=True):
            np.testing.assert_array_equal(backend.slots(layer)[name].read(), before)


def test_options_of_other_types_make_other_layers() -> None:
    keys = [key_of(nn.Linear, (1, width), {}) for width in (1, 1.0, True)]
    assert len(set(keys)) == 3
    assert key_of(nn.Conv2d, (1, 1, (1, 3)), {}) == key_of(nn.Conv2d, (1, 1, (1, 3)), {}) is not None
    assert key_of(nn.Conv2d, (1, 1, [1, 3]), {}) is None
    assert key_of(nn.Conv2d, (1, 1, (1.0, 3)), {}) is None


def test_what_was_refused_is_refused_again(backend: Backend, building: Callable[[Any], None]) -> None:
    for _ in range(2):
        with pytest.raises(OptionError, match="in_features"):
            nn.Linear(0, 3)
        nn.Linear(1, 3)


def test_nothing_is_kept_once_a_network_is_built(backend: Backend) -> None:
    with backend.building(), repeating(backend):
        layers = [nn.Linear(4, 4) for _ in range(3)]
    kept = [weakref.ref(layer) for layer in layers]
    del layers
    gc.collect()
    assert [each() for each in kept] == [None] * 3


def test_copies_begin_with_different_numbers(backend: Backend) -> None:
    class Pair(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.second = nn.Linear(4, 4), nn.Linear(4, 4)

    state = polynet.state(polynet.build(Pair, backend=backend, seed=0))
    assert not np.array_equal(state["first.weight"], state["second.weight"])
