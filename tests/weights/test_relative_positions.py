"""Tables of relative positions are interpolated to other windows as timm does."""

from __future__ import annotations

import numpy as np
import pytest

from polynet.errors import WeightsError
from polynet.weights.relative_positions import resize_relative_position_table
from tests.compare import assert_close


def table(*window: int) -> np.ndarray:
    return np.random.RandomState(0).standard_normal(((2 * window[0] - 1) * (2 * window[1] - 1), 3)).astype(np.float32)


@pytest.mark.filterwarnings("ignore:torch.searchsorted:UserWarning", "ignore:Using a non-tuple:UserWarning")
@pytest.mark.parametrize(
    ("old", "new"), [((7, 7), (12, 12)), ((12, 12), (7, 7)), ((7, 7), (8, 6)), ((2, 2), (7, 7)), ((6, 4), (7, 7))]
)
def test_a_table_is_resized_as_timm_does(old: tuple[int, int], new: tuple[int, int]) -> None:
    torch = pytest.importorskip("torch")
    layers = pytest.importorskip("timm.layers.pos_embed_rel")
    shape = ((2 * new[0] - 1) * (2 * new[1] - 1), 3)
    wanted = layers.resize_rel_pos_bias_table(torch.from_numpy(table(*old)), new, shape, old).numpy()
    assert_close(resize_relative_position_table(table(*old), new, old), wanted, 1e-6, what="table")


def test_a_table_for_the_wanted_window_stays() -> None:
    given = table(3, 3)
    assert resize_relative_position_table(given, (3, 3)) is given


def test_the_type_stays() -> None:
    assert resize_relative_position_table(table(3, 3).astype(np.float16), (4, 4)).dtype == np.float16


@pytest.mark.parametrize(
    ("given", "window", "match"),
    [
        (np.zeros((15, 2)), None, "a square window"),
        (np.zeros((16, 2)), None, "a square window"),
        (np.zeros(9), None, "a square window"),
        (np.zeros((9, 2)), (3, 2), "windows of 3x2"),
    ],
)
def test_what_is_no_table_is_refused(given: np.ndarray, window: tuple[int, int] | None, match: str) -> None:
    with pytest.raises(WeightsError, match=match):
        resize_relative_position_table(given, (4, 4), window)
