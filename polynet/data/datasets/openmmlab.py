"""Data sets under the names and with the options of MMPretrain's configs."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from polynet.data.datasets.base import Dataset
from polynet.data.datasets.image_folder import IMAGE_EXTENSIONS, ImageFolder
from polynet.errors import DatasetError, DatasetNotFoundError, OptionError

ImageAndLabel = tuple[str, int]


class CustomDataset(Dataset):
    """Images in folders by class, or listed in a file, and a pipeline over dictionaries, as in MMPretrain.

    A sample is what the pipeline makes of `{"img_path", "gt_label", "sample_idx"}`; `LoadImageFromFile` begins it and
    `PackInputs` ends it.

    Args:
        data_root: The folder under which `data_prefix` and `ann_file` lie.
        data_prefix: The folder of the images; a mapping with `img_path` as well.
        ann_file: A file of lines `path label`; without it each folder in the folder of the images is a class.
        pipeline: List of transforms' configs, or one callable.
        metainfo: A mapping; its `classes` are names of the classes.
        classes: Names of the classes.
        extensions: Endings of the files that are images, where there is no `ann_file`.
        on_error: `"raise"` or `"skip"`; see `Dataset`.
        test_mode: Taken for compatibility: nothing depends on it.
        lazy_init: As `test_mode`.

    Raises:
        DatasetNotFoundError: There is no such folder or file.
        DatasetError: There are no images in it, or a line of `ann_file` is wrong.
    """

    def __init__(
        self,
        data_root: str | os.PathLike[str] = "",
        data_prefix: str | Mapping[str, str] = "",
        ann_file: str = "",
        pipeline: Sequence[Any] | Callable[..., Any] = (),
        metainfo: Mapping[str, Any] | None = None,
        classes: Sequence[str] | None = None,
        extensions: Sequence[str] = IMAGE_EXTENSIONS,
        on_error: str = "raise",
        test_mode: bool = False,
        lazy_init: bool = False,
    ) -> None:
        super().__init__(_pipeline(pipeline), on_error)
        prefix = data_prefix.get("img_path", "") if isinstance(data_prefix, Mapping) else data_prefix
        folder = Path(data_root, prefix)
        named = classes if classes is not None else (metainfo or {}).get("classes")
        if ann_file:
            listed = _listed(Path(data_root, ann_file), folder)
            self.classes = None if named is None else tuple(named)
        else:
            images = ImageFolder(folder, extensions=extensions, classes=named)
            listed, self.classes = images.samples, images.classes
        self._paths = np.array([os.fsencode(path) for path, _ in listed])
        self.labels = np.array([label for _, label in listed], dtype=np.int64)

    def __len__(self) -> int:
        """How many images there are."""
        return len(self._paths)

    def name_of(self, index: int) -> str:
        """The image's path."""
        return os.fsdecode(self._paths[index])

    def load(self, index: int) -> tuple[Any, int]:
        """The path, for the pipeline to read, and the label."""
        return self.name_of(index), int(self.labels[index])

    def transformed(self, index: int, generator: np.random.Generator) -> Any:
        """What the pipeline makes of a sample."""
        path, label = self.load(index)
        sample = {"img_path": path, "gt_label": label, "sample_idx": index}
        if self.transform is None:
            return sample
        return self.transform(sample) if self.draws_globally else self.transform(sample, generator)


class ImageNet(CustomDataset):
    """ImageNet (Russakovsky et al. 2015) in MMPretrain's layout: `data_root/train/n01440764/….JPEG`.

    Args:
        data_root: The folder of the splits.
        split: `"train"`, `"val"` or `"test"`: the folder, where `data_prefix` names none.
        data_prefix: The folder of the images.
        ann_file: A file of lines `path label`, such as `meta/val.txt`; needed where the images lie in no folders.
        pipeline: List of transforms' configs.
        **options: More for `CustomDataset`.

    Raises:
        OptionError: There is no such split.
        DatasetNotFoundError: There is no such folder or file.
    """

    def __init__(
        self,
        data_root: str | os.PathLike[str] = "",
        split: str = "",
        data_prefix: str | Mapping[str, str] = "",
        ann_file: str = "",
        pipeline: Sequence[Any] | Callable[..., Any] = (),
        **options: Any,
    ) -> None:
        if split not in ("", "train", "val", "test"):
            message = f"ImageNet: split must be 'train', 'val' or 'test', not {split!r}."
            raise OptionError(message)
        super().__init__(data_root, data_prefix or split, ann_file, pipeline, **options)


def _pipeline(steps: Sequence[Any] | Callable[..., Any]) -> Callable[..., Any] | None:
    if callable(steps):
        return steps
    if not len(steps):
        return None
    from polynet.data.transforms.pipeline import build_pipeline

    return build_pipeline(steps)


def _listed(path: Path, folder: Path) -> list[ImageAndLabel]:
    """Paths and labels from a file of lines `path label`."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        message = f"The list of images {path} cannot be read: {error}"
        raise DatasetNotFoundError(message) from error
    found: list[ImageAndLabel] = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        name, _, label = line.strip().rpartition(" ")
        if not name or not label.isdecimal():
            message = f"{path}, line {number}: 'path label' is needed, label a whole number; there is {line!r:.80}."
            raise DatasetError(message)
        found.append((str(folder / name), int(label)))
    if not found:
        message = f"{path} lists no images."
        raise DatasetError(message)
    return found
