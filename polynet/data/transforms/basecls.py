"""The transforms that BaseCls's config fields `preprocess`, `augments` and `test` stand for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from polynet.config.basecls import BASE
from polynet.config.merging import merged
from polynet.data.transforms.arrays import COLOR_SPACES, ToArray
from polynet.data.transforms.auto_augment import AutoAugment, RandAugment
from polynet.data.transforms.checks import choice_of
from polynet.data.transforms.colour import ColorJitter, Lighting
from polynet.data.transforms.compose import Compose
from polynet.data.transforms.crop import CenterCrop, RandomResizedCrop
from polynet.data.transforms.erasing import RandomErasing
from polynet.data.transforms.flip import RandomHorizontalFlip
from polynet.data.transforms.resampling import WARPING, resampling
from polynet.data.transforms.resize import Resize, size_before_crop
from polynet.errors import ConfigKeyError, ConfigTypeError, suggest

Section = Mapping[str, Any]


def train_transform(preprocess: Section | None = None, augments: Section | None = None) -> Compose:
    """Build what a training image goes through, from file or array to uint8 (channels, height, width).

    A part of random area and proportions, resized; mirrored or not; augmented as `augments.name` says; rectangles of it
    covered; its channels brought into the order of `preprocess.img_color_space`.

    Args:
        preprocess: BaseCls's field: `img_size`, `img_color_space`, `img_mean`, `img_std`. What is missing is as in
            BaseCls's base config.
        augments: BaseCls's field: `name` (SimpleAugment, ColorAugment, AutoAugment, RandAugment, or a registered
            transform; `None` for none), `resize`, `color_aug`, `rand_aug`, `rand_erase`. `mixup` concerns batches and
            is left alone.

    Raises:
        ConfigKeyError: There is no such field, or no augmentation of that name.
        ConfigTypeError: A section is no mapping.
        OptionError: A field has a value that its transform cannot use.

    Differences from BaseCls: images are red, green, blue until the end; Pillow's interpolation averages where it
    shrinks, OpenCV's does not; with "lanczos", by which Pillow cannot rotate and BaseCls fails, augmentations rotate by
    "bicubic".

    Example:
        >>> import numpy as np
        >>> transform = train_transform({"img_size": 32}, {"name": "RandAugment", "rand_aug": {"magnitude": 7}})
        >>> transform(np.zeros((48, 64, 3), np.uint8), np.random.default_rng(0)).shape
        (3, 32, 32)
    """
    preprocess = _section("preprocess", preprocess)
    augments = _section("augments", augments)
    resize = augments["resize"]
    mean = _red_first(preprocess, "img_mean")
    erase = RandomErasing(**augments["rand_erase"], mean=mean, std=_red_first(preprocess, "img_std"))
    return Compose(
        [
            RandomResizedCrop(
                preprocess["img_size"], resize["scale_range"], resize["ratio_range"], resize["interpolation"]
            ),
            RandomHorizontalFlip(),
            *_augmentation(augments, mean),
            *([erase] if erase.prob else []),
            ToArray(preprocess["img_color_space"]),
        ]
    )


def test_transform(
    preprocess: Section | None = None,  # noqa: PT028 - no test of pytest's, but what BaseCls's field `test` stands for
    test: Section | None = None,  # noqa: PT028 - as above
    augments: Section | None = None,  # noqa: PT028 - as above
) -> Compose:
    """Build what a test image goes through: resized, the middle cut out, uint8 (channels, height, width).

    Args:
        preprocess: BaseCls's field; `img_color_space` is what counts here.
        test: BaseCls's field: `img_size` is the crop's side, `crop_pct` its share of the shorter side, which is rounded
            to an even number of pixels.
        augments: BaseCls's field; `resize.interpolation` is what counts here.

    Raises:
        ConfigKeyError: There is no such field.
        ConfigTypeError: A section is no mapping.
        OptionError: A field has a value that its transform cannot use.

    Example:
        >>> import numpy as np
        >>> test_transform(test={"img_size": 224})(np.zeros((375, 500, 3), np.uint8)).shape
        (3, 224, 224)
    """
    preprocess = _section("preprocess", preprocess)
    test = _section("test", test)
    interpolation = _section("augments", augments)["resize"]["interpolation"]
    return Compose(
        [
            Resize(size_before_crop(test["img_size"], test["crop_pct"]), interpolation),
            CenterCrop(test["img_size"]),
            ToArray(preprocess["img_color_space"]),
        ]
    )


def build_transforms(config: Section) -> tuple[Compose, Compose]:
    """Build the transforms of training and test images from a BaseCls config.

    Args:
        config: A mapping with the fields `preprocess`, `augments` and `test`; others are left alone.

    Raises:
        ConfigKeyError: There is no such field, or no augmentation of that name.
        ConfigTypeError: A section is no mapping.
        OptionError: A field has a value that its transform cannot use.

    Example:
        >>> training, evaluation = build_transforms({"augments": {"name": "SimpleAugment"}})
        >>> len(training.transforms), len(evaluation.transforms)
        (3, 3)
    """
    preprocess, augments = config.get("preprocess"), config.get("augments")
    return train_transform(preprocess, augments), test_transform(preprocess, config.get("test"), augments)


def _augmentation(augments: Section, mean: list[float]) -> list[Callable[..., Any]]:
    """The transforms that `augments.name` stands for."""
    resampling(augments["resize"]["interpolation"])
    interpolation = augments["resize"]["interpolation"]
    warp: dict[str, Any] = {"interpolation": interpolation if interpolation in WARPING else "bicubic", "fill": mean}
    name = augments["name"]
    if name is None or name == "SimpleAugment":
        return []
    if name == "ColorAugment":
        jitter = {**augments["color_aug"]}
        lighting = Lighting(jitter.pop("lighting"))
        return [ColorJitter(**jitter), *([lighting] if lighting.scale else [])]
    if name == "AutoAugment":
        return [AutoAugment(**warp)]
    if name == "RandAugment":
        return [RandAugment(**{"magnitude_max": None, **warp, **augments["rand_aug"]})]
    return [_registered(name)]


def _registered(name: Any) -> Any:
    """An augmentation of one's own, or any other transform, by name."""
    from polynet.data.registry import TRANSFORMS

    if not isinstance(name, str) or name in TRANSFORMS:
        return TRANSFORMS.build({"type": name})
    names = ["SimpleAugment", "ColorAugment", "AutoAugment", "RandAugment"]
    message = f"augments.name is {', '.join(names)}, or a registered transform; not {name!r}.{suggest(name, names)}"
    raise ConfigKeyError(message)


