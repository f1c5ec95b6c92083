"""Tensors' own methods, which differ between frameworks, are answered with the function to use instead."""

from __future__ import annotations

import copy

import pytest

from polynet_shapes.tensor import ShapeTensor


@pytest.mark.parametrize(
    ("name", "says"),
    [("flatten", r"polynet\.ops\.flatten\(x, …\)"), ("view", r"those of polynet\.ops"), ("flaten", "'flatten'")],
)
def test_a_method_of_tensors_is_answered_with_the_function(name: str, says: str) -> None:
    with pytest.raises(AttributeError, match=says):
        getattr(ShapeTensor((2, 3)), name)


def test_protocols_are_answered_plainly() -> None:
    tensor = ShapeTensor((2, 3), "int64")
    assert not hasattr(tensor, "__array_interface__")
    assert not hasattr(tensor, "grad")
    copied = copy.deepcopy(tensor)
    assert (copied.shape, copied.dtype) == ((2, 3), "int64")
