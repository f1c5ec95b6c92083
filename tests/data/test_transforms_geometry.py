"""Transforms that move pixels: value for value as torchvision's, by hand where it is missing; and what they refuse."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from PIL import Image

from polynet.data.transforms import (
    CenterCrop,
    EfficientNetCenterCrop,
    EfficientNetRandomCrop,
    Pad,
    RandomCrop,
    RandomHorizontalFlip,
    RandomResizedCrop,
    RandomVerticalFlip,
    Resize,
    size_before_crop,
)
from polynet.errors import InputError, OptionError
from tests.data.pictures import Drawn, assert_same_image, generator, picture

INTERPOLATIONS = ("nearest", "bilinear", "bicubic", "lanczos", "box", "hamming")
SIZES = [(50, 37), (37, 50), (40, 40), (3, 61), (224, 7)]


def theirs() -> Any:
    return pytest.importorskip("torchvision.transforms")


def theirs_of(interpolation: str) -> Any:
    return theirs().InterpolationMode(interpolation)


@pytest.mark.parametrize("interpolation", INTERPOLATIONS)
@pytest.mark.parametrize("size", [16, 37, 64, (20, 30), (61, 3)])
@pytest.mark.parametrize(("width", "height"), SIZES)
def test_resizing_equals_torchvisions(width: int, height: int, size: Any, interpolation: str) -> None:
    image = picture(width, height)
    expected = theirs().functional.resize(
        image, size if isinstance(size, int) else list(size), theirs_of(interpolation)
    )
    assert_same_image(Resize(size, interpolation)(image), expected)


def test_resizing_by_hand() -> None:
    """Without any other library: a mean over what a pixel covers, and one pixel repeated."""
    row = np.array([[0, 100, 200, 40]], np.uint8)
    assert np.asarray(Resize((1, 2), "box")(row)).tolist() == [[50, 120]]
    assert np.asarray(Resize((1, 8), "nearest")(row)).tolist() == [[0, 0, 100, 100, 200, 200, 40, 40]]
    assert np.asarray(Resize((1, 8), "bilinear")(row)).tolist() == [[0, 25, 75, 125, 175, 160, 80, 40]]


def test_the_longer_side_can_be_what_is_given() -> None:
    assert Resize(25, edge="long")(picture(50, 37)).size == (25, 18)
    assert Resize(25, edge="long")(picture(37, 50)).size == (18, 25)
    assert Resize(1)(picture(3, 61)).size == (1, 20)
    assert Resize(1, edge="long")(picture(3, 61)).size == (1, 1)


def test_an_image_of_the_right_size_is_left_alone() -> None:
    image = picture(50, 37)
    assert Resize(37)(image) is image


@pytest.mark.parametrize(("gap", "levels"), [(2.0, 12), (3.0, 6)])
def test_a_reducing_gap_changes_little(gap: float, levels: int) -> None:
    image = picture(800, 600)
    exact, near = (np.asarray(Resize(32, "bicubic", reducing_gap=given)(image), np.int64) for given in (None, gap))
    assert 0 < abs(exact - near).max() <= levels


def test_the_size_before_a_test_crop_is_even() -> None:
    """BaseCls's rule, `int(img_size / crop_pct / 2 + 0.5) * 2`; the pairs are those of its zoo."""
    sizes = {(224, 0.875): 256, (224, 224 / 232): 232, (384, 1.0): 384, (240, 0.882): 272, (260, 0.89): 292}
    for (size, share), expected in sizes.items():
        assert size_before_crop(size, share) == expected
    assert all(size_before_crop(size, 0.875) % 2 == 0 for size in range(1, 400))


@pytest.mark.parametrize("size", [16, 37, (20, 30), (60, 20), 64, (37, 51)])
@pytest.mark.parametrize(("width", "height"), SIZES)
def test_the_middle_equals_torchvisions(width: int, height: int, size: Any) -> None:
    image = picture(width, height)
    expected = theirs().functional.center_crop(image, size if isinstance(size, int) else list(size))
    assert_same_image(CenterCrop(size)(image), expected)


