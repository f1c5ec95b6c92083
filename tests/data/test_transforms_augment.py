"""Operations of RandAugment and its relatives: value for value as timm's and torchvision's; how they are drawn."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageOps

from polynet.data.transforms import AugMix, AutoAugment, RandAugment, TrivialAugment
from polynet.data.transforms.operations import INCREASING, OPERATIONS, SEARCHED, WIDE, Operation, Warp
from polynet.data.transforms.policies import POLICIES
from polynet.errors import OptionError
from tests.data.pictures import assert_same_image, generator, picture

# timm and torchvision use names of Pillow's constants that Pillow 9.1 alone says will go.
pytestmark = pytest.mark.filterwarnings("ignore:AFFINE is deprecated:DeprecationWarning")

FILL = (124, 116, 104)
BICUBIC = Image.Resampling.BICUBIC
RAMP = np.array([[0, 1, 63, 64, 127, 128, 200, 255]], np.uint8)


@pytest.mark.parametrize("negative", [False, True])
@pytest.mark.parametrize("magnitude", [0.0, 0.5, 3.0, 7.25, 9.0])
@pytest.mark.parametrize("name", sorted(OPERATIONS.keys() - {"Identity"}))  # timm has no such operation
def test_operations_equal_timms(name: str, magnitude: float, negative: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    timm = pytest.importorskip("timm.data.auto_augment")
    monkeypatch.setattr(random, "random", lambda: 1.0 if negative else 0.0)
    other = timm.AugmentOp(name, prob=1.1, magnitude=magnitude, hparams={"img_mean": FILL, "interpolation": BICUBIC})
    if name in ("Posterize", "PosterizeIncreasing") and timm.LEVEL_TO_ARG[name](magnitude, {}) == (0,):
        assert not np.asarray(other(picture())).any()  # timm keeps no bit here; one is kept
        expected = ImageOps.posterize(picture(), 1)
    else:
        expected = other(picture())
    operation = OPERATIONS[name]
    strength = operation.strength(magnitude, negative=negative)
    assert_same_image(operation.apply(picture(), strength, Warp(BICUBIC, FILL)), expected)


def check_torchvisions(name: str, operation: Operation, level: float, told: tuple[Any, bool], negative: bool) -> None:
    """The strength, and what becomes of an image, equal torchvision's; its strengths are float32."""
    module = pytest.importorskip("torchvision.transforms.autoaugment")
    magnitude, signed = told
    assert operation.signed == signed
    around = operation.start if signed else 0.0
    strength = operation.strength(level, negative=negative)
    share = picture().width if name == "TranslateX" else picture().height
    scale = share if name.startswith("Translate") and operation is SEARCHED[name] else 1
    assert (strength - around) * scale == pytest.approx(-magnitude if signed and negative else magnitude, abs=1e-4)
    # Shifts go the other way there; both ways are as likely.
    exact = (strength - around) * (-scale if name.startswith("Translate") else 1)
    theirs = module._apply_op(picture(), name, exact, module.InterpolationMode.NEAREST, list(FILL))
    assert_same_image(operation.apply(picture(), strength, Warp(fill=FILL)), theirs)


def magnitude_of(magnitudes: Any, level: int) -> float:
    return float(magnitudes[level]) if magnitudes.ndim else 0.0


@pytest.mark.parametrize("negative", [False, True])
@pytest.mark.parametrize("level", [0, 3, 15, 22, 30])
@pytest.mark.parametrize("name", sorted(WIDE))
def test_operations_of_trivial_augment_equal_torchvisions(name: str, level: int, negative: bool) -> None:
    module = pytest.importorskip("torchvision.transforms.autoaugment")
    magnitudes, signed = module.TrivialAugmentWide()._augmentation_space(31)[name]
    check_torchvisions(name, WIDE[name], level / 3, (magnitude_of(magnitudes, level), signed), negative)


@pytest.mark.parametrize("negative", [False, True])
@pytest.mark.parametrize("level", [0, 2, 5, 8, 9])
@pytest.mark.parametrize("name", sorted(SEARCHED))
def test_operations_of_searched_policies_equal_torchvisions(name: str, level: int, negative: bool) -> None:
    module = pytest.importorskip("torchvision.transforms.autoaugment")
    magnitudes, signed = module.AutoAugment()._augmentation_space(10, picture().size[::-1])[name]
    check_torchvisions(name, SEARCHED[name], level * 10 / 9, (magnitude_of(magnitudes, level), signed), negative)


