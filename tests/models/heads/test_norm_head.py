"""`NormHead`: what is normalised, and when."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import polynet
from polynet import ops
from polynet.backend import Backend, use_backend
from polynet.errors import OptionError
from polynet.models.heads import NormHead
from polynet.weights import load_state, state

CHANNELS, CLASSES, EPS = 6, 4, 0.5
WHOLE: dict[str, Any] = {"norm_whole_map": True, "norm_eps": EPS}


def drawn_state(head: Any) -> dict[str, Any]:
    numbers = np.random.RandomState(3)
    return {name: numbers.standard_normal(array.shape).astype(np.float32) for name, array in state(head).items()}


def filled(backend: Backend, **options: Any) -> tuple[Any, dict[str, Any]]:
    head = NormHead(CHANNELS, CLASSES, **options)
    weights = drawn_state(head)
    assert load_state(head, weights).ok
    backend.set_training(head, False)
    return head, weights


def drawn_map(height: int, width: int) -> np.ndarray[Any, Any]:
    return (3 * np.random.RandomState(5).standard_normal((2, CHANNELS, height, width)) + 1).astype(np.float32)


def outputs(backend: Backend, head: Any, x: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return np.asarray(backend.numpy(head(backend.tensor(x))))


@pytest.mark.parametrize("size", [(1, 1), (3, 5), (7, 7)])
def test_the_whole_map_is_normalised_as_torchs_group_norm_of_one_group_does(
    backend: Backend, size: tuple[int, int]
) -> None:
    torch = pytest.importorskip("torch")
    head, weights = filled(backend, **WHOLE)
    x = drawn_map(*size)
    norm, linear = torch.nn.GroupNorm(1, CHANNELS, eps=EPS), torch.nn.Linear(CHANNELS, CLASSES)
    norm.load_state_dict({leaf: torch.from_numpy(weights[f"norm.{leaf}"]) for leaf in ("weight", "bias")})
    linear.load_state_dict({leaf: torch.from_numpy(weights[f"fc.{leaf}"]) for leaf in ("weight", "bias")})
    with torch.no_grad():
        wanted = linear(norm(torch.from_numpy(x)).mean((2, 3))).numpy()
    found = outputs(backend, head, x)
    assert found.dtype == np.float32
    assert found.shape == (2, CLASSES)
    np.testing.assert_allclose(found, wanted, rtol=0, atol=2e-6 * np.abs(wanted).max())


def test_the_mean_and_variance_are_those_of_all_channels_and_positions(backend: Backend) -> None:
    head, weights = filled(backend, **WHOLE)
    x = drawn_map(3, 5).astype(np.float64)
    centred = x - x.mean((1, 2, 3), keepdims=True)
    normalised = (centred / np.sqrt(x.var((1, 2, 3), keepdims=True) + EPS)).mean((2, 3))
    wanted = (normalised * weights["norm.weight"] + weights["norm.bias"]) @ weights["fc.weight"].T + weights["fc.bias"]
    found = outputs(backend, head, x.astype(np.float32))
    np.testing.assert_allclose(found, wanted, rtol=0, atol=2e-6 * np.abs(wanted).max())


@pytest.mark.parametrize(("size", "equal"), [((1, 1), True), ((2, 2), False)])
def test_weights_of_both_forms_fit_each_other_and_differ_beyond_one_pixel(
    backend: Backend, size: tuple[int, int], equal: bool
) -> None:
    whole, weights = filled(backend, **WHOLE)
    mean = NormHead(CHANNELS, CLASSES, norm_eps=EPS)
    assert load_state(mean, weights).ok
    backend.set_training(mean, False)
    x = drawn_map(*size)
    first, second = outputs(backend, whole, x), outputs(backend, mean, x)
    assert (np.abs(first - second).max() <= 2e-6 * np.abs(first).max()) == equal
    assert equal or np.abs(first - second).max() > 0.1 * np.abs(first).max()


def test_a_whole_map_is_normalised_in_front_of_the_hidden_layer_too(backend: Backend) -> None:
    head = NormHead(CHANNELS, CLASSES, width=5, **WHOLE)
    features = head.pre_logits(backend.tensor(drawn_map(3, 3)))
    assert tuple(features.shape) == (2, 5)
    assert set(state(head)) == {f"{part}.{leaf}" for part in ("norm", "hidden", "fc") for leaf in ("weight", "bias")}


def test_a_head_is_built_without_a_framework() -> None:
    with use_backend("shapes"):
        head = NormHead(CHANNELS, CLASSES, **WHOLE)
        assert tuple(head(ops.ones((2, CHANNELS, 3, 5))).shape) == (2, CLASSES)
    ours = polynet.build("poolformer_s12", backend="shapes")
    whole = polynet.build("poolformer_s12", backend="shapes", head={"norm_whole_map": True})
    slots = polynet.get_backend("shapes").slots
    shapes = [{name: slot.shape for name, slot in slots(net).items()} for net in (ours, whole)]
    assert shapes[0] == shapes[1]


def test_two_ways_of_normalising_first_are_refused(backend: Backend) -> None:
    with pytest.raises(OptionError, match=r"norm_first normalises the map at each position.*give one of them"):
        NormHead(CHANNELS, CLASSES, norm_first=True, norm_whole_map=True)
