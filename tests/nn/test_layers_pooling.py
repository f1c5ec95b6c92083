"""Pooling computes on every backend what torch's does."""

from __future__ import annotations

import pytest

from polynet.backend import Backend
from tests.nn.layer_case import Case, case, check, normal

SEQUENCE, IMAGE, VOLUME = normal(2, 3, 11), normal(2, 3, 9, 7), normal(2, 3, 7, 6, 5)

CASES = [
    *(
        case(f"MaxPool{axes}d", 3, inputs=inputs, **options)
        for axes, inputs in ((1, SEQUENCE), (2, IMAGE), (3, VOLUME))
        for options in (
            {},
            {"stride": 2, "padding": 1},
            {"stride": 2, "padding": 1, "ceil_mode": True},
            {"stride": 1, "dilation": 2},
            {"stride": 3, "ceil_mode": True},
        )
    ),
    case("MaxPool2d", (3, 2), stride=(2, 1), padding=(1, 0), inputs=IMAGE),
    *(
        case(f"AvgPool{axes}d", 3, inputs=inputs, **options)
        for axes, inputs in ((1, SEQUENCE), (2, IMAGE), (3, VOLUME))
        for options in (
            {},
            {"stride": 2, "padding": 1},
            {"stride": 2, "padding": 1, "count_include_pad": False},
            {"stride": 2, "padding": 1, "ceil_mode": True},
            {"stride": 2, "padding": 1, "ceil_mode": True, "count_include_pad": False},
        )
    ),
    case("AvgPool2d", (3, 2), stride=(2, 1), padding=(1, 0), inputs=IMAGE),
    case("AvgPool2d", 3, stride=2, divisor_override=4, inputs=IMAGE),
    case("AvgPool3d", 2, divisor_override=3, inputs=VOLUME),
    *(
        case(f"Adaptive{kind}Pool{axes}d", size, inputs=inputs)
        for kind in ("Avg", "Max")
        for axes, inputs, sizes in (
            (1, SEQUENCE, (1, 4, 11, 13)),
            (2, IMAGE, (1, 3, 7, (3, 5), (None, 2), (12, 10))),
            (3, VOLUME, (1, 2, (3, None, 4))),
        )
        for size in sizes
    ),
]


@pytest.mark.parametrize("case", CASES)
def test_layer_equals_torchs(backend: Backend, reference: Backend, case: Case) -> None:
    check(backend, reference, case)
