"""Random numbers of the transforms, drawn so that the same generator gives the same ones everywhere.

Numbers from a range, choices and orders all come from `Generator.random`, which takes 53 bits of the generator's stream
(numpy promises that a bit generator's stream never changes), and not from numpy's methods for them, whose use of the
stream may change between versions. Normal numbers come from `Generator.standard_normal`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np

Item = TypeVar("Item")


def uniform(generator: np.random.Generator, low: float, high: float) -> float:
    """Draw a number from `low` up to `high`.

    Example:
        >>> 2.0 <= uniform(np.random.default_rng(0), 2.0, 3.0) < 3.0
        True
    """
    return low + (high - low) * generator.random()


def below(generator: np.random.Generator, count: int) -> int:
    """Draw a whole number from 0 up to, but not including, `count`.

    Example:
        >>> below(np.random.default_rng(0), 1)
        0
    """
    return int(generator.random() * count)


def between(generator: np.random.Generator, low: int, high: int) -> int:
    """Draw a whole number from `low` to `high`, both included.

    Example:
        >>> between(np.random.default_rng(0), 3, 3)
        3
    """
    return low + below(generator, high - low + 1)


def happens(generator: np.random.Generator, probability: float) -> bool:
    """Draw whether something of this probability happens: never for 0, always for 1.

    Example:
        >>> happens(np.random.default_rng(0), 1.0), happens(np.random.default_rng(0), 0.0)
        (True, False)
    """
    return generator.random() < probability


def choice(generator: np.random.Generator, items: Sequence[Item]) -> Item:
    """Draw one of some things, each as likely.

    Example:
        >>> choice(np.random.default_rng(0), ["only"])
        'only'
    """
    return items[below(generator, len(items))]


def order(generator: np.random.Generator, count: int) -> list[int]:
    """Draw an order of `count` things, each as likely.

    Example:
        >>> sorted(order(np.random.default_rng(0), 4))
        [0, 1, 2, 3]
    """
    keys = generator.random(count).tolist()
    return sorted(range(count), key=keys.__getitem__)


def normal(generator: np.random.Generator, mean: float = 0.0, deviation: float = 1.0) -> float:
    """Draw a number from a normal distribution.

    Example:
        >>> normal(np.random.default_rng(0), 5.0, 0.0)
        5.0
    """
    return mean + deviation * float(generator.standard_normal())
