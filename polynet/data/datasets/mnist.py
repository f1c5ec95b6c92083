"""MNIST, FashionMNIST, and whatever else comes in their four files (LeCun's idx format, compressed or not)."""

from __future__ import annotations

import gzip
import math
import os
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from polynet.data.datasets.arrays import ArrayDataset
from polynet.errors import DatasetError, DatasetNotFoundError

DATA_VARIABLE = "POLYNET_DATA"
"""The environment variable that names the folder in which data sets lie, each in a folder of its own."""

_PARTS = {True: "train", False: "t10k"}
_IDX_TYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}


class MNIST(ArrayDataset):
    """Handwritten digits (LeCun, Cortes and Burges): (1, 28, 28) uint8, ten classes, 60000 and 10000 images.

    Args:
        root: The folder with `train-images-idx3-ubyte.gz`, `train-labels-idx1-ubyte.gz` and the two `t10k-…`, with or
            without `.gz`. `None` looks in `$POLYNET_DATA/mnist`, then where the system keeps it.
        train: The images for training, or those for testing.
        transform: What is done to an image, which it gets as an image of Pillow.

    Raises:
        DatasetNotFoundError: The files are not there; the message says how to get them.
        DatasetError: A file is damaged.

    Example:
        >>> MNIST("/nowhere")
        Traceback (most recent call last):
        ...
        polynet.errors.DatasetNotFoundError: MNIST: there is no train-images-idx3-ubyte.gz in /nowhere. ...
    """

    folder = "mnist"
    classes: tuple[str, ...] = tuple("0123456789")
    remedy = "Get the four files and give their folder as `root`."

    def __init__(
        self,
        root: str | os.PathLike[str] | None = None,
        train: bool = True,
        transform: Callable[..., Any] | None = None,
    ) -> None:
        folders = [Path(root)] if root is not None else self._usual_folders()
        images = read_idx(self._file(folders, f"{_PARTS[bool(train)]}-images-idx3-ubyte"))
        labels = read_idx(self._file(folders, f"{_PARTS[bool(train)]}-labels-idx1-ubyte"))
        if images.ndim != 3 or labels.shape != images.shape[:1]:
            message = (
                f"{type(self).__name__}: images of shape {images.shape} and labels of shape {labels.shape} do not "
                "belong together; (count, height, width) and (count,) are needed."
            )
            raise DatasetError(message)
        super().__init__(images[:, None], labels.astype(np.int64), transform)

    def _usual_folders(self) -> list[Path]:
        chosen = os.environ.get(DATA_VARIABLE)
        found = [Path(chosen, self.folder), Path(chosen)] if chosen else []
        return [*found, Path("/usr/share/datasets", self.folder)]

    def _file(self, folders: list[Path], name: str) -> Path:
        for folder in folders:
            for candidate in (folder / f"{name}.gz", folder / name):
                if candidate.is_file():
                    return candidate
        places = " or ".join(map(str, folders))
        message = (
            f"{type(self).__name__}: there is no {name}.gz in {places}. {self.remedy} "
            f"The environment variable {DATA_VARIABLE} names a folder for all data sets."
        )
        raise DatasetNotFoundError(message)


class FashionMNIST(MNIST):
    """Zalando's pictures of clothes (Xiao, Rasul and Vollgraf 2017): (1, 28, 28) uint8, ten classes, 60000 and 10000.

    Args:
        root: The folder with the four files; `None` looks in `$POLYNET_DATA/fashion-mnist`, then where the Debian
            package dataset-fashion-mnist puts it.
        train: The images for training, or those for testing.
        transform: What is done to an image, which it gets as an image of Pillow.

    Raises:
        DatasetNotFoundError: The files are not there; the message says how to get them.
        DatasetError: A file is damaged.

    Example:
        >>> FashionMNIST.classes[9]
        'Ankle boot'
    """

    folder = "fashion-mnist"
    classes = (
        "T-shirt/top",
        "Trouser",
        "Pullover",
        "Dress",
        "Coat",
        "Sandal",
        "Shirt",
        "Sneaker",
        "Bag",
        "Ankle boot",
    )
    remedy = (
        "On Debian and Ubuntu, apt-get install dataset-fashion-mnist installs them; elsewhere give the folder of the "
        "four files as `root`."
    )


def read_idx(path: str | os.PathLike[str]) -> np.ndarray[Any, Any]:
    """Read an array from an idx file, compressed or not.

    Args:
        path: The file.

    Returns:
        The array, in this machine's byte order.

    Raises:
        DatasetError: The file is damaged, truncated, or no idx file.
    """
    path = Path(path)
    try:
        content = path.read_bytes()
        data = gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content
    except (OSError, EOFError, zlib.error) as error:
        message = f"{path} cannot be read: {error}"
        raise DatasetError(message) from error
    if len(data) < 4 or data[:2] != b"\0\0" or data[2] not in _IDX_TYPES:
        message = f"{path} is no idx file: it begins with {data[:4].hex(' ') or 'nothing'}."
        raise DatasetError(message)
    kind, axes = np.dtype(_IDX_TYPES[data[2]]), data[3]
    start = 4 + 4 * axes
    shape = struct.unpack(f">{axes}I", data[4:start]) if len(data) >= start else ()
    expected = start + kind.itemsize * math.prod(shape)
    if len(shape) != axes or len(data) != expected:
        message = f"{path} is damaged: it holds {len(data)} bytes, and its header {shape} promises {expected}."
        raise DatasetError(message)
    return (
        np.frombuffer(bytearray(data), dtype=kind, offset=start)
        .reshape(shape)
        .astype(kind.newbyteorder("="), copy=False)
    )
