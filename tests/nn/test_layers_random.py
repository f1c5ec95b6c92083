"""Layers that drop at random: how often, what, how the rest is scaled, and never in evaluation mode."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from polynet import nn
from polynet.backend import Backend
from polynet.errors import OptionError
from tests.nn.layer_case import case, normal

CASES = [
    case("Dropout", inputs=normal(3, 4), modes=(False,)),
    case("Dropout", p=0.0, inputs=normal(3, 4)),
    case("Dropout", p=1.0, inputs=normal(3, 4)),
    case("Dropout2d", inputs=normal(2, 3, 4, 4), modes=(False,)),
    case("Dropout2d", p=1.0, inputs=normal(2, 3, 4, 4)),
]

LAYERS: list[Any] = [nn.Dropout, nn.Dropout2d, nn.DropPath]


def through(backend: Backend, layer: Any, mode: bool, shape: tuple[int, ...] = (50, 40, 3, 4)) -> np.ndarray[Any, Any]:
    backend.seed(1)
    backend.set_training(layer, mode)
    return backend.numpy(layer(backend.tensor(np.ones(shape, np.float32))))


@pytest.mark.parametrize("case", CASES)
def test_layer_equals_torchs_where_nothing_is_random(backend: Backend, reference: Backend, case: Any) -> None:
    from tests.nn.layer_case import check

    check(backend, reference, case)


@pytest.mark.parametrize("cls", LAYERS)
def test_evaluation_mode_returns_the_input(backend: Backend, cls: Any) -> None:
    assert (through(backend, cls(0.7), mode=False) == 1).all()


def test_default_probabilities_are_torchs(backend: Backend) -> None:
    assert (nn.Dropout().p, nn.Dropout2d().p, nn.DropPath().p) == (0.5, 0.5, 0.0)


@pytest.mark.parametrize(("cls", "dropped_together"), [(nn.Dropout, 0), (nn.Dropout2d, 2), (nn.DropPath, 3)])
def test_training_drops_the_right_share_in_the_right_units_and_scales_the_rest(
    backend: Backend, cls: Any, dropped_together: int
) -> None:
    shape = {0: (50, 40, 3, 4), 2: (80, 60, 3, 4), 3: (4000, 2, 3, 2)}[dropped_together]
    output = through(backend, cls(0.3), mode=True, shape=shape)
    kept = output != 0
    np.testing.assert_allclose(output[kept], 1 / 0.7, rtol=1e-6)
    units = kept.reshape(*shape[: 4 - dropped_together], -1)
    assert (units.all(-1) | ~units.any(-1)).all()
    share = units[..., 0].mean()
    assert abs(share - 0.7) < 5 * np.sqrt(0.21 / units[..., 0].size)


def test_gradient_passes_where_the_input_did(backend: Backend) -> None:
    layer = nn.Dropout(0.4)
    backend.set_training(layer, True)
    source = backend.tensor(np.ones((30, 30), np.float32))
    kept: list[Any] = []

    def loss() -> Any:
        kept[:] = [layer(source)]
        return kept[0].sum()

    _, (gradient,) = backend.differentiate(loss, [source])
    np.testing.assert_allclose(backend.numpy(gradient), backend.numpy(kept[0]), rtol=1e-6)


def test_same_seed_drops_the_same(backend: Backend) -> None:
    layer = nn.Dropout(0.5)
    assert (through(backend, layer, mode=True) == through(backend, layer, mode=True)).all()


def test_drop_path_may_leave_the_rest_unscaled(backend: Backend) -> None:
    output = through(backend, nn.DropPath(0.5, scale_by_keep=False), mode=True)
    assert set(np.unique(output)) == {0.0, 1.0}


def test_drop_path_shows_its_options(backend: Backend) -> None:
    assert "p=0.25" in repr(nn.DropPath(0.25))
    assert "scale_by_keep=False" in repr(nn.DropPath(0.25, scale_by_keep=False))


@pytest.mark.parametrize("p", [-0.1, 1.5, "0.5", None, True, float("nan")])
def test_drop_path_refuses_what_is_no_probability(backend: Backend, p: Any) -> None:
    with pytest.raises(OptionError, match="probability"):
        nn.DropPath(p)