def _section(name: str, given: Section | None) -> dict[str, Any]:
    """A section of the config over BaseCls's defaults, without fields that it does not have."""
    defaults = BASE[name]
    given = {} if given is None else given
    _check_fields(name, given, defaults)
    return dict(merged(defaults, given))


def _check_fields(path: str, given: Any, defaults: Mapping[str, Any]) -> None:
    if not isinstance(given, Mapping):
        message = f"{path} is a mapping with {', '.join(defaults)}; not {given!r:.80}."
        raise ConfigTypeError(message)
    for key, value in given.items():
        if key not in defaults and f"{path}.{key}" not in _MORE:
            allowed = [*defaults, *(known.rpartition(".")[2] for known in _MORE if known.startswith(f"{path}."))]
            message = f"{path} has no field {key!r}.{suggest(key, allowed)} It has {', '.join(allowed)}."
            raise ConfigKeyError(message)
        if isinstance(defaults.get(key), Mapping):
            _check_fields(f"{path}.{key}", value, defaults[key])


_MORE = (
    "augments.color_aug.hue",
    "augments.rand_aug.magnitude_max",
    "augments.rand_aug.operations",
    "augments.rand_aug.interpolation",
    "augments.rand_aug.fill",
)
"""Fields that the transforms take and BaseCls's base config leaves out."""


def _red_first(preprocess: Section, field: str) -> list[float]:
    """A mean or deviation of the channels in the order red, green, blue; one number is that of all."""
    value = preprocess[field]
    numbers = list(value) if isinstance(value, (list, tuple)) else [value]
    numbers *= 3 if len(numbers) == 1 else 1
    return (
        numbers[::-1] if choice_of("img_color_space", preprocess["img_color_space"], COLOR_SPACES) == "BGR" else numbers
    )
