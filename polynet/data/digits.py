"""Handwritten digits, 57 KB, shipped with the package; see DIGITS.md for source and licence."""

from __future__ import annotations

import gzip
import importlib.resources
from typing import Any, TypeAlias

import attrs
import numpy as np

Array: TypeAlias = "np.ndarray[Any, Any]"

_PIXEL_RANGE = 16.0


@attrs.frozen
class Digits:
    """Images and labels, split once for all.

    Attributes:
        train_images: (1438, 1, 8, 8) float32, in 0…1.
        train_labels: (1438,) int64, in 0…9.
        test_images: (359, 1, 8, 8) float32.
        test_labels: (359,) int64.
    """

    train_images: Array
    train_labels: Array
    test_images: Array
    test_labels: Array


def load_digits() -> Digits:
    """Read the digits; every fifth image is for testing.

    Example:
        >>> load_digits().train_images.shape
        (1438, 1, 8, 8)
    """
    packed = importlib.resources.files("polynet.data").joinpath("digits.csv.gz").read_bytes()
    lines = gzip.decompress(packed).decode("ascii").splitlines()
    table = np.array([line.split(",") for line in lines], dtype=np.float32)
    images = (table[:, :-1] / _PIXEL_RANGE).reshape(-1, 1, 8, 8).astype(np.float32)
    labels = table[:, -1].astype(np.int64)
    test = np.arange(len(labels)) % 5 == 4
    return Digits(images[~test], labels[~test], images[test], labels[test])
