"""What every transform of images keeps to: what it takes, what it draws from, and what it refuses."""

from __future__ import annotations

import pickle
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image

from polynet.data import transforms
from polynet.data.registry import TRANSFORMS
from polynet.data.transforms import Compose, RandomHorizontalFlip, Resize, ToArray, Transform
from polynet.data.transforms.draws import below, between, choice, happens, normal, order, uniform
from polynet.errors import InputError, OptionError, PolyNetError
from tests.data.pictures import Drawn, generator, picture

# Each changes most images whatever it draws.
MADE: dict[str, Callable[[], Any]] = {
    "AugMix": lambda: transforms.AugMix(10.0),
    "AutoAugment": lambda: transforms.AutoAugment("v0"),
    "CenterCrop": lambda: transforms.CenterCrop((20, 30)),
    "ColorJitter": lambda: transforms.ColorJitter(0.4, 0.4, 0.4, 0.1),
    "EfficientNetCenterCrop": lambda: transforms.EfficientNetCenterCrop(24),
    "EfficientNetRandomCrop": lambda: transforms.EfficientNetRandomCrop(24),
    "GaussianBlur": lambda: transforms.GaussianBlur(prob=1.0),
    "Grayscale": lambda: transforms.Grayscale(),
    "Lighting": lambda: transforms.Lighting(0.5),
    "Pad": lambda: transforms.Pad(3, (1, 2, 3)),
    "RandAugment": lambda: transforms.RandAugment(9, 0.5, 1.0, 3),
    "RandomCrop": lambda: transforms.RandomCrop(16, 2),
    "RandomErasing": lambda: transforms.RandomErasing(1.0, mode="pixel", mean=128, std=60),
    "RandomHorizontalFlip": lambda: transforms.RandomHorizontalFlip(),
    "RandomResizedCrop": lambda: transforms.RandomResizedCrop(16),
    "RandomVerticalFlip": lambda: transforms.RandomVerticalFlip(),
    "RandomApply": lambda: transforms.RandomApply([transforms.Pad(1), transforms.Resize(20)], 1.0),
    "Resize": lambda: transforms.Resize(24),
    "Solarize": lambda: transforms.Solarize(prob=1.0),
    "ToArray": lambda: transforms.ToArray("BGR"),
    "ToColorSpace": lambda: transforms.ToColorSpace("BGR"),
    "TrivialAugment": lambda: transforms.TrivialAugment(),
}


def pixels(image: Any) -> np.ndarray[Any, Any]:
    return np.asarray(image)


@pytest.fixture(params=sorted(MADE))
def transform(request: pytest.FixtureRequest) -> Any:
    return MADE[request.param]()


def test_every_registered_transform_is_tested_here() -> None:
    of_no_image = {"LoadImageFromFile", "Normalise", "PackInputs"}
    ours = {name for name in TRANSFORMS if TRANSFORMS.get(name).__module__.startswith("polynet.data.transforms")}
    assert ours - of_no_image == set(MADE)


def test_the_same_generator_gives_the_same_result(transform: Any) -> None:
    for seed in range(5):
        first, again = (transform(picture(), generator(seed)) for _ in range(2))
        np.testing.assert_array_equal(pixels(first), pixels(again))


def test_global_generators_are_left_alone(transform: Any) -> None:
    import random

    before = random.getstate(), np.random.get_state()[1].copy()  # type: ignore[index] # a tuple, by default
    transform(picture(), generator())
    assert random.getstate() == before[0]
    np.testing.assert_array_equal(np.random.get_state()[1], before[1])  # type: ignore[index] # a tuple, by default


def test_the_input_is_not_changed(transform: Any) -> None:
    for seed in range(5):
        image, array = picture(), pixels(picture()).copy()
        transform(image, generator(seed))
        np.testing.assert_array_equal(pixels(image), array)
        untouched = array.copy()
        transform(array, generator(seed))
        np.testing.assert_array_equal(array, untouched)


def test_an_array_is_as_good_as_an_image(transform: Any) -> None:
    from_image = transform(picture(), generator(3))
    from_array = transform(pixels(picture()), generator(3))
    np.testing.assert_array_equal(pixels(from_image), pixels(from_array))


@pytest.mark.parametrize("shape", [(12, 17), (12, 17, 1)])
def test_grey_images_stay_grey_or_get_three_channels(transform: Any, shape: tuple[int, ...]) -> None:
    grey = pixels(picture(17, 12).convert("L")).reshape(shape)
    for seed in range(5):
        result = transform(grey, generator(seed))
        assert pixels(result).dtype == np.uint8
        assert pixels(result).size > 0


def test_a_dictionary_is_copied_with_its_image_changed(transform: Any) -> None:
    sample = {"img": picture(), "gt_label": 3}
    result = transform(sample, generator(1))
    assert result is not sample
    assert result["gt_label"] == 3
    np.testing.assert_array_equal(pixels(result["img"]), pixels(transform(picture(), generator(1))))
    height_and_width = result["img"].size[::-1] if isinstance(result["img"], Image.Image) else None
    assert height_and_width in (None, result["img_shape"])
    np.testing.assert_array_equal(pixels(sample["img"]), pixels(picture()))


def test_transforms_can_be_sent_to_worker_processes(transform: Any) -> None:
    copy = pickle.loads(pickle.dumps(transform))
    np.testing.assert_array_equal(pixels(copy(picture(), generator(2))), pixels(transform(picture(), generator(2))))


