"""New MegEngine tensors, by neutral names of dtypes and devices."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import megengine
import megengine.functional as F
import numpy as np
from megengine.core._imperative_rt.core2 import apply
from megengine.core._imperative_rt.ops import get_global_rng_seed
from megengine.core.ops.builtin import GaussianRNG, UniformRNG
from megengine.device import get_default_device

from polynet.errors import InputError
from polynet.ops.checks import check_numbers
from polynet.types import Tensor
from polynet_megengine.known_numbers import tensor_of
from polynet_megengine.ops._tensors import as_scalar, is_floating, is_tensor, python_number, shape_of
from polynet_megengine.ops.conversion import native_device
from polynet_megengine.ops.dtypes import narrowed, native_dtype


def _place(device: Any, like: Tensor | None) -> Any:
    if device is not None:
        return native_device(device)
    return get_default_device() if like is None else like.device


def _shape(operation: str, size: int | Sequence[int]) -> tuple[int, ...]:
    given = tuple(size) if isinstance(size, Sequence) else (size,)
    return check_numbers(operation, "size", given, len(given)) if given else ()


def tensor(data: Any, *, dtype: Any = None, device: Any = None, like: Tensor | None = None) -> Tensor:
    """A tensor with a copy of the numbers; a tensor given loses its gradient."""
    place = _place(device, like)
    if is_tensor(data):
        place = data.device if device is None and like is None else place
        wanted = native_dtype(dtype)
        copy = as_scalar(F.copy(data.detach(), place), data)
        return copy if wanted is None or wanted == copy.dtype else copy.astype(wanted)
    array = np.asarray(data)
    if array.dtype == np.float64 and not isinstance(data, np.ndarray | np.generic):
        array = array.astype("float32")
    return tensor_of(narrowed(array, dtype), place)


def zeros(size: int | Sequence[int], *, dtype: Any = None, device: Any = None, like: Tensor | None = None) -> Tensor:
    """Zeros, float32 by default."""
    return full(size, 0, dtype=dtype or "float32", device=device, like=like)


def ones(size: int | Sequence[int], *, dtype: Any = None, device: Any = None, like: Tensor | None = None) -> Tensor:
    """Ones, float32 by default."""
    return full(size, 1, dtype=dtype or "float32", device=device, like=like)


def full(
    size: int | Sequence[int], fill_value: Any, *, dtype: Any = None, device: Any = None, like: Tensor | None = None
) -> Tensor:
    """One value everywhere; the dtype follows from the value unless it is given."""
    shape = _shape("full", size)
    value = python_number(fill_value)
    if dtype is None:
        dtype = "bool" if isinstance(value, bool) else "int32" if isinstance(value, int) else "float32"
    return F.full(shape, value, dtype=native_dtype(dtype), device=_place(device, like))


def zeros_like(input: Tensor, *, dtype: Any = None, device: Any = None) -> Tensor:
    """Zeros in the shape of another tensor."""
    return full_like(input, 0, dtype=dtype, device=device)


def ones_like(input: Tensor, *, dtype: Any = None, device: Any = None) -> Tensor:
    """Ones in the shape of another tensor."""
    return full_like(input, 1, dtype=dtype, device=device)


def full_like(input: Tensor, fill_value: Any, *, dtype: Any = None, device: Any = None) -> Tensor:
    """One value everywhere in the shape of another tensor."""
    kind = input.dtype if dtype is None else native_dtype(dtype)
    if device is None and kind == input.dtype and is_floating(input):
        return as_scalar(F.full_like(input, float(fill_value)), input)
    place = input.device if device is None else native_device(device)
    return F.full(shape_of(input), np.dtype(kind).type(fill_value).item(), dtype=kind, device=place)


def arange(
    start: float, end: float, step: float = 1, *, dtype: Any = None, device: Any = None, like: Tensor | None = None
) -> Tensor:
    """Numbers from `start` by `step` up to but not including `end`; int32 where all three are integers."""
    start, end, step = python_number(start), python_number(end), python_number(step)
    if step == 0 or (end - start) * step < 0:
        message = f"arange: step={step} does not lead from {start} to {end}."
        raise InputError(message)
    integral = all(isinstance(each, int) for each in (start, end, step))
    count = math.ceil((end - start) / step)
    numbers = start + np.arange(count) * step
    kind = dtype if dtype is not None else "int32" if integral else "float32"
    return megengine.tensor(narrowed(np.asarray(numbers), kind), device=_place(device, like))


def linspace(
    start: float, end: float, steps: int, *, dtype: Any = None, device: Any = None, like: Tensor | None = None
) -> Tensor:
    """Evenly spaced numbers from `start` to `end`, both included."""
    (count,) = check_numbers("linspace", "steps", steps, 1)
    numbers = np.linspace(start, end, count)
    return megengine.tensor(narrowed(numbers, dtype or "float32"), device=_place(device, like))


def eye(n: int, m: int, *, dtype: Any = None, device: Any = None, like: Tensor | None = None) -> Tensor:
    """Ones on the diagonal of a matrix of zeros."""
    rows, columns = check_numbers("eye", "n, m", (n, m), 2)
    return megengine.tensor(np.eye(rows, columns, dtype=native_dtype(dtype or "float32")), device=_place(device, like))


def _random(operation: Any, size: int | Sequence[int], dtype: Any, device: Any, like: Tensor | None) -> Tensor:
    shape = _shape("rand", size)
    place = _place(device, like)
    if 0 in shape:
        return F.zeros(shape, dtype=native_dtype(dtype or "float32"), device=place)
    lengths = megengine.tensor(np.array(shape or (1,), dtype="int32"), device=place)
    (numbers,) = apply(operation, lengths)
    if not shape:
        numbers = F.reshape(numbers, ())
    return numbers if dtype is None else numbers.astype(native_dtype(dtype))


def rand(size: int | Sequence[int], *, dtype: Any = None, device: Any = None, like: Tensor | None = None) -> Tensor:
    """Uniform random numbers between 0 and 1 from MegEngine's generator."""
    return _random(UniformRNG(seed=get_global_rng_seed(), handle=0, dtype="float32"), size, dtype, device, like)


def randn(size: int | Sequence[int], *, dtype: Any = None, device: Any = None, like: Tensor | None = None) -> Tensor:
    """Normal random numbers of mean 0 and variance 1 from MegEngine's generator."""
    generator = GaussianRNG(seed=get_global_rng_seed(), mean=0.0, std=1.0, handle=0, dtype="float32")
    return _random(generator, size, dtype, device, like)


def randint(
    low: int, high: int, size: int | Sequence[int], *, dtype: Any = None, device: Any = None, like: Tensor | None = None
) -> Tensor:
    """Random integers from `low` up to but not including `high`, int32 by default."""
    if high <= low:
        message = f"randint: high={high} must be above low={low}."
        raise InputError(message)
    numbers = F.floor(rand(size, device=device, like=like) * float(high - low)) + float(low)
    # A uniform number may round up to 1.
    return F.minimum(numbers, float(high - 1)).astype(native_dtype(dtype or "int32"))


def bernoulli(input: Tensor) -> Tensor:
    """1 with the probability that each element names, else 0."""
    return (rand(shape_of(input), like=input) < input).astype(input.dtype)
