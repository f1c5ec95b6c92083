"""Turning by places, and what EVA refuses."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from polynet import ops
from polynet.backend import Backend
from polynet.errors import OptionError
from polynet.models.blocks.rotary import rotary_tables, rotate
from polynet.models.networks.beit import relative_positions
from polynet.models.networks.eva import Eva
from tests.compare import assert_close

TOKENS: dict[str, Any] = {"img_size": 32, "patch_size": 8, "embed_dim": 16, "depth": 2, "num_heads": 2}


def test_turning_keeps_lengths_and_leaves_what_stands_for_no_place(backend: Backend) -> None:
    x = np.random.standard_normal((2, 3, 7, 8)).astype(np.float32)
    cosines, sines = (ops.tensor(table) for table in rotary_tables((2, 3), 8, prefix=1))
    turned = rotate(ops.tensor(x), cosines, sines)
    assert_close(turned[:, :, :2], x[:, :, :2], 0)
    pairs = ops.to_numpy(turned).reshape(2, 3, 7, 4, 2)
    assert_close(np.linalg.norm(pairs, axis=-1), np.linalg.norm(x.reshape(2, 3, 7, 4, 2), axis=-1), 1e-6)


def test_scores_depend_on_the_distance_alone(backend: Backend) -> None:
    query, key = (np.random.standard_normal(8).astype(np.float32) for _ in range(2))
    cosines, sines = (ops.tensor(table) for table in rotary_tables((3, 3), 8))
    turned = [rotate(ops.tensor(np.tile(each, (9, 1))), cosines, sines) for each in (query, key)]
    scores = ops.to_numpy(ops.matmul(turned[0], ops.transpose(turned[1], 0, 1)))
    # Places 0 and 4 are as far apart as 4 and 8, and 1 and 2 as 7 and 8.
    assert scores[0, 4] == pytest.approx(scores[4, 8], rel=1e-5)
    assert scores[1, 2] == pytest.approx(scores[7, 8], rel=1e-5)


def test_places_are_spread_over_the_reference_whatever_the_grid() -> None:
    spread = rotary_tables((4, 4), 8, reference=(2, 2))[0].reshape(4, 4, 8)
    np.testing.assert_allclose(spread[::2, ::2], rotary_tables((2, 2), 8)[0].reshape(2, 2, 8), atol=1e-7)


def test_patches_equally_far_apart_share_a_row_and_the_class_token_has_its_own() -> None:
    which = relative_positions((2, 3))
    assert which.shape == (7, 7)
    assert which[1, 2] == which[5, 6]
    assert which[1, 2] != which[2, 1]
    assert sorted({int(which[0, 1]), int(which[1, 0]), int(which[0, 0])}) == [15, 16, 17]
    assert which[1:, 1:].max() < 15


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"global_pool": "mean"}, "global_pool is 'avg' or 'token'"),
        ({"scale_mlp": True}, "needs swiglu_mlp"),
        ({"use_rot_pos_emb": True, "embed_dim": 12}, "multiple of 4 features"),
        ({"num_heads": 3}, "do not divide"),
    ],
)
def test_options_that_do_not_fit_are_refused(backend: Backend, options: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        Eva(**{**TOKENS, **options})