def test_the_middle_by_hand() -> None:
    rows = np.arange(35, dtype=np.uint8).reshape(5, 7)
    assert np.asarray(CenterCrop((1, 3))(rows)).tolist() == [[16, 17, 18]]
    assert np.asarray(CenterCrop((1, 9), fill=9)(rows)).tolist() == [[9, 14, 15, 16, 17, 18, 19, 20, 9]]
    assert np.asarray(CenterCrop((1, 8), fill=9)(rows)).tolist() == [[14, 15, 16, 17, 18, 19, 20, 9]]


@pytest.mark.parametrize("padding_mode", ["constant", "edge", "reflect", "symmetric"])
@pytest.mark.parametrize("padding", [0, 3, (2, 5), (1, 2, 3, 4)])
def test_borders_equal_torchvisions(padding: Any, padding_mode: str) -> None:
    expected = theirs().functional.pad(picture(), padding, fill=(9, 8, 7), padding_mode=padding_mode)
    assert_same_image(Pad(padding, (9, 8, 7), padding_mode)(picture()), expected)


@pytest.mark.parametrize(
    ("padding_mode", "expected"),
    [
        ("constant", [7, 7, 1, 2, 3, 7]),
        ("edge", [1, 1, 1, 2, 3, 3]),
        ("reflect", [3, 2, 1, 2, 3, 2]),
        ("symmetric", [2, 1, 1, 2, 3, 3]),
    ],
)
def test_borders_by_hand(padding_mode: str, expected: list[int]) -> None:
    row = np.array([[1, 2, 3]], np.uint8)
    assert np.asarray(Pad((2, 0, 1, 0), 7, padding_mode)(row)).tolist() == [expected]


def test_a_border_cannot_be_reflected_from_too_few_pixels() -> None:
    with pytest.raises(InputError, match="3×1 pixels"):
        Pad(1, padding_mode="reflect")(np.zeros((1, 3), np.uint8))


@pytest.mark.parametrize(
    ("made", "direction"), [(RandomHorizontalFlip, 1), (RandomVerticalFlip, 0)], ids=["horizontal", "vertical"]
)
def test_flips_mirror_as_often_as_they_should(made: Any, direction: int) -> None:
    image = picture()
    mirrored = np.flip(np.asarray(image), direction)
    np.testing.assert_array_equal(np.asarray(made(1.0)(image, generator())), mirrored)
    assert made(0.0)(image, generator()) is image
    source = generator()
    count = sum(made(0.3)(image, source) is not image for _ in range(2000))
    assert abs(count / 2000 - 0.3) < 0.04


@pytest.mark.parametrize("interpolation", INTERPOLATIONS)
def test_a_resized_crop_equals_torchvisions_of_the_same_part(interpolation: str) -> None:
    image = picture(120, 90)
    transform = RandomResizedCrop((24, 32), interpolation=interpolation)
    for seed in range(10):
        left, top, right, bottom = transform.box(120, 90, generator(seed))
        expected = theirs().functional.resized_crop(
            image, top, left, bottom - top, right - left, [24, 32], theirs_of(interpolation)
        )
        assert_same_image(transform(image, generator(seed)), expected)


def test_a_resized_crop_takes_the_part_that_is_written_down() -> None:
    """A part by hand: half the area at ratio 4/3 of 100×100, at the drawn place."""
    transform = RandomResizedCrop(8, (0.0001, 1.0), (3 / 4, 4 / 3))
    half = (0.5 - 0.0001) / 0.9999
    assert transform.box(100, 100, Drawn(half, 1.0, 0.5, 0.0)) == (0, 20, 82, 81)


