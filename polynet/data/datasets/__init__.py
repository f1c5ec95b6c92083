"""Map-style data sets: `len(dataset)` and `dataset[i]`, which gives numpy arrays."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from polynet.errors import unknown_attribute

if TYPE_CHECKING:
    from polynet.data.datasets.arrays import ArrayDataset as ArrayDataset
    from polynet.data.datasets.arrays import DigitsDataset as DigitsDataset
    from polynet.data.datasets.arrays import FakeData as FakeData
    from polynet.data.datasets.base import Dataset as Dataset
    from polynet.data.datasets.hugging_face import HuggingFaceDataset as HuggingFaceDataset
    from polynet.data.datasets.image_folder import ImageFolder as ImageFolder
    from polynet.data.datasets.mnist import MNIST as MNIST
    from polynet.data.datasets.mnist import FashionMNIST as FashionMNIST

_HOMES = {
    "ArrayDataset": "arrays",
    "Dataset": "base",
    "DigitsDataset": "arrays",
    "FakeData": "arrays",
    "FashionMNIST": "mnist",
    "HuggingFaceDataset": "hugging_face",
    "ImageFolder": "image_folder",
    "MNIST": "mnist",
}

__all__ = [
    "MNIST",
    "ArrayDataset",
    "Dataset",
    "DigitsDataset",
    "FakeData",
    "FashionMNIST",
    "HuggingFaceDataset",
    "ImageFolder",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise unknown_attribute(__name__, name, _HOMES)
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
