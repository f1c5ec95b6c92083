"""What ConvNeXt's options do, beyond what its references show."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from polynet import ops
from polynet.backend import Backend
from polynet.errors import InputError, OptionError
from polynet.models.networks.convnext import ConvNeXt
from polynet.nn import initialise
from tests.compare import assert_close

STAGES: dict[str, Any] = {"depths": (1, 2), "widths": (8, 16), "head": None}


def images(side: int) -> Any:
    return ops.tensor(np.random.standard_normal((2, 3, side, side)).astype(np.float32))


def test_linear_layers_and_1x1_convolutions_are_the_same_network(backend: Backend) -> None:
    linear, convolutional = (ConvNeXt(**STAGES, use_grn=True, layer_scale=0.5, conv_mlp=conv) for conv in (False, True))
    initialise(linear, seed=0)
    theirs = backend.slots(convolutional)
    for name, slot in backend.slots(linear).items():
        draw = np.random.RandomState(len(name)).uniform(-0.5, 0.5, slot.shape).astype(np.float32)
        slot.write(draw)
        theirs[name].write(draw.reshape(theirs[name].shape))
    x = images(16)
    assert_close(convolutional(x), linear(x))


def test_later_blocks_are_dropped_more(backend: Backend) -> None:
    net = ConvNeXt(**STAGES, drop_path_rate=0.4)
    blocks = [*net.s1.blocks, *net.s2.blocks]
    assert [0.0 if block.drop_path is None else block.drop_path.p for block in blocks] == pytest.approx([0.0, 0.2, 0.4])


@pytest.mark.parametrize(("stem", "least"), [("patch", 8), ("overlap", 5)])
def test_it_tells_the_least_image(backend: Backend, stem: str, least: int) -> None:
    net = ConvNeXt(**STAGES, stem_name=stem)
    assert tuple(net(images(least)).shape) == (2, 16, 1, 1)
    with pytest.raises(InputError, match=f"at least {least}x{least} pixels, got {least - 1}x{least - 1}"):
        net(images(least - 1))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kernels": 4}, "kernel must be odd"),
        ({"stem_name": "patches"}, "no stem 'patches'.*Did you mean 'patch'"),
        ({"patch_size": 0}, "patch_size must be a whole number"),
        ({"widths": (8,)}, "width must have 2 entries"),
    ],
)
def test_it_refuses_options_that_do_not_fit(backend: Backend, options: dict[str, Any], message: str) -> None:
    with pytest.raises((OptionError, ValueError), match=message):
        ConvNeXt(**{**STAGES, **options})
