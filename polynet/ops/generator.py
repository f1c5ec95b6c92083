"""The source of random numbers that knows no framework."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from polynet.errors import InputError, OptionError
from polynet.ops.arguments import IntOrInts
from polynet.ops.checks import whole_number


class Generator:
    """A seeded source of random numbers that knows no framework.

    The numbers depend on the seed and on what was drawn before, and on nothing else: not on the framework, the device
    or the machine (numpy's Philox generator).

    Args:
        seed: Any whole number from 0, or a sequence of them.

    Example:
        >>> ops.rand(2, generator=ops.Generator(0)).tolist() == ops.rand(2, generator=ops.Generator(0)).tolist()
        True
    """

    def __init__(self, seed: int | Sequence[int] = 0) -> None:
        if seed is None:  # numpy would take it for a different seed each time
            raise OptionError("A generator needs a seed: a whole number from 0, or several.")
        try:
            self._numpy = np.random.Generator(np.random.Philox(seed))
        except (TypeError, ValueError) as error:
            raise OptionError(f"A generator's seed is a whole number from 0, or several; not {seed!r}.") from error

    def uniform(self, size: IntOrInts) -> np.ndarray[Any, Any]:
        """Draw float32 numbers from [0, 1).

        Example:
            >>> ops.Generator(1).uniform((2, 3)).shape
            (2, 3)
        """
        return self._numpy.random(self._shape(size), dtype=np.float32)

    def normal(self, size: IntOrInts) -> np.ndarray[Any, Any]:
        """Draw float32 numbers from the normal distribution of mean 0 and variance 1.

        Example:
            >>> ops.Generator(1).normal(4).dtype
            dtype('float32')
        """
        return self._numpy.standard_normal(self._shape(size), dtype=np.float32)

    def integers(self, low: int, high: int, size: IntOrInts) -> np.ndarray[Any, Any]:
        """Draw int64 numbers from `low` up to but not including `high`.

        Example:
            >>> set(ops.Generator(1).integers(2, 4, 100).tolist())
            {2, 3}
        """
        if high <= low:
            raise InputError(f"A generator needs high above low; it was given low={low} and high={high}.")
        return self._numpy.integers(low, high, self._shape(size), dtype=np.int64)

    @staticmethod
    def _shape(size: IntOrInts) -> tuple[int, ...]:
        lengths = tuple(size) if isinstance(size, (tuple, list)) else (size,)
        shape = tuple(whole_number("A generator", "size", length) for length in lengths)
        if any(length < 0 for length in shape):
            raise InputError(f"A generator's size has no negative lengths; {size!r} was given.")
        return shape
