"""What PolyNet's data sets have in common: transforms with random numbers of their own, and bad samples."""

from __future__ import annotations

import abc
import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from polynet.calls import ExplainsOptions
from polynet.data.arrays import array_of
from polynet.data.collate import is_pillow
from polynet.data.fetch import SkippedSample, generator_for, sample_error
from polynet.errors import DatasetError, InputError, InputIndexError, OptionError, SampleError

ON_ERROR = ("raise", "skip")

_MOST_SKIPPED = 100
"""Samples in a row: where so many are bad, the fault is another than a few damaged files."""


class Dataset(metaclass=ExplainsOptions):
    """A map-style data set of images. Subclasses define `__len__` and `load`.

    A sample is `(image, label)`. The transform is called with the image alone: with `(image, generator)` if it takes
    two arguments, as PolyNet's do, else with `(image)`, as torchvision's. An image of Pillow that it returns becomes a
    (channels, height, width) uint8 array.

    Args:
        transform: What is done to images; a list of configs, `[{"type": "Resize", …}]`, for several in turn; `None`
            for nothing.
        on_error: `"raise"` ends at a sample that cannot be loaded, `"skip"` puts the next good one in its place, and
            counts it.

    Raises:
        OptionError: `transform` cannot be called, or `on_error` is neither.

    Attributes:
        draws_globally: Whether samples depend on the global random generators: the transform takes no generator.
    """

    def __init__(self, transform: Any = None, on_error: str = "raise") -> None:
        if isinstance(transform, (list, tuple, Mapping)):
            from polynet.data.transforms import build_pipeline

            transform = build_pipeline([transform] if isinstance(transform, Mapping) else transform)
        if transform is not None and not callable(transform):
            message = (
                f"{type(self).__name__}: transform is a function, or a list of configs of transforms, "
                f"not {transform!r:.80}."
            )
            raise OptionError(message)
        if on_error not in ON_ERROR:
            message = f"{type(self).__name__}: on_error must be 'raise' or 'skip', not {on_error!r}."
            raise OptionError(message)
        self.transform = transform
        self.on_error = on_error
        self.draws_globally = transform is not None and not takes_generator(transform)
        self._skipped: list[SkippedSample] = []

    @abc.abstractmethod
    def __len__(self) -> int:
        """How many samples there are."""

    @abc.abstractmethod
    def load(self, index: int) -> tuple[Any, Any]:
        """The image, as the transform wants it, and the label of one sample."""

    def name_of(self, index: int) -> str:
        """What a sample is called in messages."""
        return f"number {index}"

    def __getitem__(self, index: int) -> Any:
        """One sample; its random numbers are those of seed 0 and epoch 0.

        Raises:
            InputIndexError: There is no such sample.
        """
        size = len(self)
        if not -size <= index < size:
            message = f"{type(self).__name__} has {size} samples, and none of number {index}."
            raise InputIndexError(message)
        index = int(index) % size
        return self.sample(index, generator_for(0, 0, index))

    def __iter__(self) -> Iterator[Any]:
        """All samples in order."""
        return (self[index] for index in range(len(self)))

    def sample(self, index: int, generator: np.random.Generator) -> Any:
        """One sample, transformed with these random numbers.

        Raises:
            SampleError: It cannot be loaded; the message names it. With `on_error="skip"` that is a fault of the
                transform: only files that cannot be read as images are skipped.
            DatasetError: With `on_error="skip"`, very many in a row cannot be loaded.
        """
        if self.on_error == "raise":
            return self._named(index, generator)
        for step in range(min(len(self), _MOST_SKIPPED)):
            candidate = (index + step) % len(self)
            try:
                return self._named(candidate, generator)
            except SampleError as error:
                if not isinstance(error.__cause__, (InputError, OSError)):
                    raise
                self._skipped.append(SkippedSample(candidate, self.name_of(candidate), str(error.__cause__)))
        message = (
            f"{step + 1} samples of {type(self).__name__} in a row cannot be loaded, from number {index} on. "
            f"The last one: {self._skipped[-1].reason}"
        )
        raise DatasetError(message)

    def drain_skipped(self) -> list[SkippedSample]:
        """The samples skipped since the last call; with that they are forgotten."""
        skipped, self._skipped = self._skipped, []
        return skipped

    def transformed(self, index: int, generator: np.random.Generator) -> Any:
        """One sample, loaded and transformed; whatever is raised, `sample` names the sample."""
        image, label = self.load(index)
        if self.transform is not None:
            image = self.transform(image) if self.draws_globally else self.transform(image, generator)
        if is_pillow(image):
            from polynet.data.datasets.images import to_array

            image = to_array(image)
        return image, label

    def _named(self, index: int, generator: np.random.Generator) -> Any:
        try:
            return self.transformed(index, generator)
        except Exception as error:
            raise sample_error(self, index, error) from error


def takes_generator(transform: Callable[..., Any]) -> bool:
    """Whether a transform is to be called with `(image, generator)`, and not with `(image)`.

    It is so if its second positional parameter must be given, or is called `generator` or `rng`.

    Example:
        >>> takes_generator(lambda image, generator: image), takes_generator(lambda image, size=3: image)
        (True, False)
    """
    try:
        parameters = list(inspect.signature(transform).parameters.values())
    except (TypeError, ValueError):  # builtins may not tell
        return False
    positional = [each for each in parameters if each.kind in (each.POSITIONAL_ONLY, each.POSITIONAL_OR_KEYWORD)]
    if len(positional) < 2:
        return False
    second = positional[1]
    return second.default is second.empty or second.name in ("generator", "rng")


def check_labels(labels: Any, count: int, kind: str) -> np.ndarray[Any, Any]:
    """Labels as an array, one for each image.

    Raises:
        InputError: There are more or fewer, or they differ in shape.
    """
    array = array_of(kind, "labels", labels)
    if array.ndim == 0 or len(array) != count:
        message = f"{kind}: there are {count} images and labels of shape {array.shape}; each image needs one."
        raise InputError(message)
    return array
