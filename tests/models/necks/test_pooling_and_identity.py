from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from polynet import ops
from polynet.backend import Backend
from polynet.errors import InputError, OptionError
from polynet.registry import NECKS
from tests.compare import assert_close
from tests.models.twins import assert_twins


def numbers(*shape: int) -> Any:
    return np.random.standard_normal(shape).astype(np.float32)


@pytest.mark.checklist("S0-28", "S0-56")
@pytest.mark.parametrize(("dim", "shape"), [(1, (2, 3, 5)), (2, (2, 3, 5, 4)), (3, (2, 3, 2, 5, 4))])
def test_positions_are_averaged(backend: Backend, dim: int, shape: tuple[int, ...]) -> None:
    x = numbers(*shape)
    neck = NECKS.build({"NAME": "GlobalAveragePooling", "DIM": dim})
    assert_close(neck(ops.tensor(x)), x.mean(axis=tuple(range(2, len(shape)))))
    several = neck((ops.tensor(x), ops.tensor(x * 2)))
    assert isinstance(several, tuple)
    assert_close(several[1], 2 * x.mean(axis=tuple(range(2, len(shape)))))
    assert_close(neck(ops.tensor(x.reshape(6, -1))), x.reshape(6, -1), 0)


def test_two_axes_are_the_default(backend: Backend) -> None:
    neck = NECKS.build("GlobalAveragePooling")
    assert tuple(neck(ops.ones((2, 3, 4, 4))).shape) == (2, 3)
    assert neck.out_channels(3) == 3


@pytest.mark.checklist("S0-62")
def test_the_frameworks_agree(both: tuple[Backend, Backend]) -> None:
    from polynet import nn

    assert_twins(
        both,
        lambda: nn.Sequential(nn.Conv2d(3, 4, 3), NECKS.build("Identity"), NECKS.build("GlobalAveragePooling")),
        numbers(2, 3, 6, 6),
    )


def test_what_has_other_axes_is_refused(backend: Backend) -> None:
    neck = NECKS.build({"name": "GlobalAveragePooling", "dim": 3})
    with pytest.raises(InputError, match=r"\(N, C, T, H, W\), not \(2, 3, 4, 4\)"):
        neck(ops.ones((2, 3, 4, 4)))
    for dim in (0, 4, True, "2", None):
        with pytest.raises(OptionError, match="1, 2 or 3"):
            NECKS.build({"name": "GlobalAveragePooling", "dim": dim})


@pytest.mark.checklist("S0-29")
def test_identity_returns_the_very_object(backend: Backend) -> None:
    neck = NECKS.build({"NAME": "Identity"})
    x = ops.ones((1, 2))
    assert neck(x) is x
    assert neck((x, x)) == (x, x)
    assert neck.out_channels(7) == 7
