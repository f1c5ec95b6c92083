"""Data sets that lie in memory: arrays, the digits that ship, and made-up images."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from polynet.data.arrays import array_of, check_numbers
from polynet.data.datasets.base import Dataset, check_labels
from polynet.data.digits import load_digits
from polynet.errors import InputError, OptionError


class ArrayDataset(Dataset):
    """Images and labels in arrays. Without a transform whole batches are taken at once, by indexing.

    Args:
        images: (count, …), anything numpy can index, a memory-mapped file too.
        labels: (count, …).
        transform: What is done to an image. It gets uint8 images (1 or 3, height, width) as images of Pillow, all
            others as they are.

    Raises:
        InputError: There are not as many labels as images, images differ in shape, labels are no numbers, or images are
            none and there is no transform to make them so.

    Example:
        >>> dataset = ArrayDataset(np.zeros((5, 1, 8, 8), np.uint8), range(5))
        >>> image, label = dataset[-1]
        >>> image.shape, int(label)
        ((1, 8, 8), 4)
    """

    def __init__(self, images: Any, labels: Any, transform: Callable[..., Any] | None = None) -> None:
        super().__init__(transform)
        owner = type(self).__name__
        self.images = array_of(owner, "images", images)
        if self.images.ndim == 0:
            message = f"{owner}: images must be an array with one row for each image, not {images!r:.80}."
            raise InputError(message)
        self.labels = check_labels(labels, len(self.images), owner)
        if transform is None:
            check_numbers(owner, "images", self.images)
        check_numbers(owner, "labels", self.labels)

    def __len__(self) -> int:
        """How many images there are."""
        return len(self.images)

    def load(self, index: int) -> tuple[Any, Any]:
        """An image, of Pillow if a transform is to have it so, and its label."""
        image = self.images[index]
        if self.transform is not None and image.dtype == np.uint8 and image.ndim == 3 and image.shape[0] in (1, 3):
            from polynet.data.datasets.images import from_array

            image = from_array(image)
        return image, self.labels[index]

    def take(self, indices: np.ndarray[Any, Any]) -> tuple[Any, Any] | None:
        """A whole batch, or `None` where each image has to be transformed."""
        if self.transform is not None:
            return None
        return self.images[indices], self.labels[indices]


class DigitsDataset(ArrayDataset):
    """The handwritten digits that ship with PolyNet: (1, 8, 8) float32 in 0…1, ten classes.

    Args:
        train: The 1438 images for training, or the 359 for testing.
        transform: What is done to an image.

    Example:
        >>> len(DigitsDataset()), len(DigitsDataset(train=False))
        (1438, 359)
    """

    classes = tuple("0123456789")

    def __init__(self, train: bool = True, transform: Callable[..., Any] | None = None) -> None:
        digits = load_digits()
        images, labels = (
            (digits.train_images, digits.train_labels) if train else (digits.test_images, digits.test_labels)
        )
        super().__init__(images, labels, transform)


class FakeData(Dataset):
    """Made-up uint8 images: noise, and in each class a tint of its own, so that there is something to learn.

    An image is made when it is asked for, from (seed, index).

    Args:
        size: How many images.
        shape: Of one, (channels, height, width).
        num_classes: How many classes; labels are 0 … num_classes - 1, in turn.
        seed: Seed of the noise.
        transform: What is done to an image.

    Raises:
        OptionError: A number is not positive.

    Example:
        >>> image, label = FakeData(size=10, shape=(3, 4, 4), num_classes=5)[6]
        >>> image.shape, image.dtype, label
        ((3, 4, 4), dtype('uint8'), 1)
    """

    def __init__(
        self,
        size: int = 1000,
        shape: Sequence[int] = (3, 224, 224),
        num_classes: int = 10,
        seed: int = 0,
        transform: Callable[..., Any] | None = None,
    ) -> None:
        super().__init__(transform)
        for name, value in (("size", size), ("num_classes", num_classes), *(("shape", each) for each in shape)):
            if not isinstance(value, (int, np.integer)) or isinstance(value, bool) or value < 1:
                message = f"FakeData: {name} must be made of whole numbers from 1, not {value!r}."
                raise OptionError(message)
        self.size, self.shape, self.num_classes, self.seed = size, tuple(shape), num_classes, seed

    def __len__(self) -> int:
        """How many images there are."""
        return self.size

    @property
    def labels(self) -> np.ndarray[Any, Any]:
        """(size,) int64."""
        return np.arange(self.size) % self.num_classes

    def load(self, index: int) -> tuple[Any, int]:
        """An image and its label."""
        label = index % self.num_classes
        count = int(np.prod(self.shape))
        words = np.random.Philox(np.random.SeedSequence((self.seed, index))).random_raw(-(-count // 8))
        noise = words.view(np.uint8)[:count].reshape(self.shape)
        tint = np.uint8(127 * label // max(self.num_classes - 1, 1))
        image = noise // 2 + tint
        if self.transform is not None and len(self.shape) == 3 and self.shape[0] in (1, 3):
            from polynet.data.datasets.images import from_array

            return from_array(image), label
        return image, label
