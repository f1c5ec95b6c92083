"""What preprocessors do to images: change the order of channels, normalise, pad, and stack."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from polynet import ops
from polynet.backend import backend_of
from polynet.errors import ConflictingOptionsError, InputError, InputTypeError, OptionError
from polynet.types import Tensor


class ImageRules:
    """How images become a batch of floating-point numbers.

    Numbers stay numpy arrays, and what is made of them on a device is kept here, out of reach of the frameworks, which
    take a module's tensors for its state.

    Args:
        owner: Whose messages these are.
        mean: Mean of each channel, or one for all; `None` for no normalisation.
        std: Standard deviation of each channel, or one for all.
        pad_size_divisor: Height and width are padded to a multiple of it, on the right and below.
        pad_value: What is padded with, after normalisation.
        flips: Whether the order of three channels is reversed, as from BGR to RGB.

    Raises:
        ConflictingOptionsError: Only one of mean and deviation is given, or their lengths differ.
        OptionError: They are no numbers, a deviation is 0, or the divisor is no whole number of at least 1.
    """

    def __init__(
        self, owner: str, mean: Any, std: Any, pad_size_divisor: int = 1, pad_value: float = 0, flips: bool = False
    ) -> None:
        if (mean is None) != (std is None):
            message = f"{owner}: mean and std should be both None or sequences of numbers, not {mean!r} and {std!r}."
            raise ConflictingOptionsError(message)
        if isinstance(pad_size_divisor, bool) or not isinstance(pad_size_divisor, int) or pad_size_divisor < 1:
            message = f"{owner}: pad_size_divisor is a whole number of at least 1, not {pad_size_divisor!r}."
            raise OptionError(message)
        self.owner = owner
        self.mean = None if mean is None else _channels(owner, "mean", mean)
        self.std = None if std is None else _channels(owner, "std", std)
        if self.mean is not None and self.std is not None:
            if not self.std.all():
                message = f"{owner}: std divides the images and cannot be 0: {std!r}."
                raise OptionError(message)
            if len(self.mean) != len(self.std) and 1 not in (len(self.mean), len(self.std)):
                message = f"{owner}: mean and std have {len(self.mean)} and {len(self.std)} values."
                raise ConflictingOptionsError(message)
        self.divisor, self.pad_value, self.flips = pad_size_divisor, pad_value, flips
        self._placed: dict[tuple[str, str], tuple[Tensor, Tensor]] = {}

    def __getstate__(self) -> dict[str, Any]:
        """What is copied and pickled: all but the tensors."""
        return {**self.__dict__, "_placed": {}}

    def batch(self, images: Any, *, always_flip: bool) -> Tensor:
        """One tensor `(N, C, H, W)` of float32 from a tensor of images, or a list of images that may differ in size.

        Args:
            images: Tensors of any type of number.
            always_flip: Whether images of another number of channels than 3 are an error where channels are reversed,
                and not left as they are.

        Raises:
            InputTypeError: It is neither.
            InputError: Images have not the axes or channels that are expected.
        """
        if isinstance(images, (list, tuple)):
            return self._stacked([self.normalised(image, 3, always_flip=always_flip) for image in images])
        if not hasattr(images, "ndim"):
            message = f"{self.owner}: inputs are a tensor or a list of them, not {type(images).__name__}."
            raise InputTypeError(message)
        images = self.normalised(images, 4, always_flip=always_flip)
        height, width = images.shape[2:]
        return self._padded(images, *(-(-side // self.divisor) * self.divisor for side in (height, width)))

    def normalised(self, images: Tensor, axes: int, *, always_flip: bool = False) -> Tensor:
        """Images as float32, channels in order, mean subtracted and divided by the deviation.

        Raises:
            InputError: They have another number of axes, or of channels.
        """
        if images.ndim != axes:
            shape = "(N, C, H, W)" if axes == 4 else "(C, H, W)"
            message = f"{self.owner}: the input should be a {shape} tensor, but got one of shape {tuple(images.shape)}."
            raise InputError(message)
        count = images.shape[axes - 3]
        if self.flips and (always_flip or count == 3):
            if count != 3:
                message = f"{self.owner}: the order of 3 channels can be reversed, not of {count}."
                raise InputError(message)
            images = ops.flip(images, (axes - 3,))
        images = ops.cast(images, "float32")
        if self.mean is None:
            return images
        mean, std = self._tensors(images)
        if mean.shape[0] not in (1, count):
            message = f"{self.owner}: images have {count} channels, and mean and std are of {mean.shape[0]}."
            raise InputError(message)
        return (images - mean) / std

    def _tensors(self, like: Tensor) -> tuple[Tensor, Tensor]:
        key = (backend_of(like).name, ops.device_name(like))
        if key not in self._placed:
            assert self.mean is not None  # asked for only where there are both
            assert self.std is not None
            shape = (max(len(self.mean), len(self.std)), 1, 1)
            mean, std = (ops.tensor(np.resize(values, shape), like=like) for values in (self.mean, self.std))
            self._placed[key] = (mean, std)
        return self._placed[key]

    def _stacked(self, images: Sequence[Tensor]) -> Tensor:
        if not images:
            message = f"{self.owner}: there are no images in the batch."
            raise InputError(message)
        sides = [max(image.shape[axis] for image in images) for axis in (1, 2)]
        sides = [-(-side // self.divisor) * self.divisor for side in sides]
        return ops.stack([self._padded(image, *sides) for image in images], 0)

    def _padded(self, images: Tensor, height: int, width: int) -> Tensor:
        """Images with columns on the right and rows below."""
        rows, columns = height - images.shape[-2], width - images.shape[-1]
        if not rows and not columns:
            return images
        return ops.pad(images, (0, columns, 0, rows), value=self.pad_value)


def _channels(owner: str, name: str, values: Any) -> np.ndarray[Any, Any]:
    given = [values] if isinstance(values, (int, float)) else values
    try:
        array = np.asarray(given, np.float32)
    except (TypeError, ValueError) as error:
        message = f"{owner}: {name} is a sequence of numbers, one for each channel, not {values!r}."
        raise OptionError(message) from error
    if array.ndim != 1 or not array.size:
        message = f"{owner}: {name} is a sequence of numbers, one for each channel, not {values!r}."
        raise OptionError(message)
    return array


def stacked_arrays(images: Any) -> Any:
    """A list of arrays of one shape and type as one array, so that it is moved at once; anything else as it is."""
    if isinstance(images, (list, tuple)) and images and all(isinstance(image, np.ndarray) for image in images):
        first = images[0]
        if all(image.shape == first.shape and image.dtype == first.dtype for image in images):
            return np.stack(images)
    return images
