"""The preprocessor of images as MMEngine has it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from polynet.data.preprocessors.base import BaseDataPreprocessor
from polynet.data.preprocessors.normalising import ImageRules, stacked_arrays
from polynet.errors import ConflictingOptionsError, InputTypeError


class ImgDataPreprocessor(BaseDataPreprocessor):
    """Moves images, converts between BGR and RGB, normalises, pads and stacks them.

    Bytes are moved as bytes, a quarter of what their floats would take, and become float32 on the device.

    Args:
        mean: Mean of each of three channels, or one for all; `None` for no normalisation.
        std: Standard deviation, likewise.
        pad_size_divisor: Height and width are padded to a multiple of it, on the right and below.
        pad_value: What is padded with, after normalisation.
        bgr_to_rgb: Reverse the channels.
        rgb_to_bgr: Reverse the channels.
        non_blocking: As `BaseDataPreprocessor`.

    Raises:
        ConflictingOptionsError: Both conversions, only one of mean and deviation, or neither one nor three values.
        InputTypeError: When called: the batch is no dictionary with `inputs`.

    Source: MMEngine, `ImgDataPreprocessor`.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     preprocessor = ImgDataPreprocessor(mean=[1, 2, 3], std=[2, 2, 2], bgr_to_rgb=True)
        >>> images = np.array([10, 20, 30], np.uint8).reshape(1, 3, 1, 1)
        >>> preprocessor({"inputs": images})["inputs"].flatten().tolist()
        [14.5, 9.0, 3.5]
    """

    def __init__(
        self,
        mean: Sequence[float] | None = None,
        std: Sequence[float] | None = None,
        pad_size_divisor: int = 1,
        pad_value: float = 0,
        bgr_to_rgb: bool = False,
        rgb_to_bgr: bool = False,
        non_blocking: bool = False,
    ) -> None:
        super().__init__(non_blocking)
        owner = type(self).__name__
        if bgr_to_rgb and rgb_to_bgr:
            message = f"{owner}: `bgr_to_rgb` and `rgb_to_bgr` cannot be set to True at the same time."
            raise ConflictingOptionsError(message)
        self.rules = ImageRules(owner, mean, std, pad_size_divisor, pad_value, bgr_to_rgb or rgb_to_bgr)
        for name, values in (("mean", self.rules.mean), ("std", self.rules.std)):
            if values is not None and len(values) not in (1, 3):
                message = (
                    f"{owner}: `{name}` should have 1 or 3 values, for grey or coloured images, not {len(values)}."
                )
                raise ConflictingOptionsError(message)

    def cast_data(self, data: Any) -> Any:
        """The data on the device; a list of arrays of one size as one.

        Raises:
            InputTypeError: They are no dictionary with `inputs`.
        """
        inputs = stacked_arrays(inputs_of(self, data))
        return super().cast_data({**data, "inputs": inputs})

    def forward(self, data: Any, training: bool = False) -> Any:
        """The batch with its `inputs` normalised and stacked, and `data_samples`, `None` where there are none."""
        inputs = self.rules.batch(inputs_of(self, data), always_flip=True)
        return {"data_samples": None, **data, "inputs": inputs}


def inputs_of(owner: Any, data: Any) -> Any:
    """The `inputs` of a batch.

    Raises:
        InputTypeError: The batch is no dictionary, or has none.
    """
    if isinstance(data, Mapping) and "inputs" in data:
        return data["inputs"]
    given = f"one with {', '.join(map(str, data)) or 'nothing'}" if isinstance(data, Mapping) else type(data).__name__
    message = f"{type(owner).__name__} needs the loader to give a dictionary with the key 'inputs'; it gave {given}."
    raise InputTypeError(message)
