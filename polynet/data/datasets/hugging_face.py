"""Data sets of Hugging Face's library `datasets`."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from polynet.data.datasets.base import Dataset
from polynet.errors import DatasetError, DatasetNotFoundError, ModeError, OptionError, suggest

_IMAGE_KEYS = ("image", "img", "pixel_values")
_LABEL_KEYS = ("label", "labels", "fine_label", "target")


class HuggingFaceDataset(Dataset):
    """A data set that the library `datasets` reads: images of Pillow or arrays, and labels.

    Args:
        path_or_dataset: Name on the hub, a folder that `save_to_disk` wrote, or a `datasets.Dataset`.
        split: `"train"`, `"test"` …; needed where there are several.
        image_key: Column of the images; by default `image`, `img` or `pixel_values`.
        label_key: Column of the labels; by default `label`, `labels`, `fine_label` or `target`.
        transform: What is done to an image.
        on_error: `"raise"`, or `"skip"` to go on to the next good sample.
        mode: Pillow's name of what the pixels become; `None` leaves them.
        **options: More for `datasets.load_dataset`.

    Raises:
        ModeError: The library is not installed.
        DatasetNotFoundError: There is no such data set, or no way to it; the cause is chained.
        OptionError: There is no such split or column.
    """

    def __init__(
        self,
        path_or_dataset: Any,
        split: str | None = None,
        image_key: str | None = None,
        label_key: str | None = None,
        transform: Callable[..., Any] | None = None,
        on_error: str = "raise",
        mode: str | None = "RGB",
        **options: Any,
    ) -> None:
        super().__init__(transform, on_error)
        self.table = _one_split(_opened(path_or_dataset, split, options), split)
        columns = list(self.table.column_names)
        self.image_key = _column("image_key", image_key, _IMAGE_KEYS, columns)
        self.label_key = _column("label_key", label_key, _LABEL_KEYS, columns)
        self.mode = mode
        self.classes: tuple[str, ...] | None = tuple(getattr(self.table.features[self.label_key], "names", ())) or None

    def __len__(self) -> int:
        """How many rows there are."""
        return len(self.table)

    @property
    def labels(self) -> np.ndarray[Any, Any]:
        """(rows,): the labels."""
        return np.asarray(self.table[self.label_key])

    def name_of(self, index: int) -> str:
        """The row, and the split it is of."""
        return f"row {index} of {getattr(self.table, 'split', None) or 'the data set'}"

    def load(self, index: int) -> tuple[Any, Any]:
        """The image, an array where it is none of Pillow, and the label."""
        row = self.table[int(index)]
        image = row[self.image_key]
        if not hasattr(image, "mode"):
            return np.asarray(image), row[self.label_key]
        return (image if self.mode in (None, image.mode) else image.convert(self.mode)), row[self.label_key]


def _opened(source: Any, split: str | None, options: dict[str, Any]) -> Any:
    """The data set itself, of one split or of all."""
    if not isinstance(source, (str, os.PathLike)):
        if options:
            message = f"Options of datasets.load_dataset ({', '.join(options)}) go with a name, not with a data set."
            raise OptionError(message)
        return source
    try:
        library = importlib.import_module("datasets")
    except ImportError as error:
        message = "HuggingFaceDataset needs the package `datasets`, which is not installed here: pip install datasets."
        raise ModeError(message) from error
    path = os.fspath(source)
    try:
        if any(Path(path, name).is_file() for name in ("dataset_info.json", "dataset_dict.json")):
            return library.load_from_disk(path)
        return library.load_dataset(path, split=split, **options)
    except (OSError, ValueError, RuntimeError) as error:
        message = f"The data set {path!r} could not be opened: {type(error).__name__}: {error}"
        raise DatasetNotFoundError(message) from error


def _one_split(table: Any, split: str | None) -> Any:
    if hasattr(table, "column_names") and not isinstance(table, dict):
        if not hasattr(table, "__getitem__") or not hasattr(table, "__len__"):
            message = "A data set that streams has no numbered samples; load it without streaming=True."
            raise DatasetError(message)
        return table
    if not isinstance(table, dict):
        message = f"A name, a folder or a `datasets.Dataset` is needed, not {type(table).__name__}."
        raise OptionError(message)
    if split is None and len(table) == 1:
        return next(iter(table.values()))
    if split not in table:
        message = f"There is no split {split!r}; there are {', '.join(map(str, table))}.{suggest(split, table)}"
        raise OptionError(message)
    return table[split]


def _column(option: str, chosen: str | None, usual: Sequence[str], columns: list[str]) -> str:
    found = chosen if chosen is not None else next((name for name in usual if name in columns), None)
    if found not in columns:
        asked = f"no column {found!r}" if found else f"none of the columns {', '.join(usual)}"
        message = f"There is {asked}; there are {', '.join(columns)}.{suggest(found, columns)} {option} names one."
        raise OptionError(message)
    return found
