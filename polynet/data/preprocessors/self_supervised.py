"""Preprocessors of the views that self-supervised algorithms learn from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from polynet.data.preprocessors.base import BaseDataPreprocessor
from polynet.data.preprocessors.normalising import ImageRules, stacked_arrays
from polynet.errors import ConflictingOptionsError, InputError, InputTypeError
from polynet.types import Tensor


class SelfSupDataPreprocessor(BaseDataPreprocessor):
    """Moves and normalises images, or each of several views of them.

    It is called with a dictionary of `inputs` and `data_samples`, or two values in that order. Inputs are a tensor of
    images, or a list of such tensors, one for each view; what comes out is of the same form.

    Args:
        mean: Mean of each channel, or one for all; `None` for no normalisation.
        std: Standard deviation, likewise.
        pad_size_divisor: For MMPretrain's signature. Views are not padded.
        pad_value: Likewise.
        to_rgb: Reverse the channels.
        bgr_to_rgb: The same, as MMEngine calls it.
        rgb_to_bgr: The same.
        non_blocking: As `BaseDataPreprocessor`.

    Raises:
        ConflictingOptionsError: Only one of mean and deviation is given.
        InputTypeError: When called: the batch has not these two values.

    Source: MMPretrain, `SelfSupDataPreprocessor`.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     preprocessor = SelfSupDataPreprocessor(mean=[1.0], std=[2.0])
        >>> views = [np.full((1, 3, 1, 1), 5, np.uint8), np.full((1, 3, 2, 2), 3, np.uint8)]
        >>> [float(view.mean()) for view in preprocessor({"inputs": views})["inputs"]]
        [2.0, 1.0]
    """

    def __init__(
        self,
        mean: Sequence[float] | None = None,
        std: Sequence[float] | None = None,
        pad_size_divisor: int = 1,
        pad_value: float = 0,
        to_rgb: bool = False,
        bgr_to_rgb: bool = False,
        rgb_to_bgr: bool = False,
        non_blocking: bool = False,
    ) -> None:
        super().__init__(non_blocking)
        self.flips = bool(to_rgb or bgr_to_rgb or rgb_to_bgr)
        self.rules = ImageRules(type(self).__name__, mean, std, pad_size_divisor, pad_value, self.flips)

    def cast_data(self, data: Any) -> Any:
        """The data on the device, as `inputs` and `data_samples`."""
        inputs, samples = _two_values(self, data)
        return super().cast_data({"inputs": _views(inputs), "data_samples": samples})

    def forward(self, data: Any, training: bool = False) -> Any:
        """The views, each normalised, and the samples."""
        inputs = data["inputs"]
        if isinstance(inputs, (list, tuple)):
            views: Any = [self._view(number, view) for number, view in enumerate(inputs)]
        else:
            views = self._view(0, inputs)
        return {**data, "inputs": views}

    def _view(self, number: int, view: Tensor) -> Tensor:
        return self.rules.normalised(view, 4)


class TwoNormDataPreprocessor(SelfSupDataPreprocessor):
    """Normalises two views, each with numbers of its own: an image, and the one from which targets are made.

    Args:
        mean: Mean of each channel of the first view.
        std: Standard deviation, likewise.
        second_mean: Mean of each channel of the second view.
        second_std: Standard deviation, likewise.
        **options: As `SelfSupDataPreprocessor`.

    Raises:
        ConflictingOptionsError: The second view's numbers are not both given.
        InputError: When called: there are not two views.

    Source: MMPretrain, `TwoNormDataPreprocessor`, which BEiT is trained with.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     preprocessor = TwoNormDataPreprocessor([1.0], [2.0], second_mean=[0.0], second_std=[255.0])
        >>> views = [np.full((1, 3, 1, 1), 255, np.uint8)] * 2
        >>> [float(view.mean()) for view in preprocessor({"inputs": views, "data_samples": None})["inputs"]]
        [127.0, 1.0]
    """

    def __init__(
        self,
        mean: Sequence[float] | None = None,
        std: Sequence[float] | None = None,
        second_mean: Sequence[float] | None = None,
        second_std: Sequence[float] | None = None,
        **options: Any,
    ) -> None:
        super().__init__(mean, std, **options)
        owner = type(self).__name__
        if second_mean is None or second_std is None:
            message = f"{owner}: mean and std should not be None while using it, second_mean and second_std included."
            raise ConflictingOptionsError(message)
        self.second_rules = ImageRules(owner, second_mean, second_std, flips=self.flips)

    def forward(self, data: Any, training: bool = False) -> Any:
        """The two views, each normalised by its own numbers, and the samples."""
        inputs = data["inputs"]
        if not isinstance(inputs, (list, tuple)) or len(inputs) != 2:
            count = len(inputs) if isinstance(inputs, (list, tuple)) else "a tensor, which is one"
            message = f"{type(self).__name__} takes a list of two views, not {count}."
            raise InputError(message)
        return super().forward(data, training)

    def _view(self, number: int, view: Tensor) -> Tensor:
        return (self.rules if number == 0 else self.second_rules).normalised(view, 4)


def _two_values(owner: Any, data: Any) -> tuple[Any, Any]:
    """Inputs and samples of a batch."""
    if isinstance(data, Mapping):
        if "inputs" in data and ("data_samples" in data or len(data) == 1):
            return data["inputs"], data.get("data_samples")
        if len(data) == 2:
            inputs, samples = data.values()
            return inputs, samples
    elif isinstance(data, (tuple, list)) and len(data) == 2:
        return data[0], data[1]
    given = f"a dictionary with {', '.join(map(str, data))}" if isinstance(data, Mapping) else type(data).__name__
    message = f"{type(owner).__name__} needs the loader to give `inputs` and `data_samples`; it gave {given}."
    raise InputTypeError(message)


def _views(inputs: Any) -> Any:
    """Views as arrays: each may be a list of images of one size."""
    if not isinstance(inputs, (list, tuple)):
        return inputs
    single = stacked_arrays(inputs)
    if getattr(single, "ndim", 0) == 4:  # a list of images, which is one view
        return single
    return [stacked_arrays(view) for view in inputs]
