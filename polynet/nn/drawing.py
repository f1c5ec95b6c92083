"""Normal and uniform numbers from a stream of random bits: quickly, and the same to the last bit everywhere.

numpy promises that a generator's bits stay the same between its versions. It promises nothing of the kind for the
distributions it draws from them, and its logarithms, sines and exponentials differ in the last place from one processor
to the next. Here every step is a whole-number operation, or an addition, multiplication or square root of single
precision, whose results IEEE 754 fixes; numpy runs each over an array at a time, so that none is fused with the next.
That is also three times as fast as numpy's own normal numbers.
"""

from __future__ import annotations

import math
from typing import Any, TypeAlias

import numpy as np

Array: TypeAlias = "np.ndarray[Any, np.dtype[np.float32]]"
_Words: TypeAlias = "np.ndarray[Any, np.dtype[np.int32]]"

_CHUNK = 1 << 16
"""Numbers drawn at a time, few enough for the processor's cache. Changing it changes the numbers."""

_MANTISSA_BITS = 23
_LOG = tuple(
    np.float32(coefficient * 2.0 ** (-_MANTISSA_BITS * power))
    for coefficient, power in (
        (0.04514904994241796, 5),
        (-0.19357570732078805, 4),
        (0.41560606757449836, 3),
        (-0.7090964500433756, 2),
        (0.44191703984724734, 1),
    )
)
"""log2(1 + f) - f as a polynomial in 2^23 f, 0 <= f < 1, with error 1.6e-5; highest power first, no constant."""

_SINE = (np.float32(0.0034324422252861447), np.float32(-0.11414682769985926), np.float32(1.110715177478231))
"""sqrt(2) sin(pi/4 x) / x as a polynomial in the square of x, -1 <= x <= 1, with error 8e-7; highest power first."""

_MANTISSA = np.int32((1 << _MANTISSA_BITS) - 1)
_WITHOUT_SIGN = np.int32(0x7FFFFFFF)
_SIGN = np.int32(-(1 << 31))
_BITS_OF_LARGEST = np.int32((31 + 127) << _MANTISSA_BITS)
"""The bits of 2^31 as a number of single precision."""


def fill_normal(out: Array, generator: np.random.Generator, mean: float = 0.0, std: float = 1.0) -> None:
    """Fill an array with normal numbers.

    By the transformation of Box and Muller (Annals of Mathematical Statistics 29, 1958), two numbers from 64 bits: a
    radius from 31 of them, so that numbers reach 6.5 standard deviations, an angle from 32, and a sign. The error of
    the distribution function is below 2e-5, which 10^9 numbers would not show.

    Args:
        out: A C-contiguous array.
        generator: Where the bits come from.
        mean: Mean of the distribution.
        std: Standard deviation of the distribution.

    Example:
        >>> numbers = np.empty(100_000, np.float32)
        >>> fill_normal(numbers, np.random.default_rng(0), mean=1.0, std=0.5)
        >>> round(float(numbers.mean()), 2), round(float(numbers.std()), 2)
        (1.0, 0.5)
    """
    flat = out.reshape(-1)
    for start in range(0, flat.size, _CHUNK):
        _fill_chunk(flat[start : start + _CHUNK], generator, std)
    if mean:
        out += np.float32(mean)


def fill_uniform(out: Array, generator: np.random.Generator, low: float = 0.0, high: float = 1.0) -> None:
    """Fill an array with uniform numbers of 24 bits, from `low` to `high`.

    Args:
        out: A C-contiguous array.
        generator: Where the bits come from.
        low: Least number.
        high: Bound of the numbers; rounding may reach it.

    Example:
        >>> numbers = np.empty(1000, np.float32)
        >>> fill_uniform(numbers, np.random.default_rng(0), -1.0, 1.0)
        >>> bool((numbers >= -1).all() and (numbers <= 1).all() and abs(numbers.mean()) < 0.1)
        True
    """
    flat = out.reshape(-1)
    scale, middle = np.float32((high - low) * 2.0**-24), np.float32((low + high) / 2)
    for start in range(0, flat.size, _CHUNK):
        chunk = flat[start : start + _CHUNK]
        words = _words(generator, (chunk.size + 1) // 2)[: chunk.size]
        words >>= 8
        np.copyto(chunk, words, casting="same_kind")
        chunk *= scale
        if middle:
            chunk += middle


def _words(generator: np.random.Generator, pairs: int) -> _Words:
    """Twice as many words of 32 random bits as asked for, from the stream that numpy keeps the same."""
    raw = generator.bit_generator.random_raw(pairs)
    return raw.astype("<u8", copy=False).view("<i4").astype(np.int32, copy=False)


def _fill_chunk(out: Array, generator: np.random.Generator, std: float) -> None:
    pairs = (out.size + 1) // 2
    words = _words(generator, pairs)
    sine, cosine = _half_circle(words[pairs:])
    radius, signs = _radius(words[:pairs], std)
    np.multiply(radius, sine, out=out[:pairs])
    cosine *= radius
    # The angle covers the half of the circle where the cosine is positive; a sign makes it whole.
    bits = cosine.view(np.int32)
    bits ^= signs
    out[pairs:] = cosine[: out.size - pairs]


def _half_circle(words: _Words) -> tuple[Array, Array]:
    """Sine and cosine of angles uniform between -pi/2 and pi/2, from those of half the angle."""
    half = words.astype(np.float32)
    half *= np.float32(2.0**-31)
    square = half * half
    sine = square * _SINE[0]
    sine += _SINE[1]
    sine *= square
    sine += _SINE[2]
    sine *= half
    # With s = sqrt(2) sin(a): cos(2a) = 1 - s^2, and sin(2a) = s sqrt(2 - s^2).
    np.multiply(sine, sine, out=square)
    np.subtract(np.float32(2), square, out=half)
    np.sqrt(half, out=half)
    sine *= half
    np.subtract(np.float32(1), square, out=square)
    return sine, square


def _radius(words: _Words, std: float) -> tuple[Array, _Words]:
    """Lengths of normal vectors in the plane, sqrt(-2 log u) for a uniform u, and sign bits that are independent."""
    words |= 1  # a uniform number is never zero
    uniform = words.astype(np.float32)
    bits = uniform.view(np.int32)
    signs = np.bitwise_and(bits, _SIGN, out=words)
    fraction = (bits & _MANTISSA).astype(np.float32)
    bits &= _WITHOUT_SIGN
    # The bits of a number are its logarithm to base 2, but for a correction that depends on the fraction alone.
    bits -= _BITS_OF_LARGEST
    radius = bits.astype(np.float32)
    radius *= np.float32(2.0**-_MANTISSA_BITS)
    correction = np.multiply(fraction, _LOG[0], out=uniform)
    for coefficient in _LOG[1:]:
        correction += coefficient
        correction *= fraction
    radius += correction
    radius *= np.float32(-2 * math.log(2) * std**2)
    np.maximum(radius, np.float32(0), out=radius)
    np.sqrt(radius, out=radius)
    return radius, signs
