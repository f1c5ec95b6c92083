"""BaseCls's `data`, `augments`, `preprocess` and `test` sections: what a network is trained and measured with."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from polynet.calls import options_of
from polynet.data.datasets import ArrayDataset
from polynet.data.loader import DataLoader
from polynet.data.registry import DATASETS
from polynet.errors import ConfigError, ConfigKeyError, PolyNetError, suggest

LOGGER = logging.getLogger("polynet.train")

FOLDERS = ("FolderLoader", "ImageFolder")

OWN = ("name", "num_workers", "train_path", "val_path")
"""Keys of `data` that every data set has."""


def loaders(
    fields: Mapping[str, Any], seed: int, rank: int, world_size: int, *, trains: bool = True
) -> tuple[Any, Any]:
    """The loaders of training and of validation; `None` for one that the config has no data for.

    Args:
        fields: The whole config, its defaults filled in.
        seed: Seed of order and augmentation.
        rank: Number of this process.
        world_size: How many processes there are.
        trains: Whether the data of training are needed.

    Raises:
        ConfigError: A path is missing.
        PolyNetError: The data set cannot be read.
    """
    data = dict(fields["data"])
    # BaseCls's default is six workers, whatever the machine; more than it has processors slow each other down.
    name, workers = data.pop("name"), data.pop("num_workers", 0)
    if isinstance(workers, int):  # anything else is refused by the loader
        workers = min(workers, os.cpu_count() or 1)
    shared = {"batch_size": fields["batch_size"], "num_workers": workers, "seed": seed}
    shared |= {"rank": rank, "world_size": world_size}
    try:
        training, validation = _datasets(name, data, fields, trains)
    except PolyNetError as error:
        error.within("data")
        raise
    check_classes(training, validation, fields["num_classes"])
    train = None if training is None else DataLoader(training, shuffle=True, drop_last=True, **shared)
    # Every sample is measured once, so that some processes may have one more.
    val = None if validation is None else DataLoader(validation, uneven="keep", **shared)
    return train, val


def check_keys(data: Mapping[str, Any]) -> None:
    """Refuse a misspelt key of `data`, before any of the data are looked at.

    Args:
        data: The section. Whether there is a data set of its name is not asked here.

    Raises:
        ConfigKeyError: There is no such key; the message has the nearest.

    Example:
        >>> check_keys({"name": "FolderLoader", "trian_path": "images"})
        Traceback (most recent call last):
        ...
        polynet.errors.ConfigKeyError: data: there is no field 'trian_path'. Did you mean 'train_path'...
    """
    if data["name"] not in DATASETS:
        return  # the loaders say so
    names, is_open = options_of(DATASETS.get(data["name"]))
    known = [*OWN, *names]
    for key in data:
        if key not in known and not is_open:
            message = f"data: there is no field {key!r}.{suggest(key, known)} {data['name']} takes {', '.join(known)}."
            raise ConfigKeyError(message)


def check_classes(training: Any, validation: Any, num_classes: Any) -> None:
    """Refuse data whose classes are others in validation than in training, or more than the network tells apart.

    Raises:
        ConfigError: They do not fit; the message has both.
    """
    if num_classes is not None and num_classes < 1:
        message = f"num_classes is {num_classes!r}; a classifier that is trained has at least one class."
        raise ConfigError(message)
    classes = getattr(training, "classes", None)
    if classes is None:
        own = getattr(validation, "classes", None) if training is None else None
        if own is not None and num_classes is not None and num_classes < len(own):
            message = f"num_classes={num_classes}, and the data have {len(own)} classes: {_listed(own)}."
            raise ConfigError(message)
        return
    others = getattr(validation, "classes", None)
    if others is not None and list(others) != list(classes):
        apart = sorted({*map(str, classes)} ^ {*map(str, others)})
        message = (
            f"data: there are {len(classes)} classes to train with and {len(others)} to validate with, and labels are "
            f"their numbers in order. Only one of the two has {_listed(apart) or 'them in this order'}."
        )
        raise ConfigError(message)
    if num_classes is not None and num_classes < len(classes):
        message = f"num_classes={num_classes}, and the data have {len(classes)} classes: {_listed(classes)}."
        raise ConfigError(message)
    LOGGER.info("%d images of %d classes to train with: %s.", len(training), len(classes), _listed(classes))
    if num_classes is None:
        LOGGER.warning(
            "num_classes is not set: the network has as many classes as it is made with, and the data have %d.",
            len(classes),
        )
    elif num_classes > len(classes):
        LOGGER.warning("num_classes=%d, and the data have only %d classes.", num_classes, len(classes))


def _listed(names: Sequence[Any]) -> str:
    shown = ", ".join(map(str, names[:5]))
    return f"{shown} …" if len(names) > 5 else shown


def _datasets(name: str, data: dict[str, Any], fields: Mapping[str, Any], trains: bool) -> tuple[Any, Any]:
    if name in FOLDERS:
        training = _folder(name, data, "train_path", fields) if trains else None
        return training, _folder(name, data, "val_path", fields)
    paths: dict[str, Any] = {key: data.pop(key) for key in ("train_path", "val_path") if key in data}
    if name == "FakeData":
        side, channels = fields["preprocess"]["img_size"], len(fields["preprocess"]["img_mean"])
        sides = (side, side) if isinstance(side, int) else tuple(side)
        shape = {"shape": (channels, *sides), "num_classes": fields["num_classes"]}
        training, validation = (DATASETS.build({"type": name, **shape, **data, "seed": number}) for number in (0, 1))
        return training if trains else None, validation
    made: list[Any] = [] if trains else [None]
    for is_training, key in ((True, "train_path"), (False, "val_path"))[not trains :]:
        root = {"root": paths[key]} if paths.get(key) else {}
        options = {"type": name, "train": is_training, **root, **data}
        dataset = DATASETS.build(options)
        if not _is_taken_as_it_is(dataset, fields, is_training):
            _check_pictures(dataset, is_training)
            dataset = DATASETS.build({**options, "transform": _transform(fields, is_training)})
        made.append(dataset)
    return made[0], made[1]


def _folder(name: str, data: Mapping[str, Any], key: str, fields: Mapping[str, Any]) -> Any:
    path = data.get(key)
    if path is None:
        if key == "val_path":
            return None
        message = f"{key} is not set: the folder with one folder of images for each class (data.{key}=FOLDER)."
        raise ConfigError(message)
    more = {name: value for name, value in data.items() if name not in ("train_path", "val_path")}
    transform = _transform(fields, key == "train_path")
    return DATASETS.build({"type": name, "root": path, "transform": transform, **more})


def _is_taken_as_it_is(dataset: Any, fields: Mapping[str, Any], is_training: bool) -> bool:
    """Whether images come as arrays of just the size that is wanted, and are not to be augmented.

    Then whole batches are taken at once, many times faster than image by image.
    """
    if not isinstance(dataset, ArrayDataset) or (is_training and fields["augments"] is not None):
        return False
    preprocess = fields["preprocess"]
    size = (preprocess if is_training else fields["test"])["img_size"]
    sides = (size, size) if isinstance(size, int) else tuple(size)
    return dataset.images.shape[1:] == (len(preprocess["img_mean"]), *sides) and dataset.transform is None


def _check_pictures(dataset: Any, is_training: bool) -> None:
    """Refuse to resize or augment what is no picture.

    Raises:
        ConfigError: The images are arrays of floating-point numbers, say.
    """
    images = dataset.images if isinstance(dataset, ArrayDataset) else None
    if images is not None and images.dtype != np.uint8:
        field = "augments must be None and preprocess.img_size" if is_training else "test.img_size must be"
        message = (
            f"{type(dataset).__name__} holds {images.dtype} arrays of shape {images.shape[1:]}, which are not resized "
            f"or augmented: {field} {images.shape[-1]}."
        )
        raise ConfigError(message)


def _transform(fields: Mapping[str, Any], is_training: bool) -> Any:
    from polynet.data.transforms import test_transform, train_transform

    preprocess = fields["preprocess"]
    if is_training and fields["augments"] is not None:
        return train_transform(preprocess, fields["augments"])
    if is_training:  # no augmentation at all: as in a test, at the size of training
        return test_transform(preprocess, {"img_size": preprocess["img_size"], "crop_pct": 1.0})
    return test_transform(fields["preprocess"], fields["test"], fields["augments"])