def test_transforms_show_their_options() -> None:
    assert repr(RandomHorizontalFlip(0.25)) == "RandomHorizontalFlip(prob=0.25)"
    assert repr(Compose([ToArray("BGR")])) == "Compose(\n    ToArray(color_space='BGR'),\n)"


@pytest.mark.parametrize("given", [None, 0, np.random.RandomState(0)])
def test_drawing_without_a_generator_is_refused(transform: Any, given: Any) -> None:
    if getattr(transform, "random", True):
        with pytest.raises(InputError, match=r"numpy\.random\.Generator"):
            transform(picture(), given)
    else:
        transform(picture(), given)


@pytest.mark.parametrize(
    ("sample", "told"),
    [
        (np.zeros((4, 4, 3), np.float32), "not an array of float32"),
        (np.zeros((4, 4, 3), np.int64), "not an array of int64"),
        (np.zeros((4, 4, 4), np.uint8), r"shape \(4, 4, 4\)"),
        (np.zeros((3, 4, 4, 3), np.uint8), r"shape \(3, 4, 4, 3\)"),
        (np.zeros((0, 4, 3), np.uint8), r"shape \(0, 4, 3\)"),
        ([[0, 1]], "not a list"),
        ("photo.jpg", "not a str"),
        (Image.new("RGBA", (4, 4)), "'RGBA': image.convert"),
        (Image.new("P", (4, 4)), "'P': image.convert"),
        ({"image": picture()}, "no 'img' in the sample; it has image"),
    ],
)
def test_what_is_no_image_is_refused(transform: Any, sample: Any, told: str) -> None:
    with pytest.raises(InputError, match=told):
        transform(sample, generator())


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 7, 3), (9, 1, 3), (2, 2, 1), (1, 400, 3)])
def test_the_smallest_and_longest_images_are_transformed(shape: tuple[int, ...]) -> None:
    """Those that a network could take anyway: no crash, and no side of length 0."""
    for name, make in MADE.items():
        transform = make() if name != "RandomCrop" else transforms.RandomCrop(16, 2, pad_if_needed=True)
        for seed in range(12):
            result = pixels(transform(np.full(shape, 77, np.uint8), generator(seed)))
            assert result.size > 0, name
            assert result.dtype == np.uint8, name


def test_several_are_applied_together_as_often_as_asked() -> None:
    transform, source, image = transforms.RandomApply([Resize(2), ToArray()], 0.3), generator(), picture(4, 4)
    results = [transform(image, source) for _ in range(2000)]
    assert abs(sum(result is not image for result in results) - 600) < 80
    assert {getattr(result, "shape", None) for result in results} == {None, (3, 2, 2)}
    with pytest.raises(OptionError, match="prob is a number"):
        transforms.RandomApply([ToArray()], 2)


def test_compose_applies_in_order_and_draws_from_one_generator() -> None:
    seen: list[float] = []

    def note(sample: Any, source: Any) -> Any:
        seen.append(source.random())
        return [*sample, len(seen)]

    assert Compose([note, note])([], generator()) == [1, 2]
    assert seen == generator().random(2).tolist()
    assert Compose([])(picture()).size == picture().size


@pytest.mark.parametrize("steps", [ToArray(), [ToArray], ["ToArray"], [None], None, [{"type": "ToArray"}]])
def test_compose_takes_transforms_alone(steps: Any) -> None:
    with pytest.raises(OptionError, match="transform"):
        Compose(steps)


def test_a_transform_of_ones_own_needs_apply_alone() -> None:
    class Negative(Transform):
        def apply(self, image: Any, generator: Any) -> Any:
            return image.point(lambda level: 255 - level)

    assert Compose([Negative(), ToArray()])(np.zeros((2, 2, 3), np.uint8)).min() == 255


def test_draws_take_the_stream_of_the_generator_as_written_down() -> None:
    """Numbers that must never change: they decide which crops a training run of the same seed sees."""
    source = generator(7)
    stream = generator(7).random(12)
    assert uniform(source, 2.0, 4.0) == 2.0 + 2.0 * stream[0]
    assert below(source, 10) == int(stream[1] * 10)
    assert between(source, 5, 6) == 5 + int(stream[2] * 2)
    assert happens(source, 0.5) == (stream[3] < 0.5)
    assert not happens(Drawn(0.0), 0.0)
    assert choice(source, "abc") == "abc"[int(stream[4] * 3)]
    assert order(source, 4) == np.argsort(stream[5:9]).tolist()
    assert normal(source, 1.0, 2.0) != normal(source, 1.0, 2.0)
    np.testing.assert_allclose(stream[:3], [0.46881749, 0.42614584, 0.3629817], atol=1e-8)


def test_numbers_are_drawn_evenly() -> None:
    source = generator()
    counts = np.bincount([below(source, 6) for _ in range(6000)], minlength=6)
    assert counts.size == 6
    assert abs(counts - 1000).max() < 130
    orders = {tuple(order(source, 3)) for _ in range(200)}
    assert len(orders) == 6


def test_without_pillow_the_error_says_how_to_install_it() -> None:
    code = (
        "import sys; sys.modules['PIL'] = None\n"
        "try:\n    import polynet.data.transforms\n"
        "except ImportError as error:\n    print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "pip install 'polynet[images]'" in done.stdout


def test_every_error_of_an_option_is_the_librarys() -> None:
    for wrong in (0, -1, 1.5, "224", None, (224,), (0, 224), (224, 224, 3), True, float("nan")):
        for made in (Resize, transforms.CenterCrop, transforms.RandomCrop, transforms.RandomResizedCrop):
            with pytest.raises(PolyNetError, match="size"):
                made(wrong)
