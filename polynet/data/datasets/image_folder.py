"""Images in folders, one folder a class."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from polynet.data.datasets.base import Dataset
from polynet.errors import DatasetError, DatasetNotFoundError, OptionError

IMAGE_EXTENSIONS = (".jpg", ".jpeg", ".png", ".bmp", ".gif", ".ppm", ".pgm", ".tif", ".tiff", ".webp")


class ImageFolder(Dataset):
    """Images under `root/CLASS/…/NAME.jpg`, classes in alphabetical order, as torchvision's `ImageFolder` has them.

    Args:
        root: The folder of the classes' folders.
        transform: What is done to an image, which it gets as an image of Pillow in `mode`.
        extensions: Endings of the files that are images; upper case counts as lower case.
        on_error: `"raise"` names a damaged or truncated image and ends; `"skip"` puts the next good one in its place,
            and counts it.
        orient: Turn images as their EXIF record says they were taken.
        mode: Pillow's name of what the pixels become: `"RGB"` makes the same of grey, CMYK and transparent images.
        draft: (width, height): JPEG files may be decoded at a half, a quarter or an eighth that is not smaller. Faster
            for photographs of many megapixels; what is cropped then comes from the smaller image.
        classes: Names of the classes, in the order of their numbers; by default those of the folders, sorted.

    Raises:
        ModeError: Pillow is not installed.
        DatasetNotFoundError: There is no such folder.
        DatasetError: It has no folders, or no images in them, or no folder of one of `classes`.

    Attributes:
        classes: Names of the classes.
        class_to_idx: Number of each.
        samples: (path, label) of each image.
    """

    def __init__(
        self,
        root: str | os.PathLike[str],
        transform: Callable[..., Any] | None = None,
        extensions: Sequence[str] = IMAGE_EXTENSIONS,
        on_error: str = "raise",
        orient: bool = False,
        mode: str | None = "RGB",
        draft: tuple[int, int] | None = None,
        classes: Sequence[str] | None = None,
    ) -> None:
        super().__init__(transform, on_error)
        importlib.import_module(
            "polynet.data.datasets.images"
        )  # says so now, and not in a worker, if Pillow is missing
        if isinstance(extensions, str):
            message = f"ImageFolder: extensions is a list of endings, such as ['.jpg', '.png'], not {extensions!r}."
            raise OptionError(message)
        self.root = Path(root)
        self.orient, self.mode, self.draft = orient, mode, draft
        self.classes = tuple(classes) if classes is not None else tuple(_class_names(self.root))
        self.class_to_idx = {name: number for number, name in enumerate(self.classes)}
        found = [list(_images_under(self.root / name, extensions)) for name in self.classes]
        for name, files in zip(self.classes, found, strict=True):
            if not files:
                message = f"{self.root / name} holds no image, that is no file ending in {', '.join(extensions)}."
                raise DatasetError(message)
        # One array of bytes each, and not a list of strings: reading it in a forked worker copies no memory.
        self._paths = np.array([os.fsencode(path) for files in found for path in files])
        self.labels = np.repeat(np.arange(len(found)), [len(files) for files in found])

    @property
    def samples(self) -> list[tuple[str, int]]:
        """Path and label of each image."""
        return [(os.fsdecode(path), int(label)) for path, label in zip(self._paths, self.labels, strict=True)]

    def __len__(self) -> int:
        """How many images there are."""
        return len(self._paths)

    def name_of(self, index: int) -> str:
        """The image's path."""
        return os.fsdecode(self._paths[index])

    def load(self, index: int) -> tuple[Any, int]:
        """The image, whole and in `mode`, and its label."""
        from polynet.data.datasets.images import read_image

        image = read_image(self.name_of(index), self.mode, self.orient, self.draft)
        return image, int(self.labels[index])


def _class_names(root: Path) -> list[str]:
    """Names of the folders in a folder.

    Raises:
        DatasetNotFoundError: There is no such folder.
        DatasetError: There is none in it.
    """
    if not root.is_dir():
        message = f"There is no folder {root}; it should hold one folder for each class."
        raise DatasetNotFoundError(message)
    names = sorted(entry.name for entry in root.iterdir() if entry.is_dir() and not entry.name.startswith("."))
    if not names:
        message = f"{root} holds no folders; it should hold one for each class, with the class's images."
        raise DatasetError(message)
    return names


def _images_under(folder: Path, extensions: Iterable[str]) -> Iterable[str]:
    """Paths of the images in a folder and in those below, sorted.

    Raises:
        DatasetNotFoundError: There is no such folder.
    """
    if not folder.is_dir():
        message = f"There is no folder {folder} for class {folder.name!r}."
        raise DatasetNotFoundError(message)
    endings = tuple(extension.lower() for extension in extensions)
    for parent, folders, files in os.walk(folder, followlinks=True):
        folders.sort()
        for name in sorted(files):
            if name.lower().endswith(endings):
                yield f"{parent}{os.sep}{name}"
