"""Transforms that compute with pixels: erasing, orders of channels, the array that ends a pipeline."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from PIL import Image

from polynet.data.transforms import Normalise, RandomErasing, ToArray, ToColorSpace
from polynet.errors import InputError, OptionError
from tests.data.pictures import generator, picture

MEAN = (123.675, 116.28, 103.53)
STD = (58.395, 57.12, 57.375)


@pytest.mark.parametrize("as_given", [picture, lambda: np.asarray(picture())], ids=["image", "array"])
@pytest.mark.parametrize("color_space", [None, "RGB", "BGR", "GRAY"])
def test_the_array_has_the_channels_first_in_their_order(color_space: Any, as_given: Any) -> None:
    array = ToArray(color_space)(as_given())
    image = picture().convert("L") if color_space == "GRAY" else picture()
    expected = np.atleast_3d(np.asarray(image)).transpose(2, 0, 1)
    np.testing.assert_array_equal(array, expected[::-1] if color_space == "BGR" else expected)
    assert array.dtype == np.uint8
    assert array.flags["C_CONTIGUOUS"]
    assert array.flags["WRITEABLE"]
    assert array.flags["ALIGNED"]


def test_the_array_shares_no_memory_with_the_image() -> None:
    pixels = np.asarray(picture()).copy()
    for space in (None, "RGB", "BGR"):
        assert not np.shares_memory(ToArray(space)(pixels), pixels)


@pytest.mark.parametrize("color_space", ["RGB", "BGR"])
def test_grey_images_get_three_equal_channels(color_space: str) -> None:
    grey = picture().convert("L")
    for made in (ToArray(color_space)(grey), ToColorSpace(color_space)(grey).transpose(2, 0, 1)):
        assert made.shape == (3, 37, 50)
        for channel in made:
            np.testing.assert_array_equal(channel, np.asarray(grey))


def test_a_grey_image_keeps_one_channel_otherwise() -> None:
    assert ToArray()(picture().convert("L")).shape == (1, 37, 50)
    assert ToArray("GRAY")(np.zeros((2, 3), np.uint8)).shape == (1, 2, 3)


def test_grey_is_the_luma_of_itu_r_601() -> None:
    primary = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255]]], np.uint8)
    assert ToColorSpace("GRAY")(primary)[..., 0].tolist() == [[76, 150, 29]]


def test_values_are_normalised_as_torchvision_does() -> None:
    functional = pytest.importorskip("torchvision.transforms.functional")
    ours = Normalise(MEAN, STD)(ToArray()(picture()))
    tensor = functional.to_tensor(picture())
    theirs = functional.normalize(tensor, [value / 255 for value in MEAN], [value / 255 for value in STD]).numpy()
    assert ours.dtype == np.float32
    np.testing.assert_allclose(ours, theirs, atol=2e-6)


def test_one_number_normalises_all_channels() -> None:
    np.testing.assert_array_equal(Normalise(10, 2)(np.full((3, 1, 1), 20, np.uint8)), np.full((3, 1, 1), 5, np.float32))


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (picture(), "not Image"),
        (np.zeros((3, 2, 2), np.float32), "float32"),
        (np.zeros((1, 2, 2), np.uint8), "3 numbers"),
    ],
)
def test_what_cannot_be_normalised_is_refused(given: Any, told: str) -> None:
    with pytest.raises(InputError, match=told):
        Normalise(MEAN, STD)(given)


def rectangle(erased: Any) -> tuple[int, int, int, int]:
    """Where an image of 255 has become 0: top, left, height, width."""
    covered = (erased == 0).all(-1)
    rows, columns = np.flatnonzero(covered.any(1)), np.flatnonzero(covered.any(0))
    assert covered[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].all()
    return rows[0], columns[0], len(rows), len(columns)


def test_areas_and_ratios_of_erased_rectangles_are_drawn_evenly() -> None:
    white = np.full((200, 200, 3), 255, np.uint8)
    source = generator()
    transform = RandomErasing(1.0, (0.1, 0.3), 0.5)
    found = np.array([rectangle(transform(white, source)) for _ in range(800)])
    shares, ratios = found[:, 2] * found[:, 3] / 40000, found[:, 2] / found[:, 3]
    assert 0.095 < shares.min() < 0.11
    assert 0.29 < shares.max() < 0.305
    assert abs(shares.mean() - 0.2) < 0.01
    assert abs(np.log(ratios).mean()) < 0.06
    assert abs(np.log(ratios)).max() < math.log(2) + 0.03
    assert abs(np.log(ratios).std() - 2 * math.log(2) / math.sqrt(12)) < 0.03
    assert abs((found[:, 0] / (200 - found[:, 2])).mean() - 0.5) < 0.04


def test_images_are_erased_as_often_as_asked() -> None:
    source, image = generator(), picture()
    assert abs(sum(RandomErasing(0.25)(image, source) is not image for _ in range(2000)) - 500) < 80
    assert RandomErasing(0.0)(image, source) is image


def test_several_rectangles_share_the_area() -> None:
    white = np.full((100, 100, 3), 255, np.uint8)
    source = generator()
    shares = [float((RandomErasing(1.0, (0.2, 0.2), 1.0, count=(4, 4))(white, source) == 0).mean()) for _ in range(200)]
    assert max(shares) <= 0.2 + 0.01  # less where they overlap
    assert 0.17 < np.mean(shares) < 0.2
    counts = {
        round(float((RandomErasing(1.0, (0.04, 0.04), 1.0, count=2)(white, generator(seed)) == 0).mean()), 4)
        for seed in range(60)
    }
    assert 0.04 in counts  # one rectangle
    assert max(counts - {0.04}) == 0.0392  # two of half the area, rounded to 14×14


def erased_values(mode: str, **options: Any) -> Any:
    black = np.zeros((100, 100, 3), np.uint8)
    transform = RandomErasing(1.0, (0.9, 0.9), (1.0, 1.0), mode, **options)
    return transform(black, generator()), math.isqrt(9000)


def test_const_covers_with_the_mean() -> None:
    erased, _ = erased_values("const", mean=MEAN, std=STD)
    assert {tuple(colour) for colour in erased.reshape(-1, 3).tolist()} == {(0, 0, 0), (124, 116, 104)}


def test_rand_covers_with_one_colour() -> None:
    erased, _ = erased_values("rand", mean=MEAN, std=STD)
    colours = {tuple(colour) for colour in erased.reshape(-1, 3).tolist()} - {(0, 0, 0)}
    assert len(colours) == 1
    assert colours != {(124, 116, 104)}


def test_pixel_covers_with_noise_of_the_mean_and_deviation() -> None:
    """After normalisation it is of mean 0 and deviation 1: rounding adds no bias."""
    erased, side = erased_values("pixel", mean=128, std=20)
    noise = (erased[erased.any(-1)].astype(np.float64) - 128) / 20
    assert noise.shape[0] >= side * side
    assert abs(noise.mean()) < 0.02
    assert abs(noise.std() - 1) < 0.02


def test_uniform_covers_with_values_that_are_all_as_likely() -> None:
    erased, _ = erased_values("uniform")
    values = erased[erased.any(-1)].ravel()
    assert abs(values.mean() - 127.5) < 3
    assert (values.min(), values.max()) == (0, 255)


def test_a_rectangle_that_never_fits_leaves_the_image() -> None:
    for image in (picture(), picture(40, 40)):  # a whole side is too much as well
        np.testing.assert_array_equal(RandomErasing(1.0, (1.0, 1.0), 1.0)(image, generator()), np.asarray(image))


def test_grey_images_are_erased_with_the_mean_of_the_colours() -> None:
    grey = Image.new("L", (20, 20))
    erased = RandomErasing(1.0, (0.5, 0.5), 1.0, mean=(30, 60, 90))(grey, generator())
    assert erased.shape == (20, 20, 1)
    assert set(erased.ravel().tolist()) == {0, 60}


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: ToArray("HSV"), "color_space is one of"),
        (lambda: ToColorSpace("bgr"), "Did you mean 'BGR'"),
        (lambda: Normalise(MEAN, 0), "std are numbers above 0"),
        (lambda: Normalise("0.5", 1), "mean is a finite number"),
        (lambda: Normalise((), 1), "mean is a finite number"),
        (lambda: Normalise(0, (1, float("inf"))), "std is a finite number"),
        (lambda: RandomErasing(2), "prob is a number from 0 to 1"),
        (lambda: RandomErasing(0.5, (0.4, 0.1)), "wrong way round"),
        (lambda: RandomErasing(0.5, (0.1, 1.1)), "scale_range is a pair of finite numbers from 0 to 1"),
        (lambda: RandomErasing(0.5, ratio=0), "ratio is a number above 0"),
        (lambda: RandomErasing(0.5, ratio=(3, 0.3)), "wrong way round"),
        (lambda: RandomErasing(0.5, mode="pixels"), "Did you mean 'pixel'"),
        (lambda: RandomErasing(0.5, count=0), "count is a whole number from 1"),
        (lambda: RandomErasing(0.5, count=(3, 1)), "wrong way round"),
        (lambda: RandomErasing(0.5, mean=300), "mean is a number from 0 to 255"),
        (lambda: RandomErasing(0.5, std=(1, 2)), "std is a number from 0 to 255"),
    ],
)
def test_wrong_options_are_refused_at_construction(make: Any, told: str) -> None:
    with pytest.raises(OptionError, match=told):
        make()
