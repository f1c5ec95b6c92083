"""Which images a parity check uses when it is given no size."""

from __future__ import annotations

from typing import Any

import pytest

import polynet
from polynet import nn
from polynet.backend import use_backend
from polynet.errors import InputError
from polynet.proof.check import _input_shape


class Sized(nn.Module):
    """A network that knows the size it is meant for, and nothing of others."""

    input_size = (1, 20, 24)


@pytest.mark.parametrize(
    ("name", "options", "expected"),
    [
        ("resnet18", {}, (3, 64, 64)),
        ("effnet_b4", {"in_channels": 1}, (1, 64, 64)),
        ("alexnet", {}, (3, 64, 64)),
        ("vit_tiny_patch16_224", {}, (3, 224, 224)),
        ("vit_tiny_patch16_224", {"img_size": (32, 48)}, (3, 32, 48)),
        ("vit_tiny_patch16_224", {"img_size": 64, "in_channels": 2}, (2, 64, 64)),
    ],
)
def test_images_are_small_where_the_network_takes_any_size(
    name: str, options: dict[str, Any], expected: tuple[int, ...]
) -> None:
    assert _input_shape(polynet.build(name, backend="shapes", **options), None) == expected


def test_a_given_size_is_kept() -> None:
    assert _input_shape(polynet.build("resnet18", backend="shapes"), (3, 96, 80)) == (3, 96, 80)


def test_a_network_that_does_not_say_what_fits_gets_its_own_size() -> None:
    with use_backend("shapes"):
        assert _input_shape(Sized(), None) == (1, 20, 24)
        with pytest.raises(InputError, match="names no input_size"):
            _input_shape(nn.Linear(2, 2), None)


@pytest.mark.parametrize(
    ("name", "size", "expected"),
    [
        ("alexnet", (63, 63), True),
        ("alexnet", (63, 62), False),
        ("vgg11", (32, 31), False),
        ("resnet18", (1, 1), True),
        ("vit_tiny_patch16_224", (224, 224), True),
        ("vit_tiny_patch16_224", (256, 256), False),
    ],
)
def test_a_network_says_which_sizes_fit(name: str, size: tuple[int, int], expected: bool) -> None:
    assert polynet.build(name, backend="shapes").fits(*size) is expected