def test_areas_and_ratios_of_crops_are_drawn_evenly() -> None:
    transform = RandomResizedCrop(8, (0.2, 0.5), (0.5, 2.0))
    source = generator()
    boxes = np.array([transform.box(1000, 1000, source) for _ in range(4000)])
    widths, heights = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    shares, ratios = widths * heights / 1e6, widths / heights
    assert 0.1985 < shares.min() < 0.203
    assert 0.495 < shares.max() < 0.5015
    assert abs(shares.mean() - 0.35) < 0.006
    assert abs(np.log(ratios).mean()) < 0.03
    assert abs(np.log(ratios).std() - 2 * math.log(2) / math.sqrt(12)) < 0.02
    assert boxes.min() >= 0
    assert boxes.max() <= 1000
    places = boxes[:, 0] / np.maximum(1000 - widths, 1)
    assert abs(places.mean() - 0.5) < 0.02


def test_areas_are_distributed_as_torchvisions() -> None:
    torch = pytest.importorskip("torch")
    crop = theirs().RandomResizedCrop
    torch.manual_seed(0)
    image = torch.zeros(3, 375, 500)
    other = np.array([crop.get_params(image, [0.08, 1.0], [3 / 4, 4 / 3]) for _ in range(3000)])
    source = generator()
    boxes = np.array([RandomResizedCrop(224).box(500, 375, source) for _ in range(3000)])
    ours = np.stack([boxes[:, 1], boxes[:, 0], boxes[:, 3] - boxes[:, 1], boxes[:, 2] - boxes[:, 0]], 1)
    for column in range(4):
        levels = np.linspace(0.1, 0.9, 9)
        differences = np.quantile(ours[:, column], levels) - np.quantile(other[:, column], levels)
        assert abs(differences).max() < 20  # of up to 500 pixels; the standard error is about 5


@pytest.mark.parametrize(
    ("width", "height", "expected"),
    [(1000, 10, (493, 0, 506, 10)), (10, 1000, (0, 493, 10, 506)), (10, 10, (0, 0, 10, 10))],
)
def test_the_middle_is_taken_where_no_part_fits(width: int, height: int, expected: Any) -> None:
    transform = RandomResizedCrop(8, (0.9, 1.0), attempts=0)
    assert transform.box(width, height, generator()) == expected


def test_efficientnets_middle_by_hand() -> None:
    """For 24 with 8 around it, 3/4 of the shorter side: 30 of 40, from (60 - 30) / 2 and (40 - 30) / 2."""
    image = picture(60, 40)
    expected = image.crop((15, 5, 45, 35)).resize((24, 24), Image.Resampling.BICUBIC)
    assert_same_image(EfficientNetCenterCrop(24, 8)(image), expected)
    assert_same_image(EfficientNetRandomCrop(24, crop_padding=8, attempts=0)(image, generator()), expected)


def test_efficientnets_parts_keep_to_their_ranges() -> None:
    transform, source = EfficientNetRandomCrop(24, (0.2, 0.8), (0.5, 2.0), min_covered=0.3), generator()
    boxes = np.array([transform.box(500, 400, source) for _ in range(2000)])
    widths, heights = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    shares = widths * heights / 200000
    assert 0.3 <= shares.min() < 0.31
    assert 0.79 < shares.max() <= 0.8
    assert abs(widths / heights).max() < 2.02
    assert abs(widths / heights).min() > 0.49
    assert boxes.min() >= 0
    assert boxes[:, 2].max() <= 500
    assert boxes[:, 3].max() <= 400


@pytest.mark.parametrize("seed", range(5))
def test_a_random_crop_is_a_part_of_the_image_within_its_border(seed: int) -> None:
    image = picture(32, 32)
    part = np.asarray(RandomCrop(24, 4, fill=(1, 2, 3))(image, generator(seed)))
    bordered = np.asarray(Pad(4, (1, 2, 3))(image))
    windows = np.lib.stride_tricks.sliding_window_view(bordered, (24, 24, 3))[:, :, 0]
    assert (windows == part).all((2, 3, 4)).any()


