"""Shape operations with torch's semantics on MegEngine tensors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import megengine.functional as F
import numpy as np

from polynet.errors import InputError
from polynet.types import Tensor

from ._tensors import Dims, array_like, axes_of, axis_of, broadcast_shape, is_tensor, shape_of


def reshape(x: Tensor, shape: int | Sequence[int]) -> Tensor:
    """The same elements in another shape; one size may be -1."""
    try:
        return F.reshape(x, (shape,) if isinstance(shape, int) else shape)
    except (RuntimeError, ValueError) as error:
        message = f"A tensor of shape {shape_of(x)} cannot take the shape {shape}."
        raise InputError(message) from error


def flatten(x: Tensor, start_dim: int = 0, end_dim: int = -1) -> Tensor:
    """Merge dimensions `start_dim` to `end_dim` into one."""
    ndim = x.ndim
    start, end = axis_of(start_dim, ndim, "start_dim"), axis_of(end_dim, ndim, "end_dim")
    if start > end:
        message = f"flatten: start_dim={start_dim} lies behind end_dim={end_dim}."
        raise InputError(message)
    if start == end and ndim > 0:
        return x
    shape = shape_of(x)
    if 0 in shape:
        return F.reshape(x, (*shape[:start], int(np.prod(shape[start : end + 1])), *shape[end + 1 :]))
    return F.flatten(x, start, -1 if end == ndim - 1 else end)


def unflatten(x: Tensor, dim: int, sizes: Sequence[int]) -> Tensor:
    """Split one dimension into several; one size may be -1."""
    axis = axis_of(dim, x.ndim)
    shape = shape_of(x)
    return reshape(x, (*shape[:axis], *sizes, *shape[axis + 1 :]))


def permute(x: Tensor, dims: Sequence[int]) -> Tensor:
    """Reorder the dimensions."""
    ndim = x.ndim
    axes = tuple(axis_of(each, ndim, "dims") for each in dims)
    if sorted(axes) != list(range(ndim)):
        message = f"dims={tuple(dims)} must name each of the {ndim} dimensions once."
        raise InputError(message)
    return F.transpose(x, axes) if ndim > 1 else x


def transpose(x: Tensor, dim0: int, dim1: int) -> Tensor:
    """Swap two dimensions."""
    ndim = x.ndim
    first, second = axis_of(dim0, ndim, "dim0"), axis_of(dim1, ndim, "dim1")
    return x if first == second else F.swapaxes(x, first, second)


def movedim(x: Tensor, source: int | Sequence[int], destination: int | Sequence[int]) -> Tensor:
    """Move dimensions to other places; the rest keep their order."""
    ndim = x.ndim
    sources, destinations = axes_of(source, ndim, "source"), axes_of(destination, ndim, "destination")
    if len(sources) != len(destinations):
        message = f"movedim: source={source} and destination={destination} must have the same length."
        raise InputError(message)
    order = [axis for axis in range(ndim) if axis not in sources]
    for place, axis in sorted(zip(destinations, sources, strict=True)):
        order.insert(place, axis)
    return permute(x, order)


def cat(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    """Join tensors along an existing dimension."""
    tensors = _as_sequence(tensors, "cat")
    axis = axis_of(dim, tensors[0].ndim)
    try:
        return F.concat(tensors, axis)
    except RuntimeError as error:
        message = f"cat: shapes {[shape_of(each) for each in tensors]} differ in more than dimension {dim}."
        raise InputError(message) from error


def stack(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    """Join tensors of one shape along a new dimension."""
    tensors = _as_sequence(tensors, "stack")
    if any(shape_of(each) != shape_of(tensors[0]) for each in tensors):
        message = f"stack: shapes {[shape_of(each) for each in tensors]} must be equal."
        raise InputError(message)
    return F.stack(tensors, axis_of(dim, tensors[0].ndim + 1))


def _as_sequence(tensors: Sequence[Tensor], name: str) -> list[Tensor]:
    if is_tensor(tensors) or len(tensors) == 0:
        message = f"{name} needs a non-empty sequence of tensors."
        raise InputError(message)
    return list(tensors)


def split(x: Tensor, split_size_or_sections: int | Sequence[int], dim: int = 0) -> tuple[Tensor, ...]:
    """Cut along a dimension into parts of one size (the last may be smaller) or of the sizes given."""
    axis = axis_of(dim, x.ndim)
    length = shape_of(x)[axis]
    if isinstance(split_size_or_sections, Sequence):
        sizes = list(split_size_or_sections)
        if sum(sizes) != length or min(sizes, default=0) < 0:
            message = f"split: sizes {sizes} must be non-negative and add up to {length}, the length of dimension {dim}."
            raise InputError(message)
    else:
        size = split_size_or_sections
        if size < 0 or (size == 0 and length > 0):
            message = f"split: the size of a part must be positive, not {size}."
            raise InputError(message)
        sizes = [size] * (length // size) + ([length % size] if length % size else []) if length else [0]
    if len(sizes) == 1:
        return (x,)
    return tuple(F.split(x, [int(end) for end in np.cumsum(sizes)[:-1]], axis))


def chunk(x: Tensor, chunks: int, dim: int = 0) -> tuple[Tensor, ...]:
    """Cut along a dimension into at most `chunks` parts of equal size, the last possibly smaller."""
    if chunks < 1:
        message = f"chunk: the number of chunks must be positive, not {chunks}."
        raise InputError(message)
    length = shape_of(x)[axis_of(dim, x.ndim)]
    return split(x, -(-length // chunks), dim) if length else (x,) * chunks


def unbind(x: Tensor, dim: int = 0) -> tuple[Tensor, ...]:
    """The slices along a dimension, without it."""
    axis = axis_of(dim, x.ndim)
    length = shape_of(x)[axis]
    if length <= 1:
        return (F.squeeze(x, axis),) * length
    return tuple(F.squeeze(part, axis) for part in F.split(x, length, axis))


def roll(x: Tensor, shifts: int | Sequence[int], dims: Dims = None) -> Tensor:
    """Shift elements along dimensions, those pushed out coming in at the other end; flattened where `dims` is None."""
    if dims is None:
        if not isinstance(shifts, int):
            message = f"roll: shifts={shifts} need dims."
            raise InputError(message)
        return F.reshape(F.roll(F.flatten(x), shifts, 0), shape_of(x))
    axes = (dims,) if isinstance(dims, int) else tuple(dims)
    steps = (shifts,) if isinstance(shifts, int) else tuple(shifts)
    if len(axes) != len(steps):
        message = f"roll: shifts={shifts} and dims={dims} must have the same length."
        raise InputError(message)
    return F.roll(x, steps, tuple(axis_of(each, x.ndim, "dims") for each in axes))


def flip(x: Tensor, dims: int | Sequence[int]) -> Tensor:
    """Reverse the order along dimensions."""
    if isinstance(dims, Sequence) and len(dims) == 0:
        return x
    axes = axes_of(dims, x.ndim, "dims")
    return x[tuple(slice(None, None, -1) if axis in axes else slice(None) for axis in range(x.ndim))]


def tile(x: Tensor, dims: Sequence[int]) -> Tensor:
    """Repeat the whole tensor along dimensions; missing repeats and missing dimensions count as 1 in front."""
    repeats = (dims,) if isinstance(dims, int) else tuple(int(each) for each in dims)
    if min(repeats, default=1) < 0:
        message = f"tile: repeats must not be negative, they are {repeats}."
        raise InputError(message)
    shape = shape_of(x)
    repeats = (1,) * (len(shape) - len(repeats)) + repeats
    shape = (1,) * (len(repeats) - len(shape)) + shape
    result = F.reshape(x, shape)
    for axis, count in enumerate(repeats):
        if count != 1:
            result = F.concat([result] * count, axis) if count else _emptied(result, axis)
    return result


def repeat(x: Tensor, repeats: Sequence[int]) -> Tensor:
    """Repeat the whole tensor along dimensions; there must be at least one repeat for each dimension."""
    if len(repeats) < x.ndim:
        message = f"repeat: {len(repeats)} repeats for a tensor of {x.ndim} dimensions; give at least one each."
        raise InputError(message)
    return tile(x, repeats)


def _emptied(x: Tensor, axis: int) -> Tensor:
    return x[(slice(None),) * axis + (slice(0, 0),)]


def repeat_interleave(x: Tensor, repeats: int | Sequence[int] | Tensor, dim: int | None = None) -> Tensor:
    """Repeat each element along a dimension; flattened where `dim` is None."""
    if dim is None:
        x, dim = F.flatten(x), 0
    axis = axis_of(dim, x.ndim)
    length = shape_of(x)[axis]
    counts = np.asarray(repeats.numpy() if is_tensor(repeats) else repeats)
    if counts.size not in (1, length) or (counts < 0).any():
        message = f"repeat_interleave: repeats must be one non-negative integer or {length}, not {counts.tolist()}."
        raise InputError(message)
    if counts.size == 1 and counts.item() > 0:
        return F.repeat(x, int(counts.item()), axis)
    index = np.repeat(np.arange(length, dtype="int32"), counts.reshape(-1))
    if index.size == 0:
        return _emptied(x, axis)
    return x[(slice(None),) * axis + (array_like(index, x),)]


def expand(x: Tensor, size: int | Sequence[int]) -> Tensor:
    """Broadcast to a larger size; -1 keeps a dimension."""
    sizes = (size,) if isinstance(size, int) else tuple(size)
    shape = shape_of(x)
    added = len(sizes) - len(shape)
    target: list[Any] = []
    for place, wanted in enumerate(sizes):
        kept = shape[place - added] if place >= added >= 0 else None
        if isinstance(wanted, int) and wanted == -1 and kept is not None:
            target.append(kept)
        elif not isinstance(wanted, int) or (wanted >= 0 and kept in (None, 1, wanted)):
            target.append(wanted)
        else:
            added = -1
            break
    if added < 0:
        message = f"A tensor of shape {shape} cannot be expanded to {sizes}."
        raise InputError(message)
    return F.broadcast_to(x, target) if target else x


def broadcast_to(x: Tensor, shape: Sequence[int]) -> Tensor:
    """Broadcast to a shape."""
    return expand(x, shape)


def broadcast_tensors(*tensors: Tensor) -> tuple[Tensor, ...]:
    """Broadcast tensors to their common shape."""
    shape = broadcast_shape(*(shape_of(each) for each in tensors))
    return tuple(F.broadcast_to(each, shape) if shape_of(each) != shape else each for each in tensors)


def squeeze(x: Tensor, dim: Dims = None) -> Tensor:
    """Remove dimensions of length 1: all, or those of `dim` that have it."""
    shape = shape_of(x)
    axes = axes_of(dim, len(shape)) if shape else ()
    axes = tuple(axis for axis in axes if shape[axis] == 1)
    if not axes:
        return x
    return F.squeeze(x, axes[0] if len(axes) == 1 else sorted(axes))


def unsqueeze(x: Tensor, dim: int) -> Tensor:
    """Insert a dimension of length 1."""
    return F.expand_dims(x, axis_of(dim, x.ndim + 1))


def pixel_shuffle(x: Tensor, upscale_factor: int) -> Tensor:
    """Rearrange `(*, C·r², H, W)` to `(*, C, H·r, W·r)`."""
    factor = upscale_factor
    *batch, channels, height, width = _image_shape(x, "pixel_shuffle")
    if factor < 1 or channels % (factor * factor):
        message = f"pixel_shuffle: {channels} channels are not divisible by upscale_factor² = {factor}²."
        raise InputError(message)
    inner = channels // (factor * factor)
    x = F.reshape(x, (-1, inner, factor, factor, height, width))
    x = F.transpose(x, (0, 1, 4, 2, 5, 3))
    return F.reshape(x, (*batch, inner, height * factor, width * factor))


def pixel_unshuffle(x: Tensor, downscale_factor: int) -> Tensor:
    """Rearrange `(*, C, H·r, W·r)` to `(*, C·r², H, W)`."""
    factor = downscale_factor
    *batch, channels, height, width = _image_shape(x, "pixel_unshuffle")
    if factor < 1 or height % factor or width % factor:
        message = f"pixel_unshuffle: {height} x {width} is not divisible by downscale_factor={factor}."
        raise InputError(message)
    x = F.reshape(x, (-1, channels, height // factor, factor, width // factor, factor))
    x = F.transpose(x, (0, 1, 3, 5, 2, 4))
    return F.reshape(x, (*batch, channels * factor * factor, height // factor, width // factor))


def _image_shape(x: Tensor, name: str) -> tuple[int, ...]:
    shape = shape_of(x)
    if len(shape) < 3:
        message = f"{name} needs an input of shape (*, C, H, W), not {shape}."
        raise InputError(message)
    return shape


def meshgrid(*tensors: Tensor, indexing: str = "ij") -> tuple[Tensor, ...]:
    """Grids of coordinates from vectors; `"ij"` puts the first along rows, `"xy"` along columns."""
    if len(tensors) == 1 and isinstance(tensors[0], list | tuple):
        tensors = tuple(tensors[0])
    if indexing not in ("ij", "xy"):
        message = f"meshgrid: indexing must be 'ij' or 'xy', not {indexing!r}."
        raise InputError(message)
    swapped = indexing == "xy" and len(tensors) > 1
    order = [1, 0, *range(2, len(tensors))] if swapped else list(range(len(tensors)))
    vectors = [F.reshape(each, (-1,)) for each in tensors]
    lengths = [shape_of(vectors[place])[0] for place in order]
    grids = []
    for place, vector in enumerate(vectors):
        shape = [1] * len(vectors)
        shape[order.index(place)] = -1
        grids.append(F.broadcast_to(F.reshape(vector, tuple(shape)), lengths))
    return tuple(grids)
