"""Seeds of the parts of a run, each of the run's own and the part's number, so that any part can be repeated alone."""

from __future__ import annotations

import random

import numpy as np

_MASK = (1 << 64) - 1


def seed_of(*numbers: int) -> int:
    """A seed of 31 bits from several numbers: SplitMix64 over them (Steele, Lea and Flood 2014).

    Frameworks take seeds of different lengths; 31 bits fit all.

    Example:
        >>> seed_of(0, 0, 7), seed_of(0, 0, 8)
        (896275222, 97544353)
    """
    state = 0x9E3779B97F4A7C15
    for number in numbers:
        state = _mixed((state ^ (number & _MASK)) + 0x9E3779B97F4A7C15 & _MASK)
    return state >> 33


def seed_globally(seed: int) -> None:
    """Seed Python's and numpy's global generators, from which hooks and models of one's own may draw.

    Example:
        >>> import random
        >>> seed_globally(7); first = random.random(), np.random.rand()
        >>> seed_globally(7); first == (random.random(), np.random.rand())
        True
    """
    random.seed(seed)
    np.random.seed(seed)


def _mixed(value: int) -> int:
    value = (value ^ value >> 30) * 0xBF58476D1CE4E5B9 & _MASK
    value = (value ^ value >> 27) * 0x94D049BB133111EB & _MASK
    return value ^ value >> 31
