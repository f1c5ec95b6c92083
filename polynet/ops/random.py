"""Random tensors: the framework's own numbers, or with `generator=` the same on every framework."""

from __future__ import annotations

from typing import Any

from polynet.errors import InputError
from polynet.ops.arguments import IntOrInts
from polynet.ops.dispatch import namespace_like, namespace_of
from polynet.ops.explain import explained
from polynet.ops.generator import Generator
from polynet.types import Tensor


@explained
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


@explained
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


@explained
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


@explained
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