def test_every_place_of_a_random_crop_is_as_likely() -> None:
    rows = np.arange(9, dtype=np.uint8)[None].repeat(3, 0)
    source = generator()
    lefts = [int(np.asarray(RandomCrop((3, 5))(rows, source))[0, 0]) for _ in range(2000)]
    assert abs(np.bincount(lefts, minlength=5) - 400).max() < 80


def test_an_image_that_is_too_small_is_refused_or_padded() -> None:
    with pytest.raises(InputError, match=r"60×60 pixels can be cut out of an image of 50×37"):
        RandomCrop(60)(picture(50, 37), generator())
    assert RandomCrop(60, pad_if_needed=True)(picture(50, 37), generator()).size == (60, 60)


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: Resize(0), "size is a whole number of pixels from 1"),
        (lambda: Resize((10, -1)), "size is a whole number"),
        (lambda: Resize(10, "bilnear"), r"Did you mean 'bilinear'"),
        (lambda: Resize(10, 2), "interpolation is one of"),
        (lambda: Resize(10, edge="shorter"), r"Did you mean 'short'"),
        (lambda: Resize(10, reducing_gap=0.5), "reducing_gap is a number from 1"),
        (lambda: RandomResizedCrop(10, (1.0, 0.08)), "wrong way round"),
        (lambda: RandomResizedCrop(10, (0.0, 1.0)), "above 0 to 1"),
        (lambda: RandomResizedCrop(10, (0.5, 1.5)), "above 0 to 1"),
        (lambda: RandomResizedCrop(10, 0.5), "scale is a pair"),
        (lambda: RandomResizedCrop(10, ratio=(4 / 3, 3 / 4)), "wrong way round"),
        (lambda: RandomResizedCrop(10, ratio=(0, 1)), "above 0"),
        (lambda: RandomResizedCrop(10, ratio=(1, math.inf)), "finite"),
        (lambda: RandomResizedCrop(10, ratio=(1, math.nan)), "pair"),
        (lambda: RandomResizedCrop(10, interpolation="cubic"), r"Did you mean 'bicubic'"),
        (lambda: RandomResizedCrop(10, attempts=-1), "attempts is a whole number from 0"),
        (lambda: CenterCrop(10, fill=256), "fill is a number from 0 to 255"),
        (lambda: CenterCrop(10, fill=(1, 2)), "fill is a number from 0 to 255"),
        (lambda: CenterCrop(10, fill="grey"), "fill is a number from 0 to 255"),
        (lambda: Pad((1, 2, 3)), "padding is one number"),
        (lambda: Pad(-1), "padding is a whole number from 0"),
        (lambda: Pad(1, padding_mode="mirror"), "padding_mode is one of"),
        (lambda: RandomCrop(10, padding=(1, 2, 3)), "padding is one number"),
        (lambda: EfficientNetCenterCrop((24, 24)), "size is a whole number from 1"),
        (lambda: EfficientNetCenterCrop(24, -1), "crop_padding is a whole number from 0"),
        (lambda: EfficientNetRandomCrop(24, min_covered=2), "min_covered is a number from 0 to 1"),
        (lambda: RandomHorizontalFlip(1.5), "prob is a number from 0 to 1"),
        (lambda: RandomVerticalFlip(-0.1), "prob is a number from 0 to 1"),
        (lambda: RandomHorizontalFlip("0.5"), "prob is a number from 0 to 1"),
        (lambda: size_before_crop(224, 0), "crop_pct is a share above 0"),
        (lambda: size_before_crop(0), "img_size is a whole number from 1"),
    ],
)
def test_wrong_options_are_refused_at_construction(make: Any, told: str) -> None:
    with pytest.raises(OptionError, match=told):
        make()


def test_pictures_are_pictures() -> None:
    """The other tests would see little of an image of one colour."""
    assert np.asarray(picture()).std() > 40
    assert isinstance(picture(), Image.Image)
