"""Random tensors: the framework's own numbers, or with `generator=` the same on every framework."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from polynet.errors import InputError, OptionError
from polynet.ops.arguments import IntOrInts
from polynet.ops.dispatch import namespace_like, namespace_of
from polynet.types import Tensor


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
        return self._numpy.random(size, dtype=np.float32)

    def normal(self, size: IntOrInts) -> np.ndarray[Any, Any]:
        """Draw float32 numbers from the normal distribution of mean 0 and variance 1.

        Example:
            >>> ops.Generator(1).normal(4).dtype
            dtype('float32')
        """
        return self._numpy.standard_normal(size, dtype=np.float32)

    def integers(self, low: int, high: int, size: IntOrInts) -> np.ndarray[Any, Any]:
        """Draw int64 numbers from `low` up to but not including `high`.

        Example:
            >>> set(ops.Generator(1).integers(2, 4, 100).tolist())
            {2, 3}
        """
        return self._numpy.integers(low, high, size, dtype=np.int64)


def rand(
    size: IntOrInts,
    *,
    generator: Generator | None = None,
    dtype: Any = None,
    device: Any = None,
    like: Tensor | None = None,
) -> Tensor:
    """Return numbers drawn evenly from [0, 1), float32 by default.

    Args:
        size: The shape.
        generator: Where the numbers come from; the framework's own generator by default.
        dtype: The element type, floating point.
        device: Where to put the tensor.
        like: A tensor whose framework and device to use.

    Example:
        >>> bool((ops.rand((2, 2)) < 1).all())
        True
    """
    namespace = namespace_like(like)
    if generator is None:
        return namespace.rand(size, dtype=dtype, device=device, like=like)
    return namespace.tensor(generator.uniform(size), dtype=dtype, device=device, like=like)


def randn(
    size: IntOrInts,
    *,
    generator: Generator | None = None,
    dtype: Any = None,
    device: Any = None,
    like: Tensor | None = None,
) -> Tensor:
    """Return numbers drawn from the standard normal distribution; arguments as `rand`.

    Example:
        >>> tuple(ops.randn((2, 3), generator=ops.Generator(0)).shape)
        (2, 3)
    """
    namespace = namespace_like(like)
    if generator is None:
        return namespace.randn(size, dtype=dtype, device=device, like=like)
    return namespace.tensor(generator.normal(size), dtype=dtype, device=device, like=like)


def randint(
    low: int,
    high: int,
    size: IntOrInts,
    *,
    generator: Generator | None = None,
    dtype: Any = None,
    device: Any = None,
    like: Tensor | None = None,
) -> Tensor:
    """Return whole numbers from `low` up to but not including `high`, of the index type by default.

    Raises:
        InputError: `high` is not above `low`.

    Example:
        >>> tuple(ops.randint(0, 10, (2, 3)).shape)
        (2, 3)
    """
    if high <= low:
        raise InputError(f"randint needs high above low; it was given low={low} and high={high}.")
    namespace = namespace_like(like)
    if generator is None:
        return namespace.randint(low, high, size, dtype=dtype, device=device, like=like)
    return namespace.tensor(generator.integers(low, high, size), dtype=dtype, device=device, like=like)


def bernoulli(input: Tensor, *, generator: Generator | None = None) -> Tensor:
    """Return 1 with the probability that each element states, and 0 otherwise, in the same shape and dtype.

    Args:
        input: Probabilities in [0, 1], floating point.
        generator: Where the numbers come from; the framework's own generator by default.

    Example:
        >>> ops.bernoulli(ops.tensor([0.0, 1.0])).tolist()
        [0.0, 1.0]
    """
    namespace = namespace_of(input)
    if generator is None:
        return namespace.bernoulli(input)
    numbers = namespace.tensor(generator.uniform(tuple(input.shape)), like=input)
    return namespace.cast(numbers < input, input.dtype)
