"""What every transform of images is: a call with an image and a source of random numbers."""

from __future__ import annotations

import abc
from typing import Any, ClassVar

import numpy as np

from polynet.data.transforms.pillow import Image
from polynet.errors import InputError

Array = np.ndarray[Any, Any]

IMAGE_KEY = "img"
"""Where the image lies in a sample that is a dictionary, as OpenMMLab's pipelines have them."""

_MODES = ("RGB", "L")


class Transform(abc.ABC):
    """A step from image to image: `transform(sample, generator)`.

    A sample is a Pillow image of mode "RGB" or "L", or a uint8 array `(H, W, 3)` in the order red, green, blue, or
    `(H, W)` or `(H, W, 1)`; or a dictionary with one of them under "img", of which a changed copy is returned. Steps
    that move pixels (`kind = "image"`) work on Pillow images and return them; steps that compute with pixels
    (`kind = "array"`) take either and return arrays. Nothing that is passed in is changed.

    The generator is the only source of random numbers, so that with one seeded for each sample the result depends on
    neither the number of workers nor the framework. Steps that draw nothing can be called without it.

    Subclasses define `apply(image, generator)`, and set `random = True` if they draw.

    Example:
        >>> class Negative(Transform):
        ...     kind = "array"
        ...
        ...     def apply(self, image, generator):
        ...         return 255 - as_array(image)
        >>> int(Negative()(np.zeros((2, 2, 3), np.uint8)).max())
        255
    """

    random: ClassVar[bool] = False
    kind: ClassVar[str] = "image"

    def __call__(self, sample: Any, generator: np.random.Generator | None = None) -> Any:
        """Transform a sample.

        Args:
            sample: An image, or a dictionary with one.
            generator: Source of random numbers.

        Returns:
            The image, or a copy of the dictionary with it.

        Raises:
            InputError: The sample is no image of a kind that can be used, or a generator is needed and missing.
        """
        if self.random and not isinstance(generator, np.random.Generator):
            message = (
                f"{type(self).__name__} draws random numbers: call it with a numpy.random.Generator, such as "
                f"numpy.random.default_rng(seed), as second argument; not {generator!r:.80}."
            )
            raise InputError(message)
        if isinstance(sample, dict):
            return self._within(sample, generator)
        return self.apply(as_image(sample) if self.kind == "image" else sample, generator)

    @abc.abstractmethod
    def apply(self, image: Any, generator: Any) -> Any:
        """Transform one image; `image` is a Pillow image where `kind` is "image"."""

    def _within(self, sample: dict[str, Any], generator: np.random.Generator | None) -> dict[str, Any]:
        """Transform the image of a sample that is a dictionary."""
        if IMAGE_KEY not in sample:
            message = (
                f"{type(self).__name__} finds no {IMAGE_KEY!r} in the sample; it has {', '.join(map(str, sample))}."
            )
            raise InputError(message)
        image = self(sample[IMAGE_KEY], generator)
        return {**sample, IMAGE_KEY: image, "img_shape": _height_and_width(image)}

    def __repr__(self) -> str:
        """The name and the options."""
        options = ", ".join(f"{name}={value!r}" for name, value in vars(self).items() if not name.startswith("_"))
        return f"{type(self).__name__}({options})"


def as_image(sample: Any) -> Any:
    """Return a sample as a Pillow image of mode "RGB" or "L".

    Raises:
        InputError: It is no image, or one of another mode, shape or type of number.

    Example:
        >>> as_image(np.zeros((4, 6, 3), np.uint8)).size
        (6, 4)
    """
    if isinstance(sample, Image.Image):
        if sample.mode not in _MODES:
            message = (
                f"Images are of mode 'RGB' or 'L'; this one is of {sample.mode!r}: image.convert('RGB') changes it."
            )
            raise InputError(message)
        return sample
    pixels = check_pixels(sample)
    return Image.fromarray(pixels[..., 0] if pixels.ndim == 3 and pixels.shape[2] == 1 else pixels)


def as_array(sample: Any) -> Array:
    """Return a sample as a uint8 array `(H, W, C)`, of one channel or three; it may not be writable.

    Raises:
        InputError: It is no image, or one of another mode, shape or type of number.

    Example:
        >>> as_array(Image.new("L", (6, 4))).shape
        (4, 6, 1)
    """
    pixels = np.asarray(as_image(sample)) if isinstance(sample, Image.Image) else check_pixels(sample)
    return pixels[..., None] if pixels.ndim == 2 else pixels


def check_pixels(sample: Any) -> Array:
    """Return an array if it holds the pixels of an image.

    Raises:
        InputError: It does not.

    Example:
        >>> check_pixels(np.zeros((2, 3), np.uint8)).shape
        (2, 3)
    """
    expected = "An image is a Pillow image, or a uint8 array (height, width) or (height, width, 1 or 3)"
    if not isinstance(sample, np.ndarray):
        message = f"{expected}; not a {type(sample).__name__}."
        raise InputError(message)
    if sample.dtype != np.uint8:
        message = f"{expected} of values from 0 to 255; not an array of {sample.dtype}."
        raise InputError(message)
    if sample.ndim not in (2, 3) or 0 in sample.shape or (sample.ndim == 3 and sample.shape[2] not in (1, 3)):
        message = f"{expected}; not an array of shape {sample.shape}."
        raise InputError(message)
    return sample


def _height_and_width(image: Any) -> tuple[int, int]:
    """The size of a Pillow image, an array `(H, W, C)`, or one that `ToArray` laid out as `(C, H, W)`."""
    if isinstance(image, Image.Image):
        return image.height, image.width
    planes_first = image.ndim == 3 and image.shape[2] not in (1, 3)
    return (image.shape[1], image.shape[2]) if planes_first else (image.shape[0], image.shape[1])
