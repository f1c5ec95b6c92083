"""Images that tests of transforms share."""

from __future__ import annotations

from typing import Any

import numpy as np
from PIL import Image

Array = np.ndarray[Any, Any]


def picture(width: int = 50, height: int = 37, seed: int = 0) -> Any:
    """An image with smooth parts and edges, as photographs have them."""
    blocks = np.random.default_rng(seed).integers(0, 256, (7, 9, 3), dtype=np.uint8)
    smooth = np.asarray(Image.fromarray(blocks).resize((width, height), Image.Resampling.BICUBIC)).copy()
    smooth[height // 3 : height // 2, width // 4 : width // 2] = (250, 10, 120)
    return Image.fromarray(smooth)


def generator(seed: int = 0) -> np.random.Generator:
    """Random numbers as the loader gives them."""
    return np.random.Generator(np.random.Philox(seed))


class Drawn(np.random.Generator):
    """A generator whose uniform numbers are given; those needed after them are an error."""

    def __init__(self, *numbers: float) -> None:
        super().__init__(np.random.Philox(0))
        self.numbers = list(numbers)

    def random(self, size: int | None = None, *_: Any, **__: Any) -> Any:  # type: ignore[override] # fewer overloads
        if size is None:
            return self.numbers.pop(0)
        return np.array([self.numbers.pop(0) for _ in range(size)])


def assert_same_image(ours: Any, other: Any) -> None:
    """The same mode, size and pixels, value for value."""
    assert (ours.mode, ours.size) == (other.mode, other.size)
    np.testing.assert_array_equal(np.asarray(ours), np.asarray(other))
