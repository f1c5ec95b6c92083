"""Histograms of oriented gradients are MMPretrain's, and the same on every framework."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import polynet
from polynet import ops
from polynet.backend import Backend
from polynet.errors import InputError, OptionError
from polynet.models.targets.hog_generator import HOGGenerator
from polynet.registry import MODELS, TARGETS
from tests.compare import assert_close
from tests.oracles.mmpretrain_case import TOLERANCE, read_case


def images(side: int = 112) -> np.ndarray[Any, Any]:
    return np.random.standard_normal((2, 3, side, side)).astype(np.float32)


@pytest.mark.checklist("S3-9")
def test_histograms_are_those_of_mmpretrain(backend: Backend) -> None:
    case = read_case("maskfeat_tiny")
    generator = MODELS.build(case.model["target_generator"])
    assert isinstance(generator, HOGGenerator)
    assert_close(generator(ops.tensor(case.images())), case.output("out/hog"), TOLERANCE)


def test_its_constants_have_mmpretrains_names(backend: Backend) -> None:
    case = read_case("maskfeat_tiny")
    keys = {
        key.removeprefix("target_generator."): shape for key, (_, shape, _) in case.state.items() if "target" in key
    }
    generator = TARGETS.build({"type": "HOGGenerator"})
    assert {key: list(value.shape) for key, value in polynet.state(generator).items()} == keys
    assert not any(slot.trainable for slot in backend.slots(generator).values())


@pytest.mark.checklist("S3-9")
@pytest.mark.parametrize(
    ("options", "side", "shape"),
    [
        ({}, 112, (2, 196, 27)),
        ({"gaussian_window": 0}, 112, (2, 196, 27)),
        ({"nbins": 6, "pool": 4}, 112, (2, 196, 72)),
        ({"gaussian_window": 0}, 120, (2, 225, 27)),
    ],
)
def test_every_patch_gets_its_histograms(
    backend: Backend, options: dict[str, Any], side: int, shape: tuple[int, ...]
) -> None:
    found = backend.numpy(HOGGenerator(**options)(ops.tensor(images(side))))
    assert found.shape == shape
    assert (found >= 0).all()
    # One histogram for each colour and cell, each of length 1.
    colours_and_cells = shape[2] // options.get("nbins", 9)
    np.testing.assert_allclose((found**2).sum(-1), colours_and_cells, rtol=1e-5)


def test_an_edge_counts_for_its_direction_alone(backend: Backend) -> None:
    picture = np.zeros((1, 3, 112, 112), np.float32)
    picture[..., 60:] = 1.0  # one upright edge
    found = backend.numpy(HOGGenerator()(ops.tensor(picture))).reshape(14, 14, 3, 9)
    assert not found[:, :6].any()
    across = found[5, 7, 0]
    assert across.max() == pytest.approx(1.0, rel=1e-6)
    assert (across > 0).sum() == 1


def test_nothing_flows_back(backend: Backend) -> None:
    x = ops.tensor(images())
    weight = polynet.nn.Parameter(np.ones((1,), np.float32))
    _, (gradient,) = backend.differentiate(lambda: ops.sum(HOGGenerator()(x * weight)) + ops.sum(weight) * 2, [weight])
    assert backend.numpy(gradient).tolist() == [2.0]


def test_what_does_not_fit_is_refused(backend: Backend) -> None:
    with pytest.raises(InputError, match="multiples of 16 and at least 112, not 200 x 200"):
        HOGGenerator()(ops.tensor(images(200)))
    with pytest.raises(InputError, match="at least 112, not 96 x 96"):
        HOGGenerator()(ops.tensor(images(96)))
    with pytest.raises(InputError, match=r"takes images \(N, 3, H, W\)"):
        HOGGenerator()(ops.tensor(images()[:, :1]))
    with pytest.raises(OptionError, match="nbins is a whole number of at least 1"):
        HOGGenerator(nbins=0)