@pytest.mark.parametrize(
    ("name", "magnitude", "expected"),
    [
        ("Identity", 9, [0, 1, 63, 64, 127, 128, 200, 255]),
        ("Invert", 9, [255, 254, 192, 191, 128, 127, 55, 0]),
        ("Posterize", 5, [0, 0, 0, 64, 64, 128, 192, 192]),
        ("PosterizeIncreasing", 0, [0, 0, 48, 64, 112, 128, 192, 240]),
        ("PosterizeIncreasing", 10, [0, 0, 0, 0, 0, 128, 128, 128]),
        ("PosterizeOriginal", 10, [0, 1, 63, 64, 127, 128, 200, 255]),
        ("Solarize", 5, [0, 1, 63, 64, 127, 127, 55, 0]),
        ("SolarizeIncreasing", 7.5, [0, 1, 63, 191, 128, 127, 55, 0]),
        ("SolarizeAdd", 10, [110, 111, 173, 174, 237, 128, 200, 255]),
        ("BrightnessIncreasing", 10, [0, 1, 119, 121, 241, 243, 255, 255]),
        ("AutoContrast", 1, [0, 1, 63, 64, 127, 128, 200, 255]),
        ("TranslateXRel", 10, [127, 128, 200, 255, 9, 9, 9, 9]),
    ],
)
def test_operations_by_hand(name: str, magnitude: float, expected: list[int]) -> None:
    operation = OPERATIONS[name]
    image = Image.fromarray(RAMP)
    done = operation.apply(image, operation.strength(magnitude), Warp(fill=(9, 9, 9)))
    assert np.asarray(done).tolist() == [expected]


def test_strengths_go_over_the_ranges_that_are_written_down() -> None:
    """At magnitudes 0, 5 and 10; the other side of those that have two."""
    enhanced, increasing = (0.1, 1.0, 1.9), (1.0, 1.45, 1.9)
    expected = {
        "Rotate": (0, 15, 30),
        "Posterize": (0, 2, 4),
        "PosterizeIncreasing": (4, 2, 0),
        "PosterizeOriginal": (4, 6, 8),
        "Solarize": (0, 128, 256),
        "SolarizeIncreasing": (256, 128, 0),
        "SolarizeAdd": (0, 55, 110),
        **dict.fromkeys(("Color", "Contrast", "Brightness", "Sharpness"), enhanced),
        **dict.fromkeys([f"{name}Increasing" for name in ("Color", "Contrast", "Brightness", "Sharpness")], increasing),
        **dict.fromkeys(("ShearX", "ShearY"), (0, 0.15, 0.3)),
        **dict.fromkeys(("TranslateXRel", "TranslateYRel"), (0, 0.225, 0.45)),
        **dict.fromkeys(("Identity", "AutoContrast", "Equalize", "Invert"), (0, 0, 0)),
    }
    assert set(expected) == set(OPERATIONS)
    for name, strengths in expected.items():
        operation = OPERATIONS[name]
        assert tuple(operation.strength(magnitude) for magnitude in (0.0, 5.0, 10.0)) == pytest.approx(strengths)
        other = 2 * operation.start - strengths[2] if operation.signed else strengths[2]
        assert operation.strength(10.0, negative=True) == pytest.approx(other)


def test_the_policies_are_timms_and_torchvisions() -> None:
    timm = pytest.importorskip("timm.data.auto_augment")
    module = pytest.importorskip("torchvision.transforms.autoaugment")
    for name in ("v0", "original"):
        theirs = [[(op.name, op.prob, op.magnitude) for op in pair] for pair in timm.auto_augment_policy(name)]
        assert [list(pair) for pair in POLICIES[name][1]] == theirs
    for name, enumerated in (("imagenet", "IMAGENET"), ("cifar10", "CIFAR10")):
        theirs = module.AutoAugment(module.AutoAugmentPolicy[enumerated]).policies
        for pair, other in zip(POLICIES[name][1], theirs, strict=True):
            for (step, likely, magnitude), (op, prob, level) in zip(pair, other, strict=True):
                assert (step, likely) == (op, prob)
                assert magnitude == pytest.approx((level or 0) * 10 / 9)


