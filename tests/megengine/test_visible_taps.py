"""Which part of a kernel meets an image, and what is left of the convolution."""

from __future__ import annotations

from typing import Any

import pytest

from polynet.backend import find_backend, get_backend

pytestmark = pytest.mark.skipif(not find_backend("megengine").installed, reason="MegEngine is not installed")


def found(size: int, kernel: int, stride: int, padding: int, dilation: int = 1) -> Any:
    get_backend("megengine")  # first: it silences the warnings that importing MegEngine gives
    from polynet_megengine.convolution_weight_gradient import Geometry
    from polynet_megengine.visible_taps import visible_taps

    whole = Geometry((kernel,) * 2, (stride,) * 2, (padding,) * 2, (dilation,) * 2, 1)
    part = visible_taps((size, size), whole)
    if part is None:
        return None
    taps, rest = part
    assert taps[0] == taps[1]
    assert (rest.stride, rest.dilation, rest.groups) == (whole.stride, whole.dilation, 1)
    assert rest.output_size((size, size)) == whole.output_size((size, size))
    return (taps[0].start, taps[0].stop), rest.kernel[0], rest.padding[0]


@pytest.mark.parametrize(
    ("geometry", "expected"),
    [
        ((1, 3, 1, 1), ((1, 2), 1, 0)),
        ((1, 7, 1, 3), ((3, 4), 1, 0)),
        ((2, 3, 2, 1), ((1, 3), 2, 0)),
        ((2, 7, 1, 3), ((2, 5), 3, 1)),
        ((1, 3, 1, 2, 2), ((1, 2), 1, 0)),
    ],
)
def test_taps_that_see_padding_alone_are_left_out(geometry: tuple[int, ...], expected: Any) -> None:
    assert found(*geometry) == expected


@pytest.mark.parametrize("geometry", [(2, 3, 1, 1), (7, 3, 1, 1), (4, 3, 2, 1), (1, 1, 1, 0), (1, 3, 1, 2)])
def test_kernels_of_which_each_tap_sees_something_stay_whole(geometry: tuple[int, ...]) -> None:
    assert found(*geometry) is None
