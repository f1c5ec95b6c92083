"""The preprocessor of batches of images and labels, which knows no data samples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from polynet import ops
from polynet.data.arrays import array_of, check_numbers
from polynet.data.augments.base import as_scores
from polynet.data.augments.choice import build_augments, seed_all
from polynet.data.preprocessors.base import BaseDataPreprocessor
from polynet.data.preprocessors.normalising import ImageRules, stacked_arrays
from polynet.errors import InputTypeError

IMAGE_KEYS = ("inputs", "images", "image", "img", "data")
LABEL_KEYS = ("labels", "label", "gt_label", "target", "targets")
NARROW = ("uint8", "int8", "int16", "int32")


class BatchDataPreprocessor(BaseDataPreprocessor):
    """Moves images and labels, normalises the images on the device and, in training, augments the batch.

    A batch is a pair of images and labels, images alone, or a dictionary of `inputs` (or `images`) and `labels`.

    Args:
        mean: Mean of each channel, or one for all; `None` for no normalisation: bytes then become floats as they are,
            and inputs may be of any shape.
        std: Standard deviation, likewise.
        to_rgb: Reverse the channels of images that have three.
        num_classes: How many classes there are: then, in training, labels become scores if the batch is augmented.
        batch_augments: Augmentations, all of which are applied, one after another: configs with `type`,
            `{"augments": …, "probs": …}` for one drawn of several, or augmentations.
        pad_size_divisor: Height and width are padded to a multiple of it, on the right and below.
        pad_value: What is padded with, after normalisation.
        non_blocking: As `BaseDataPreprocessor`.

    Raises:
        ConflictingOptionsError: Only one of mean and deviation is given.
        InputTypeError: When called: there are no images in the batch.
        InputError: When called: images or labels are no numbers, or labels differ in shape.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     preprocessor = BatchDataPreprocessor(mean=127.5, std=127.5)
        >>> images, labels = preprocessor((np.full((1, 1, 1, 2), 255, np.uint8), np.array([3])))
        >>> images.tolist(), labels.tolist()
        ([[[[1.0, 1.0]]]], [3])
    """

    def __init__(
        self,
        mean: float | Sequence[float] | None = None,
        std: float | Sequence[float] | None = None,
        to_rgb: bool = False,
        num_classes: int | None = None,
        batch_augments: Any = None,
        pad_size_divisor: int = 1,
        pad_value: float = 0,
        non_blocking: bool = False,
    ) -> None:
        super().__init__(non_blocking)
        self.rules = ImageRules(type(self).__name__, mean, std, pad_size_divisor, pad_value, to_rgb)
        self.num_classes = num_classes
        self.batch_augments = tuple(build_augments(batch_augments))

    @property
    def is_plain(self) -> bool:
        """Whether inputs are neither normalised nor padded nor reordered, so that they may be anything."""
        rules = self.rules
        return rules.mean is None and not rules.flips and rules.divisor == 1

    def seed(self, value: int) -> None:
        """Seed the augmentations."""
        seed_all(self.batch_augments, value)

    def cast_data(self, data: Any) -> Any:
        """Images and labels on the device.

        Raises:
            InputTypeError: There are no images among them.
            InputError: Images or labels are no numbers, or labels differ in shape.
        """
        owner = type(self).__name__
        images, labels = _parts(self, data)
        images = stacked_arrays(images)
        for each in images if isinstance(images, (list, tuple)) else [images]:
            if isinstance(each, np.ndarray):
                check_numbers(owner, "images", each)
        if isinstance(labels, (list, tuple)):
            labels = array_of(owner, "labels", labels)
        if isinstance(labels, np.ndarray):
            check_numbers(owner, "labels", labels)
        if isinstance(labels, np.ndarray) and labels.dtype.kind in "iu" and labels.dtype != np.int64:
            labels = labels.astype("int64")  # on the host, where it costs nothing to wait for
        return super().cast_data((images, labels))

    def forward(self, data: Any, training: bool = False) -> Any:
        """Images and labels, or scores instead of labels; images alone where there are no labels."""
        images, labels = data
        images = _as_numbers(images) if self.is_plain else self.rules.batch(images, always_flip=False)
        if labels is None:
            return (images,)
        labels = _as_labels(labels)
        if training and self.batch_augments:
            if self.num_classes is not None:
                labels = as_scores(self, labels, self.num_classes)
            for augment in self.batch_augments:
                images, labels = augment(images, labels)
        return images, labels


def _as_numbers(inputs: Any) -> Any:
    """Bytes, and numbers of double precision, as float32; anything else as it is."""
    if isinstance(inputs, list):
        return ops.stack([_as_numbers(each) for each in inputs], 0)
    return ops.cast(inputs, "float32") if ops.dtype_name(inputs) in ("uint8", "float64") else inputs


def _as_labels(labels: Any) -> Any:
    """Labels in a narrow type of whole numbers, in which files have them, in the one that losses take."""
    if not hasattr(labels, "shape") or ops.dtype_name(labels) not in NARROW:
        return labels
    return ops.cast(labels, "int64")


def _parts(owner: Any, data: Any) -> tuple[Any, Any]:
    """Images and labels of a batch, labels `None` where there are none."""
    is_sequence = isinstance(data, (tuple, list))  # asked first: an abstract class takes longer, and most are pairs
    if not is_sequence and isinstance(data, Mapping):
        names = [next((key for key in keys if key in data), None) for keys in (IMAGE_KEYS, LABEL_KEYS)]
        if names[0] is not None:
            return data[names[0]], None if names[1] is None else data[names[1]]
    elif is_sequence and len(data) in (1, 2):
        return data[0], data[1] if len(data) == 2 else None
    elif hasattr(data, "shape"):
        return data, None
    given = f"a {type(data).__name__}"
    if isinstance(data, Mapping):
        given = f"a dictionary with {', '.join(map(str, data)) or 'nothing'}"
    elif is_sequence:
        given = f"{len(data)} things"
    message = (
        f"{type(owner).__name__} takes batches of images and labels, as a pair or as a dictionary with 'inputs' and "
        f"'labels'; it was given {given}."
    )
    raise InputTypeError(message)