def test_the_policies_are_of_25_pairs_of_known_operations() -> None:
    for operations, pairs in POLICIES.values():
        assert len(pairs) == 25
        for pair in pairs:
            assert len(pair) == 2
            for name, likely, magnitude in pair:
                assert name in operations
                assert 0 <= likely <= 1
                assert 0 <= magnitude <= 10


class Recorded(RandAugment):
    """Notes what is performed instead of performing it."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.performed: list[tuple[str, float]] = []

    def _perform(self, image: Any, operation: Any, magnitude: float, generator: Any) -> Any:
        name = next(name for name in self.operations if OPERATIONS[name] is operation)
        self.performed.append((name, magnitude))
        return image


def performed(times: int, *arguments: Any, **options: Any) -> list[tuple[str, float]]:
    transform, source = Recorded(*arguments, **options), generator()
    for _ in range(times):
        transform(picture(4, 4), source)
    return transform.performed


def test_each_of_the_fifteen_is_drawn_as_often() -> None:
    counts = Counter(name for name, _ in performed(3000, 9, prob=1.0, n_ops=2))
    assert set(counts) == set(INCREASING)
    assert len(INCREASING) == 15
    assert max(abs(count - 400) for count in counts.values()) < 80


@pytest.mark.parametrize(("prob", "share"), [(0.5, 0.5), (0.0, 0.0), (1.0, 1.0), ((0.2, 0.4), 0.3), ([0, 1], 0.5)])
def test_operations_are_performed_as_likely_as_asked(prob: Any, share: float) -> None:
    """A range of probabilities, which BaseCls documents, ends in a TypeError there."""
    assert abs(len(performed(1000, 9, prob=prob, n_ops=3)) / 3000 - share) < 0.03


def test_magnitudes_are_fixed_normal_or_uniform() -> None:
    def magnitudes(*arguments: Any, **options: Any) -> Any:
        return np.array([magnitude for _, magnitude in performed(2000, *arguments, prob=1.0, n_ops=1, **options)])

    assert set(magnitudes(7)) == {7.0}
    spread = magnitudes(5, 1.0)
    assert abs(spread.mean() - 5) < 0.1
    assert abs(spread.std() - 1) < 0.06
    even = magnitudes(8, float("inf"))
    assert 0 <= even.min() < 0.1
    assert 7.9 < even.max() < 8
    assert magnitudes(10, 0.5).max() == 10
    assert magnitudes(10, 0.5, magnitude_max=None).max() > 11
    assert magnitudes(0, 0.5).min() == 0


def test_both_directions_are_as_likely() -> None:
    transform = RandAugment(10, prob=1.0, n_ops=1, operations=["BrightnessIncreasing"])
    grey, source = np.full((1, 1, 3), 100, np.uint8), generator()
    levels = Counter(int(np.asarray(transform(grey, source))[0, 0, 0]) for _ in range(1000))
    assert set(levels) == {10, 190}
    assert abs(levels[10] - 500) < 60


@pytest.mark.parametrize("name", INCREASING)
def test_magnitudes_beyond_the_ranges_still_give_images(name: str) -> None:
    """BaseCls's config of EfficientNetV2-L has 21."""
    transform = RandAugment(21, 0.5, 1.0, 1, magnitude_max=None, operations=[name])
    for seed in range(4):
        assert transform(picture(), generator(seed)).size == picture().size


def test_no_operation_leaves_the_image() -> None:
    image = picture()
    assert RandAugment(n_ops=0)(image, generator()) is image
    assert RandAugment(prob=0.0)(image, generator()) is image


def test_of_several_interpolations_one_is_drawn_each_time() -> None:
    def rotated(interpolation: Any) -> set[bytes]:
        transform = RandAugment(10, prob=1.0, n_ops=1, operations=["Rotate"], interpolation=interpolation)
        return {transform(picture(), generator(seed)).tobytes() for seed in range(30)}

    bilinear, bicubic = rotated("bilinear"), rotated("bicubic")
    assert len(bilinear) == len(bicubic) == 2  # to either side
    assert rotated(("bilinear", "bicubic")) == bilinear | bicubic


