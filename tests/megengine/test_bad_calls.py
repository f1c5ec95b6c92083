"""MegEngine's bare layers called with what they cannot use: a PolyNet error at the call, never one that comes late."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from polynet import nn, ops
from polynet.backend import Backend, use_backend
from polynet.errors import FrameworkMismatchError, InputError, PolyNetError

LAYERS: dict[str, tuple[Any, ...]] = {
    "AdaptiveAvgPool2d": (2,),
    "AvgPool2d": (2,),
    "BatchNorm2d": (3,),
    "Conv2d": (3, 4, 3),
    "ConvTranspose2d": (3, 4, 2),
    "Flatten": (),
    "GroupNorm": (3, 3),
    "InstanceNorm2d": (3,),
    "LayerNorm": (6,),
    "Linear": (6, 2),
    "LogSoftmax": (1,),
    "MaxPool2d": (2,),
    "PReLU": (3,),
    "PixelShuffle": (2,),
    "RMSNorm": (6,),
    "ReLU": (),
    "ReflectionPad2d": (1,),
    "Softmax": (1,),
    "Upsample": (None, 2),
}
"""Layers for images of 3 channels and 6x6 pixels, with what they are made with."""

FLOATING = ("AvgPool2d", "BatchNorm2d", "Dropout", "GroupNorm", "InstanceNorm2d", "LayerNorm", "LogSoftmax", "Softmax")


def scopes() -> list[Any]:
    """The names of the modules that MegEngine believes are being called."""
    from megengine.utils.naming import AutoNaming

    return list(AutoNaming.scopes)


@pytest.fixture
def megengine(frameworks: tuple[Backend, ...]) -> Backend:
    """MegEngine."""
    for backend in frameworks:
        if backend.name == "megengine":
            return backend
    pytest.skip("MegEngine is not installed")


@pytest.mark.parametrize("name", LAYERS)
def test_the_other_frameworks_tensor_is_refused_with_the_remedy(name: str, both: tuple[Backend, ...]) -> None:
    reference, megengine = both
    with use_backend(megengine):
        layer = getattr(nn, name)(*LAYERS[name])
    with pytest.raises(FrameworkMismatchError, match=rf"^{name}\(.*torch\.Tensor.*polynet\.ops\.tensor"):
        layer(reference.tensor(np.ones((2, 3, 6, 6), np.float32)))
    assert scopes() == []


@pytest.mark.parametrize("name", LAYERS)
def test_an_array_is_refused_with_the_remedy(name: str, megengine: Backend) -> None:
    with use_backend(megengine):
        layer = getattr(nn, name)(*LAYERS[name])
        with pytest.raises(FrameworkMismatchError, match=rf"^{name}\(.*numpy\.ndarray.*polynet\.ops\.tensor"):
            layer(np.ones((2, 3, 6, 6), np.float32))
    assert scopes() == []


@pytest.mark.parametrize("name", sorted(set(LAYERS) - {"Flatten", "LogSoftmax", "ReLU", "Softmax", "Upsample"}))
def test_a_wrong_number_of_axes_is_refused_at_the_call(name: str, megengine: Backend) -> None:
    with use_backend(megengine):
        layer = getattr(nn, name)(*LAYERS[name])
        with pytest.raises(PolyNetError):
            layer(ops.ones((1, 1, 1, 1, 1)))
        megengine.synchronise()


def test_an_input_smaller_than_the_kernel_is_refused(megengine: Backend) -> None:
    with use_backend(megengine), pytest.raises(InputError, match=r"Conv2d\(3, 4.* float32 \(2, 3, 2, 2\)"):
        nn.Conv2d(3, 4, 3)(ops.ones((2, 3, 2, 2)))


@pytest.mark.parametrize("name", FLOATING)
def test_whole_numbers_are_refused_at_the_call_and_not_when_the_result_is_read(name: str, megengine: Backend) -> None:
    with use_backend(megengine):
        layer = getattr(nn, name)(*LAYERS.get(name, ()))
        with pytest.raises(InputError, match="int32"):
            layer(ops.ones((2, 3, 6, 6), dtype="int32"))
        megengine.synchronise()


def test_a_subclass_of_ones_own_explains_too(megengine: Backend) -> None:
    class Own(megengine.layer("Conv2d")):  # type: ignore[misc]  # a class known when running
        pass

    with pytest.raises(FrameworkMismatchError, match=r"^Own\("):
        Own(3, 4, 3)(np.ones((2, 3, 6, 6), np.float32))
