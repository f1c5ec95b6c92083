"""The two ends of an OpenMMLab pipeline: reading an image, and packing what a network gets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from polynet.data.datasets.images import read_image
from polynet.data.transforms.arrays import ToArray
from polynet.data.transforms.base import IMAGE_KEY
from polynet.data.transforms.checks import choice_of, size_pair
from polynet.errors import InputError, OptionError

META_KEYS = ("sample_idx", "img_path", "ori_shape", "img_shape", "scale_factor", "flip", "flip_direction")


_ORDER_KEY = "channel_order"
"""Where `LoadImageFromFile` leaves for `PackInputs` which order of channels OpenMMLab's models expect of its images."""


class LoadImageFromFile:
    """Read an image: red, green, blue.

    Args:
        color_type: "color" gives three channels, "grayscale" one.
        draft: A size, a length or `(height, width)`, has JPEG files decoded at the smallest half, quarter or eighth
            that is not smaller: far faster for photographs of many megapixels, but no longer the same pixels, and what
            is cropped afterwards is cropped from the smaller image. By default the whole image is decoded.

    Raises:
        OptionError: An option is none of these.

    Example:
        >>> import io
        >>> from polynet.data.transforms.pillow import Image
        >>> file = io.BytesIO()
        >>> Image.new("RGBA", (4, 2)).save(file, "PNG")
        >>> LoadImageFromFile()(file).mode
        'RGB'
    """

    def __init__(self, color_type: str = "color", draft: Any = None) -> None:
        self.color_type = choice_of("color_type", color_type, ("color", "grayscale"))
        self.draft = None if draft is None else size_pair("draft", draft)

    def __call__(self, sample: Any, generator: np.random.Generator | None = None) -> Any:
        """Read the image at a path or in a file, or at a dictionary's "img_path".

        Raises:
            InputError: There is no image that can be read; the message names the file.
        """
        if not isinstance(sample, dict):
            return self._read(sample)
        if "img_path" not in sample:
            message = f"LoadImageFromFile finds no 'img_path' in the sample; it has {', '.join(map(str, sample))}."
            raise InputError(message)
        image = self._read(sample["img_path"])
        shape = (image.height, image.width)
        return {**sample, IMAGE_KEY: image, "img_shape": shape, "ori_shape": shape, _ORDER_KEY: "BGR"}

    def _read(self, source: Any) -> Any:
        mode = "RGB" if self.color_type == "color" else "L"
        return read_image(source, mode, draft=None if self.draft is None else self.draft[::-1])

    def __repr__(self) -> str:
        """The name and the options."""
        return f"LoadImageFromFile(color_type={self.color_type!r}, draft={self.draft!r})"


class PackInputs:
    """Pack a sample as OpenMMLab's models take it: `{"inputs": array, "data_samples": DataSample}`.

    Args:
        color_space: "RGB", "BGR" or "GRAY". By default images of `LoadImageFromFile` are packed blue, green, red, as
            OpenMMLab's are until a preprocessor with `to_rgb=True` turns them round; others as they are.
        meta_keys: What else of the sample is kept, as facts of the `DataSample`, where it is there.
        algorithm_keys: What is kept as its data.

    Raises:
        OptionError: An option is none of these.

    Source: MMPretrain, `PackInputs`.

    Example:
        >>> packed = PackInputs()({"img": np.zeros((4, 6, 3), np.uint8), "gt_label": 3})
        >>> packed["inputs"].shape, packed["data_samples"].gt_label
        ((3, 4, 6), array([3]))
    """

    def __init__(
        self,
        color_space: str | None = None,
        meta_keys: Sequence[str] = META_KEYS,
        algorithm_keys: Sequence[str] = (),
    ) -> None:
        self.color_space = color_space
        self._to_array = ToArray(color_space)
        self._to_blue_first = ToArray("BGR")
        self.meta_keys = _names("meta_keys", meta_keys)
        self.algorithm_keys = _names("algorithm_keys", algorithm_keys)

    def __call__(self, sample: Any, generator: np.random.Generator | None = None) -> dict[str, Any]:
        """Pack a sample.

        Raises:
            InputError: It is no dictionary with an image.
        """
        from polynet.data.data_sample import DataSample

        if not isinstance(sample, dict) or IMAGE_KEY not in sample:
            given = ", ".join(map(str, sample)) if isinstance(sample, dict) else f"a {type(sample).__name__}"
            message = f"PackInputs takes a dictionary with {IMAGE_KEY!r}; not {given}."
            raise InputError(message)
        packed = DataSample(metainfo={key: sample[key] for key in self.meta_keys if key in sample})
        if sample.get("gt_label") is not None:
            packed.set_gt_label(sample["gt_label"])
        if sample.get("gt_score") is not None:
            packed.set_gt_score(sample["gt_score"])
        for key in self.algorithm_keys:
            if key in sample:
                packed.set_field(sample[key], key)
        turned = self.color_space is None and sample.get(_ORDER_KEY) == "BGR"
        to_array = self._to_blue_first if turned else self._to_array
        return {"inputs": to_array(sample[IMAGE_KEY]), "data_samples": packed}

    def __repr__(self) -> str:
        """The name and the options."""
        return f"PackInputs(color_space={self.color_space!r})"


def _names(argument: str, value: Any) -> tuple[str, ...]:
    if not isinstance(value, (list, tuple)) or not all(isinstance(name, str) for name in value):
        message = f"{argument} is a list of names; not {value!r:.80}."
        raise OptionError(message)
    return tuple(value)
