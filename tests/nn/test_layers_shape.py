"""Layers that rearrange, pad or resize compute on every backend what torch's do."""

from __future__ import annotations

import pytest

from polynet.backend import Backend
from tests.nn.layer_case import Case, case, check, normal

IMAGE = normal(2, 4, 5, 6)

CASES = [
    case("Identity", inputs=IMAGE),
    case("Identity", 3, anything="goes", inputs=normal(2, 3)),
    case("Flatten", inputs=IMAGE),
    case("Flatten", 2, inputs=IMAGE),
    case("Flatten", 0, -2, inputs=IMAGE),
    case("Unflatten", 1, (2, 2), inputs=IMAGE),
    case("Unflatten", -1, (3, -1), inputs=IMAGE),
    case("PixelShuffle", 2, inputs=IMAGE),
    case("PixelUnshuffle", 2, inputs=normal(2, 3, 4, 6)),
    case("Unfold", 2, inputs=IMAGE),
    case("Unfold", (3, 2), dilation=(1, 2), padding=(1, 0), stride=(2, 1), inputs=IMAGE),
    case("Fold", (5, 6), 2, inputs=normal(2, 12, 20)),
    case("Fold", (5, 6), (3, 2), padding=1, stride=2, inputs=normal(2, 12, 12)),
    case("ZeroPad2d", 2, inputs=IMAGE),
    case("ZeroPad2d", (1, 0, 2, 3), inputs=IMAGE),
    case("ZeroPad2d", (-1, 2, 1, -2), inputs=IMAGE),
    case("ConstantPad2d", (1, 2, 0, 3), 1.5, inputs=IMAGE),
    case("ReflectionPad2d", 2, inputs=IMAGE),
    case("ReflectionPad2d", (3, 1, 0, 4), inputs=IMAGE),
    case("ReplicationPad2d", 2, inputs=IMAGE),
    case("ReplicationPad2d", (1, 0, 2, 3), inputs=IMAGE),
    case("Upsample", size=(7, 9), inputs=IMAGE),
    case("Upsample", scale_factor=2, inputs=IMAGE),
    case("Upsample", scale_factor=(1.5, 0.5), inputs=IMAGE),
    case("Upsample", scale_factor=2, inputs=normal(2, 3, 5)),
    case("Upsample", scale_factor=2, inputs=normal(2, 3, 2, 3, 4)),
    case("Upsample", size=7, mode="linear", inputs=normal(2, 3, 5)),
    case("Upsample", size=(7, 9), mode="bilinear", inputs=IMAGE),
    case("Upsample", size=(3, 9), mode="bilinear", align_corners=True, inputs=IMAGE),
    case("Upsample", scale_factor=1.5, mode="bilinear", inputs=IMAGE),
    case("Upsample", scale_factor=1.7, mode="bilinear", recompute_scale_factor=True, inputs=IMAGE),
    case("Upsample", scale_factor=(0.5, 2.0), mode="bilinear", align_corners=True, inputs=IMAGE),
    case("Upsample", size=(7, 9), mode="bicubic", inputs=IMAGE),
    case("Upsample", scale_factor=1.5, mode="bicubic", align_corners=True, inputs=IMAGE),
    case("Upsample", scale_factor=2, mode="trilinear", inputs=normal(2, 3, 2, 3, 4)),
]


@pytest.mark.parametrize("case", CASES)
def test_layer_equals_torchs(backend: Backend, reference: Backend, case: Case) -> None:
    check(backend, reference, case)
