"""The preprocessor of classification as MMPretrain has it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from polynet import ops
from polynet.data.augments.choice import build_augments, seed_all
from polynet.data.data_sample import DataSample
from polynet.data.preprocessors.base import BaseDataPreprocessor
from polynet.data.preprocessors.image import inputs_of
from polynet.data.preprocessors.normalising import ImageRules, stacked_arrays
from polynet.errors import ConflictingOptionsError, InputError
from polynet.types import Tensor

LABEL_KEYS = ("labels", "label", "gt_label")


class ClsDataPreprocessor(BaseDataPreprocessor):
    """Moves images, orders channels, normalises, pads and stacks them; then, in training, augments the batch.

    A batch is a dictionary of `inputs` and `data_samples`, as MMPretrain's loaders give it. A pair of images and
    labels, or a dictionary with `labels`, will do as well: samples are made of the labels.

    Args:
        mean: Mean of each channel, or one for all; `None` for no normalisation.
        std: Standard deviation, likewise.
        pad_size_divisor: Height and width are padded to a multiple of it, on the right and below.
        pad_value: What is padded with, after normalisation.
        to_rgb: Reverse the channels of images that have three.
        to_onehot: Give each sample with a label a one-hot `gt_score`.
        num_classes: How many classes there are; by default what the samples say.
        batch_augments: `{"augments": …, "probs": …}`, one config or several; scores are made of labels for them.
        non_blocking: As `BaseDataPreprocessor`.

    Raises:
        ConflictingOptionsError: Only one of mean and deviation is given.
        InputTypeError: When called: the batch has no images.
        InputError: Scores are to be made, and how many classes there are is not known.

    Source: MMPretrain, `ClsDataPreprocessor`.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     preprocessor = ClsDataPreprocessor(mean=[127.5], std=[127.5], to_onehot=True, num_classes=3)
        >>> batch = preprocessor((np.full((1, 1, 2, 2), 255, np.uint8), np.array([2])))
        >>> batch["inputs"].flatten().tolist(), batch["data_samples"][0].gt_score.tolist()
        ([1.0, 1.0, 1.0, 1.0], [0.0, 0.0, 1.0])
    """

    def __init__(
        self,
        mean: Sequence[float] | None = None,
        std: Sequence[float] | None = None,
        pad_size_divisor: int = 1,
        pad_value: float = 0,
        to_rgb: bool = False,
        to_onehot: bool = False,
        num_classes: int | None = None,
        batch_augments: Any = None,
        non_blocking: bool = False,
    ) -> None:
        super().__init__(non_blocking)
        self.rules = ImageRules(type(self).__name__, mean, std, pad_size_divisor, pad_value, to_rgb)
        self.num_classes = num_classes
        self.augments = tuple(build_augments(batch_augments or None))
        self.to_onehot = to_onehot or bool(self.augments)

    @property
    def batch_augments(self) -> Any:
        """The augmentation, several of them, or `None`."""
        return self.augments[0] if len(self.augments) == 1 else self.augments or None

    def seed(self, value: int) -> None:
        """Seed the augmentations."""
        seed_all(self.augments, value)

    def cast_data(self, data: Any) -> Any:
        """The data on the device; a list of arrays of one size as one, and labels as samples.

        Raises:
            InputTypeError: There are no images among them.
        """
        named = _named(data)
        inputs = stacked_arrays(inputs_of(self, named))
        return super().cast_data({**named, "inputs": inputs})

    def forward(self, data: Any, training: bool = False) -> Any:
        """The batch as `inputs` and `data_samples`."""
        inputs = self.rules.batch(data["inputs"], always_flip=False)
        samples = data.get("data_samples")
        first = samples[0] if samples else None
        if not isinstance(first, DataSample):
            return {"inputs": inputs, "data_samples": samples}
        scores = self._scores(samples, inputs)
        if training and scores is not None:
            for augment in self.augments:
                inputs, scores = augment(inputs, scores)
        if scores is not None:
            for row, sample in enumerate(samples):
                sample.set_gt_score(scores[row])
        return {"inputs": inputs, "data_samples": samples}

    def _scores(self, samples: Sequence[DataSample], like: Tensor) -> Tensor | None:
        """The samples' true scores, if they have any or are to have."""
        if "gt_score" in samples[0]:
            given = [sample.gt_score for sample in samples]
            if all(isinstance(each, np.ndarray) for each in given):
                return ops.tensor(np.stack(given), like=like)
            return ops.stack([ops.tensor(each, like=like) if isinstance(each, np.ndarray) else each for each in given])
        if not self.to_onehot or "gt_label" not in samples[0]:
            return None
        classes = self.num_classes or samples[0].get("num_classes")
        if classes is None:
            message = "Cannot generate one-hot format labels because not set `num_classes` in `data_preprocessor`."
            raise ConflictingOptionsError(message)
        scores = np.zeros((len(samples), classes), np.float32)
        for row, sample in enumerate(samples):
            label = sample.gt_label
            label = label if isinstance(label, np.ndarray) else ops.to_numpy(label)
            if label.size and not 0 <= label.min() <= label.max() < classes:
                message = f"{type(self).__name__}: the label {label.tolist()} is none of {classes} classes."
                raise InputError(message)
            scores[row, label] = 1.0
        return ops.tensor(scores, like=like)


def _named(data: Any) -> Any:
    """A batch as a dictionary; labels as samples."""
    if isinstance(data, (tuple, list)) and len(data) in (1, 2) and not isinstance(data[0], Mapping):
        data = {"inputs": data[0], "labels": data[1] if len(data) == 2 else None}
    if not isinstance(data, Mapping) or data.get("data_samples") is not None:
        return data
    key = next((name for name in LABEL_KEYS if name in data), None)
    inputs = data.get("inputs", data.get("images"))
    if inputs is None:
        return data
    labels = None if key is None else data[key]
    if isinstance(labels, Sequence) and labels and isinstance(labels[0], DataSample):
        return {"inputs": inputs, "data_samples": labels}
    return {"inputs": inputs, "data_samples": None if labels is None else _samples(labels)}


def _samples(labels: Any) -> list[DataSample]:
    """A sample for each label `(N,)` or score `(N, C)`."""
    if not isinstance(labels, (np.ndarray, list, tuple)):
        labels = ops.to_numpy(labels)
    array = np.asarray(labels)
    if array.ndim == 2 and array.dtype.kind == "f":
        return [DataSample().set_gt_score(row) for row in array]
    return [DataSample().set_gt_label(row if array.ndim == 2 else int(row)) for row in array]
