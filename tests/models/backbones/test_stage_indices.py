"""Which stages a backbone returns."""

from __future__ import annotations

import pytest

from polynet.errors import OptionError, OptionIndexError
from polynet.models.backbones.base_backbone import stage_indices


def test_one_index_and_indices_from_the_end_are_taken() -> None:
    assert stage_indices("ResNet", 2, 4) == (2,)
    assert stage_indices("ResNet", [0, -1], 4) == (0, 3)


@pytest.mark.parametrize("indices", [(4,), (-5,), (True,), ("1",)])
def test_what_is_no_stage_is_refused(indices: object) -> None:
    with pytest.raises(OptionIndexError, match="the stages are 0 to 3"):
        stage_indices("ResNet", indices, 4)


@pytest.mark.parametrize("indices", [(1, 1), (3, -1)])
def test_a_stage_named_twice_is_refused(indices: object) -> None:
    with pytest.raises(OptionError, match="ResNet: out_indices names a stage twice"):
        stage_indices("ResNet", indices, 4)