def test_what_comes_from_outside_has_the_colour_asked_for() -> None:
    transform = RandAugment(10, prob=1.0, n_ops=1, operations=["TranslateXRel"], interpolation="nearest", fill=FILL)
    moved = np.asarray(transform(np.zeros((8, 8, 3), np.uint8), generator()))
    assert {tuple(colour) for colour in moved.reshape(-1, 3).tolist()} == {(0, 0, 0), FILL}


@pytest.mark.parametrize("policy", sorted(POLICIES))
def test_every_pair_of_a_policy_runs(policy: str) -> None:
    transform = AutoAugment(policy, interpolation="nearest")
    results = {transform(picture(), generator(seed)).tobytes() for seed in range(150)}
    assert len(results) > 25
    assert picture().tobytes() in results  # where neither of a pair happens


def test_a_policy_is_followed() -> None:
    """The first random number picks the pair; the two of this pair always happen, and in this order."""

    def first_of(policy: str, position: int, seeds: range) -> set[bytes]:
        chosen = (seed for seed in seeds if int(generator(seed).random() * 25) == position)
        return {AutoAugment(policy)(picture(), generator(seed)).tobytes() for seed in chosen}

    brighter = [OPERATIONS["Color"].strength(4.0), OPERATIONS["Contrast"].strength(8.0)]
    warp = Warp()
    contrast_alone = OPERATIONS["Contrast"].apply(picture(), brighter[1], warp)
    both = OPERATIONS["Contrast"].apply(OPERATIONS["Color"].apply(picture(), brighter[0], warp), brighter[1], warp)
    assert first_of("original", 14, range(300)) == {contrast_alone.tobytes(), both.tobytes()}


def test_trivial_augment_performs_one_operation_of_any_strength() -> None:
    results = {TrivialAugment()(picture(), generator(seed)).tobytes() for seed in range(300)}
    assert len(results) > 150
    assert picture().tobytes() in results


def test_augmix_stays_between_the_image_and_the_mixture() -> None:
    image = np.full((4, 4, 3), 100, np.uint8)
    dark = AugMix(10.0, operations=["SolarizeIncreasing"], depth=1)
    levels = {int(np.asarray(dark(image, generator(seed)))[0, 0, 0]) for seed in range(60)}
    assert min(levels) == 100
    assert 120 < max(levels) <= 155
    assert len(levels) > 10


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: RandAugment(11), "magnitude is a number from 0 to 10"),
        (lambda: RandAugment(-1), "magnitude is a number from 0"),
        (lambda: RandAugment(float("inf"), magnitude_max=None), "magnitude is a number from 0"),
        (lambda: RandAugment("9"), "magnitude is a number"),
        (lambda: RandAugment(9, -0.5), "magnitude_std is a number from 0"),
        (lambda: RandAugment(9, float("nan")), "magnitude_std is a number from 0"),
        (lambda: RandAugment(9, prob=1.5), "prob is a number from 0 to 1"),
        (lambda: RandAugment(9, prob=(0.8, 0.2)), "wrong way round"),
        (lambda: RandAugment(9, prob=(0.8, 1.2)), "from 0 to 1"),
        (lambda: RandAugment(9, n_ops=1.5), "n_ops is a whole number from 0"),
        (lambda: RandAugment(9, n_ops=True), "n_ops is a whole number from 0"),
        (lambda: RandAugment(operations=["Rotat"]), r"Did you mean 'Rotate'"),
        (lambda: RandAugment(operations=[]), "operations is a list of names"),
        (lambda: RandAugment(operations="Rotate"), "operations is a list of names"),
        (lambda: RandAugment(interpolation="lanczos"), "'nearest', 'bilinear', 'bicubic'"),
        (lambda: RandAugment(interpolation=[]), "interpolation is one of"),
        (lambda: RandAugment(fill=(1, 2, 300)), "fill is a number from 0 to 255"),
        (lambda: AutoAugment("v1"), "policy is one of"),
        (lambda: TrivialAugment(1), "levels is a whole number from 2"),
        (lambda: AugMix(width=0), "width is a whole number from 1"),
        (lambda: AugMix(depth=0), "depth is a whole number from 1"),
        (lambda: AugMix(alpha=0), "alpha is a number from"),
    ],
)
def test_wrong_options_are_refused_at_construction(make: Any, told: str) -> None:
    with pytest.raises(OptionError, match=told):
        make()
