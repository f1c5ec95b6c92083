"""Transforms of colours: value for value as torchvision's, by hand where it is missing; how they are drawn."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageFilter

from polynet.data.transforms import ColorJitter, GaussianBlur, Grayscale, Lighting, Solarize
from polynet.data.transforms.colour import EIGENVALUES, EIGENVECTORS, shift_hue
from polynet.errors import OptionError
from tests.data.pictures import Drawn, assert_same_image, generator, picture


def functional() -> Any:
    return pytest.importorskip("torchvision.transforms.functional")


@pytest.mark.parametrize("share", [-0.5, -0.2, -0.001, 0.0, 0.1, 0.25, 0.5])
def test_hues_equal_torchvisions(share: float) -> None:
    assert_same_image(shift_hue(picture(), share), functional().adjust_hue(picture(), share))


def test_hues_by_hand() -> None:
    primary = Image.fromarray(np.array([[[255, 0, 0], [0, 255, 0], [90, 90, 90]]], np.uint8))
    turned = np.asarray(shift_hue(primary, 1 / 3))
    assert turned.tolist() == [[[0, 255, 0], [0, 0, 255], [90, 90, 90]]]
    grey = primary.convert("L")
    assert shift_hue(grey, 0.5) is grey


@pytest.mark.parametrize("limits", [0.0, 0.5, 1.0])
def test_jitter_equals_torchvisions_of_the_same_draws(limits: float) -> None:
    """The order drawn here is saturation, brightness, hue, contrast; the amounts lie `limits` into their ranges."""
    jitter = ColorJitter(0.4, (0.5, 1.5), 0.8, 0.1)
    ours = jitter(picture(), Drawn(0.2, 0.9, 0.1, 0.5, limits, limits, limits, limits))
    module, image = functional(), picture()
    image = module.adjust_saturation(image, 0.2 + 1.6 * limits)
    image = module.adjust_brightness(image, 0.6 + 0.8 * limits)
    image = module.adjust_hue(image, -0.1 + 0.2 * limits)
    assert_same_image(ours, module.adjust_contrast(image, 0.5 + limits))


def test_jitter_by_hand() -> None:
    row = np.array([[[100, 60, 20], [200, 200, 200]]], np.uint8)
    # Halfway to black; halfway to the mean of the luma, (67 + 200) / 2; halfway to the pixel's own luma.
    for jitter, expected in (
        (ColorJitter(brightness=(0.5, 0.5)), [[50, 30, 10], [100, 100, 100]]),
        (ColorJitter(contrast=(0.5, 0.5)), [[117, 97, 77], [167, 167, 167]]),
        (ColorJitter(saturation=(0.5, 0.5)), [[83, 63, 43], [200, 200, 200]]),
    ):
        assert np.asarray(jitter(row, generator())).tolist() == [expected]


def test_what_is_not_asked_for_is_neither_changed_nor_drawn() -> None:
    image, source = picture(), generator()
    assert ColorJitter()(image, source) is image
    assert ColorJitter(1.0, (1, 1), 0, (0, 0)).brightness == (0.0, 2.0)
    assert len(ColorJitter(1.0, (1, 1), 0, (0, 0))._changes) == 1


def test_factors_are_drawn_evenly_from_their_range() -> None:
    jitter, source = ColorJitter(brightness=0.5), generator()
    white = np.full((1, 1, 3), 120, np.uint8)
    levels = np.array([np.asarray(jitter(white, source))[0, 0, 0] for _ in range(2000)])
    assert 60 <= levels.min() <= 61
    assert 178 <= levels.max() <= 180
    assert abs(levels.mean() - 119.5) < 2.5


def test_light_is_added_along_the_principal_components() -> None:
    grey = np.full((2, 2, 3), 128, np.uint8)
    source = generator()
    lights = np.array([np.asarray(Lighting(0.1)(grey, source))[0, 0] for _ in range(3000)], np.float64) + 0.5 - 128
    scaled = np.array(EIGENVECTORS) * np.array(EIGENVALUES) * 25.5
    np.testing.assert_allclose(np.cov(lights.T), scaled @ scaled.T, rtol=0.12, atol=0.15)
    assert abs(lights.mean(0)).max() < 0.3


def test_light_is_the_same_everywhere_and_stays_in_range() -> None:
    image = np.asarray(picture()).astype(np.int64)
    for seed in range(10):
        lit = np.asarray(Lighting(0.5)(picture(), generator(seed))).astype(np.int64)
        added = np.where((lit > 0) & (lit < 255), lit - image, -999).reshape(-1, 3)
        for channel in added.T:
            assert len(set(channel.tolist()) - {-999}) <= 1
    unchanged = picture()
    assert Lighting(0.0)(unchanged, generator()) is unchanged


def test_the_components_are_perpendicular_and_of_length_one() -> None:
    vectors = np.array(EIGENVECTORS)
    np.testing.assert_allclose(vectors.T @ vectors, np.eye(3), atol=2e-4)


@pytest.mark.parametrize("channels", [1, 3])
def test_grey_equals_torchvisions(channels: int) -> None:
    expected = functional().to_grayscale(picture(), channels)
    assert_same_image(Grayscale(channels)(picture(), generator()), expected)


def test_grey_is_as_likely_as_asked() -> None:
    source, image = generator(), picture(4, 4)
    assert abs(sum(Grayscale(prob=0.2)(image, source) is not image for _ in range(2000)) - 400) < 70


@pytest.mark.parametrize("threshold", [0, 1, 100.5, 128, 256])
def test_solarising_equals_torchvisions(threshold: float) -> None:
    expected = functional().solarize(picture(), threshold)
    assert_same_image(Solarize(threshold, 1.0)(picture(), generator()), expected)


def test_blurring_spreads_a_point_as_a_normal_distribution_does() -> None:
    point = np.zeros((41, 41), np.uint8)
    point[20, 20] = 255
    spread = np.asarray(GaussianBlur(1.5, 1.0)(point, generator()), np.float64)
    places = np.arange(41) - 20
    assert abs(spread.sum() / 255 - 1) < 0.1
    assert abs((spread.sum(0) * places**2).sum() / spread.sum() - 1.5**2) < 0.5
    sharp = picture()
    assert GaussianBlur(1.5, 0.0)(sharp, generator()) is sharp
    assert_same_image(GaussianBlur(0.0, 1.0)(sharp, generator()), sharp)


def test_the_radius_is_drawn_from_its_range() -> None:
    blurred = GaussianBlur((0.1, 2.0), 1.0)(picture(), Drawn(0.0, 0.5))
    assert_same_image(blurred, picture().filter(ImageFilter.GaussianBlur(1.05)))


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: ColorJitter(-0.1), "brightness is a number from 0"),
        (lambda: ColorJitter(contrast=(1.5, 0.5)), "wrong way round"),
        (lambda: ColorJitter(saturation=(-1, 1)), "saturation is a pair of finite numbers from 0"),
        (lambda: ColorJitter(saturation=(0, 1, 2)), "saturation is a pair"),
        (lambda: ColorJitter(hue=0.6), "hue is a number from 0 to 0.5"),
        (lambda: ColorJitter(hue=(-0.6, 0.1)), "hue is a pair of finite numbers from -0.5 to 0.5"),
        (lambda: ColorJitter(brightness=float("inf")), "finite"),
        (lambda: ColorJitter("0.4"), "brightness is a pair"),
        (lambda: Lighting(-0.1), "scale is a number from 0"),
        (lambda: Lighting(0.1, (1, 2)), r"eigenvalues are finite numbers of shape \(3,\)"),
        (lambda: Lighting(0.1, eigenvectors="abc"), r"eigenvectors are numbers of shape \(3, 3\)"),
        (lambda: Lighting(0.1, (1, 2, float("nan"))), "finite"),
        (lambda: Solarize(300), "threshold is a number from 0 to 256"),
        (lambda: GaussianBlur(-1), "radius is a pair of finite numbers from 0"),
        (lambda: GaussianBlur((2, 1)), "wrong way round"),
        (lambda: Grayscale(2), "channels is 1 or 3"),
        (lambda: Grayscale(1, 0.5), "prob is then 1"),
    ],
)
def test_wrong_options_are_refused_at_construction(make: Any, told: str) -> None:
    with pytest.raises(OptionError, match=told):
        make()
