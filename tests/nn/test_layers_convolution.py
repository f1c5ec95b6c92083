"""Convolutions and linear layers compute on every backend what torch's do."""

from __future__ import annotations

import pytest

from polynet.backend import Backend
from tests.nn.layer_case import Case, case, check, normal, whole

SEQUENCE, IMAGE, VOLUME = normal(2, 4, 11), normal(2, 4, 9, 7), normal(2, 4, 5, 6, 7)

CASES = [
    case("Conv1d", 4, 6, 3, inputs=SEQUENCE),
    case("Conv1d", 4, 6, 3, stride=2, padding=1, dilation=2, bias=False, inputs=SEQUENCE),
    case("Conv1d", 4, 6, 3, groups=2, padding=1, inputs=SEQUENCE),
    case("Conv1d", 4, 4, 3, groups=4, inputs=SEQUENCE),
    case("Conv1d", 4, 6, 4, padding="same", inputs=SEQUENCE),
    case("Conv1d", 4, 6, 3, padding=2, padding_mode="circular", inputs=SEQUENCE),
    case("Conv1d", 4, 6, 3, padding=2, padding_mode="reflect", inputs=SEQUENCE),
    case("Conv2d", 4, 6, 3, inputs=IMAGE),
    case("Conv2d", 4, 6, (3, 2), stride=(2, 1), padding=(1, 0), dilation=(1, 2), inputs=IMAGE),
    case("Conv2d", 4, 6, 1, bias=False, inputs=IMAGE),
    case("Conv2d", 4, 6, 1, stride=2, inputs=IMAGE),
    case("Conv2d", 4, 6, 3, groups=2, padding=1, inputs=IMAGE),
    case("Conv2d", 4, 4, 3, groups=4, stride=2, padding=1, inputs=IMAGE),
    case("Conv2d", 4, 8, 5, groups=4, padding=2, inputs=IMAGE),
    case("Conv2d", 4, 6, 3, padding="same", inputs=IMAGE),
    case("Conv2d", 4, 6, (4, 3), padding="same", dilation=2, inputs=IMAGE),
    case("Conv2d", 4, 6, 3, padding="valid", inputs=IMAGE),
    case("Conv2d", 4, 6, 3, padding=1, padding_mode="reflect", inputs=IMAGE),
    case("Conv2d", 4, 6, 3, padding=(2, 1), padding_mode="replicate", inputs=IMAGE),
    case("Conv2d", 4, 6, 3, padding=1, padding_mode="circular", inputs=IMAGE),
    case("Conv2d", 4, 6, 4, padding="same", padding_mode="reflect", inputs=IMAGE),
    case("Conv2d", 4, 6, 3, inputs=normal(1, 4, 3, 3)),
    case("Conv3d", 4, 6, 3, inputs=VOLUME),
    case("Conv3d", 4, 6, (1, 2, 3), stride=(1, 2, 2), padding=(0, 1, 1), bias=False, inputs=VOLUME),
    case("Conv3d", 4, 6, 3, groups=2, padding=1, inputs=VOLUME),
    case("Conv3d", 4, 6, 3, padding="same", inputs=VOLUME),
    case("ConvTranspose1d", 4, 6, 3, inputs=SEQUENCE),
    case("ConvTranspose1d", 4, 6, 4, stride=2, padding=1, output_padding=1, inputs=SEQUENCE),
    case("ConvTranspose1d", 4, 6, 3, groups=2, dilation=2, bias=False, inputs=SEQUENCE),
    case("ConvTranspose2d", 4, 6, 3, inputs=IMAGE),
    case("ConvTranspose2d", 4, 6, 2, stride=2, inputs=IMAGE),
    case("ConvTranspose2d", 4, 6, (3, 4), (2, 3), (1, 0), (1, 2), inputs=IMAGE),
    case("ConvTranspose2d", 4, 6, 3, stride=2, padding=1, output_padding=1, groups=2, inputs=IMAGE),
    case("ConvTranspose2d", 4, 4, 3, groups=4, bias=False, dilation=2, inputs=IMAGE),
    case("ConvTranspose3d", 4, 6, 3, inputs=VOLUME),
    case("ConvTranspose3d", 4, 6, 2, stride=2, padding=1, output_padding=1, groups=2, inputs=VOLUME),
    case("Linear", 5, 3, inputs=normal(4, 5)),
    case("Linear", 5, 3, bias=False, inputs=normal(2, 3, 4, 5)),
    case("Linear", 5, 3, inputs=normal(5)),
    case("Embedding", 7, 4, inputs=whole(7, 3, 5)),
    case("Embedding", 7, 4, padding_idx=2, inputs=whole(7, 3, 5)),
    case("Embedding", 7, 4, padding_idx=-1, inputs=whole(7, 9)),
]


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel lengths:UserWarning")  # torch, of itself
@pytest.mark.parametrize("case", CASES)
def test_layer_equals_torchs(backend: Backend, reference: Backend, case: Case) -> None:
    check(backend, reference, case)
