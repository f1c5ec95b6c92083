"""Shape operations with torch's semantics on MegEngine tensors."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import Any

import megengine.functional as F
import numpy as np

from polynet.errors import InputError, OptionError
from polynet.ops.arguments import Dims
from polynet.ops.checks import check_dim, check_dims, check_option, check_permutation, check_split, whole_number
from polynet.types import Tensor
from polynet_megengine.ops._tensors import (
    array_like,
    broadcast,
    drop_axes,
    is_leading,
    is_tensor,
    materialise,
    shape_of,
)


def reshape(input: Tensor, shape: int | Sequence[int]) -> Tensor:
    """The same elements in another shape; one size may be -1."""
    try:
        return F.reshape(input, (shape,) if isinstance(shape, int) else shape)
    except (RuntimeError, ValueError) as error:
        message = f"A tensor of shape {shape_of(input)} cannot take the shape {shape}."
        raise InputError(message) from error


def flatten(input: Tensor, start_dim: int = 0, end_dim: int = -1) -> Tensor:
    """Merge dimensions `start_dim` to `end_dim` into one."""
    ndim = input.ndim
    start, end = check_dim("flatten", start_dim, ndim), check_dim("flatten", end_dim, ndim)
    if start > end:
        message = f"flatten: start_dim={start_dim} lies behind end_dim={end_dim}."
        raise InputError(message)
    if start == end and ndim > 0:
        return input
    shape = shape_of(input)
    if 0 in shape:
        return F.reshape(input, (*shape[:start], int(np.prod(shape[start : end + 1])), *shape[end + 1 :]))
    return F.flatten(input, start, -1 if end == ndim - 1 else end)


def _check_lengths(operation: str, sizes: Any) -> None:
    """Refuse a tensor for a shape unless it lists whole numbers, as a traced shape does."""
    if is_tensor(sizes) and (sizes.ndim != 1 or sizes.dtype.kind not in "iu"):
        message = f"{operation}: a shape is a list of whole numbers, not a tensor of {sizes.dtype}."
        raise OptionError(message)


def unflatten(input: Tensor, dim: int, sizes: Sequence[int]) -> Tensor:
    """Split one dimension into several; one size may be -1."""
    axis = check_dim("unflatten", dim, input.ndim)
    _check_lengths("unflatten", sizes)
    shape = shape_of(input)
    return reshape(input, (*shape[:axis], *sizes, *shape[axis + 1 :]))


def permute(input: Tensor, dims: Sequence[int]) -> Tensor:
    """Reorder the dimensions."""
    axes = check_permutation("permute", dims, input.ndim)
    return F.transpose(input, axes) if len(axes) > 1 else input


def transpose(input: Tensor, dim0: int, dim1: int) -> Tensor:
    """Swap two dimensions."""
    ndim = input.ndim
    first, second = check_dim("transpose", dim0, ndim), check_dim("transpose", dim1, ndim)
    return input if first == second else F.swapaxes(input, first, second)


def cat(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    """Join tensors along an existing dimension."""
    tensors = _as_sequence(tensors, "cat")
    axis = check_dim("cat", dim, tensors[0].ndim)
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
    return F.stack(tensors, check_dim("stack", dim, tensors[0].ndim + 1))


def _as_sequence(tensors: Sequence[Tensor], name: str) -> list[Tensor]:
    if is_tensor(tensors) or len(tensors) == 0:
        message = f"{name} needs a non-empty sequence of tensors."
        raise InputError(message)
    return list(tensors)


def split(tensor: Tensor, split_size_or_sections: int | Sequence[int], dim: int = 0) -> tuple[Tensor, ...]:
    """Cut along a dimension into parts of one size (the last may be smaller) or of the sizes given."""
    axis = check_dim("split", dim, tensor.ndim)
    sizes = check_split(split_size_or_sections, shape_of(tensor)[axis])
    if len(sizes) == 1:
        return (tensor,)
    return _own_memory(F.split(tensor, list(accumulate(sizes[:-1])), axis), axis, shape_of(tensor))


def chunk(input: Tensor, chunks: int, dim: int = 0) -> tuple[Tensor, ...]:
    """Cut along a dimension into at most `chunks` parts of equal size, the last possibly smaller."""
    if chunks < 1:
        message = f"chunk: the number of chunks must be positive, not {chunks}."
        raise InputError(message)
    length = shape_of(input)[check_dim("chunk", dim, input.ndim)]
    return split(input, -(-length // chunks), dim) if length else (input,) * chunks


def unbind(input: Tensor, dim: int = 0) -> tuple[Tensor, ...]:
    """The slices along a dimension, without it."""
    axis = check_dim("unbind", dim, input.ndim)
    length = shape_of(input)[axis]
    if length <= 1:
        return (F.squeeze(input, axis),) * length
    parts = [F.squeeze(part, axis) for part in F.split(input, length, axis)]
    return _own_memory(parts, axis, shape_of(input))


def _own_memory(parts: Sequence[Tensor], axis: int, shape: tuple[int, ...]) -> tuple[Tensor, ...]:
    return tuple(parts) if is_leading(axis, shape) else tuple(materialise(part) for part in parts)


def roll(input: Tensor, shifts: int | Sequence[int], dims: Dims = None) -> Tensor:
    """Shift elements along dimensions, those pushed out coming in at the other end; flattened where `dims` is None."""
    if dims is None:
        if not isinstance(shifts, int):
            message = f"roll: shifts={shifts} need dims."
            raise InputError(message)
        return F.reshape(F.roll(F.flatten(input), shifts, 0), shape_of(input))
    axes = (dims,) if isinstance(dims, int) else tuple(dims)
    given = (shifts,) if isinstance(shifts, int) else tuple(shifts)
    steps = tuple(whole_number("roll", "shifts", each) for each in given)
    if len(axes) != len(steps):
        message = f"roll: shifts={shifts} and dims={dims} must have the same length."
        raise InputError(message)
    return F.roll(input, steps, tuple(check_dim("roll", each, input.ndim) for each in axes))


def flip(input: Tensor, dims: int | Sequence[int]) -> Tensor:
    """Reverse the order along dimensions."""
    if isinstance(dims, Sequence) and len(dims) == 0:
        return input
    axes = check_dims("flip", dims, input.ndim)
    reversed_ = input[tuple(slice(None, None, -1) if axis in axes else slice(None) for axis in range(input.ndim))]
    return materialise(reversed_)


def tile(input: Tensor, dims: Sequence[int]) -> Tensor:
    """Repeat the whole tensor along dimensions; missing repeats and missing dimensions count as 1 in front."""
    repeats = (dims,) if isinstance(dims, int) else tuple(int(each) for each in dims)
    if min(repeats, default=1) < 0:
        message = f"tile: repeats must not be negative, they are {repeats}."
        raise InputError(message)
    shape = shape_of(input)
    repeats = (1,) * (len(shape) - len(repeats)) + repeats
    shape = (1,) * (len(repeats) - len(shape)) + shape
    result = F.reshape(input, shape)
    for axis, count in enumerate(repeats):
        if count != 1:
            result = F.concat([result] * count, axis) if count else _emptied(result, axis)
    return result


def repeat(input: Tensor, repeats: Sequence[int]) -> Tensor:
    """Repeat the whole tensor along dimensions; there must be at least one repeat for each dimension."""
    if len(repeats) < input.ndim:
        message = f"repeat: {len(repeats)} repeats for a tensor of {input.ndim} dimensions; give at least one each."
        raise InputError(message)
    return tile(input, repeats)


def _emptied(input: Tensor, axis: int) -> Tensor:
    return input[(slice(None),) * axis + (slice(0, 0),)]


def repeat_interleave(input: Tensor, repeats: Any, dim: int | None = None) -> Tensor:
    """Repeat each element along a dimension; flattened where `dim` is None."""
    if dim is None:
        input, dim = F.flatten(input), 0
    axis = check_dim("repeat_interleave", dim, input.ndim)
    length = shape_of(input)[axis]
    counts = np.asarray(repeats.numpy() if is_tensor(repeats) else repeats)
    if counts.dtype.kind not in "iub" or counts.size not in (1, length) or (counts < 0).any():
        message = f"repeat_interleave: repeats must be one non-negative integer or {length}, not {counts.tolist()}."
        raise InputError(message)
    if counts.size == 1 and counts.item() > 0:
        return repeat_each(input, int(counts.item()), axis)
    index = np.repeat(np.arange(length, dtype="int32"), counts.reshape(-1))
    if index.size == 0:
        return _emptied(input, axis)
    return input[(slice(None),) * axis + (array_like(index, input),)]


def repeat_each(x: Tensor, count: int, axis: int) -> Tensor:
    """Each slice along an axis `count` times in a row."""
    shape = shape_of(x)
    wide = broadcast(F.expand_dims(x, axis + 1), (*shape[: axis + 1], count, *shape[axis + 1 :]))
    return F.reshape(wide, (*shape[:axis], shape[axis] * count, *shape[axis + 1 :]))


def expand(input: Tensor, size: int | Sequence[int]) -> Tensor:
    """Broadcast to a larger size; -1 keeps a dimension."""
    _check_lengths("expand", size)
    sizes = (size,) if isinstance(size, int) else tuple(size)
    shape = shape_of(input)
    kept = (None,) * (len(sizes) - len(shape)) + shape
    fits = len(kept) == len(sizes) and all(
        is_tensor(wanted) or (wanted == -1 and own is not None) or (wanted >= 0 and own in (None, 1, wanted))
        for own, wanted in zip(kept, sizes, strict=True)
    )
    if not fits:
        message = f"A tensor of shape {shape} cannot be expanded to {sizes}."
        raise InputError(message)
    pairs = zip(kept, sizes, strict=True)
    target: list[Any] = [own if not is_tensor(wanted) and wanted == -1 else wanted for own, wanted in pairs]
    if any(is_tensor(wanted) for wanted in sizes):
        # Lengths taken from a traced tensor's shape stay open in the graph, so that other batch sizes run.
        return F.broadcast_to(input, target) * 1
    return broadcast(input, target)


def squeeze(input: Tensor, dim: Dims = None) -> Tensor:
    """Remove dimensions of length 1: all, or those of `dim` that have it."""
    shape = shape_of(input)
    axes = check_dims("squeeze", dim, len(shape)) if shape else ()
    axes = tuple(axis for axis in axes if shape[axis] == 1)
    if not axes:
        return input
    return drop_axes(input, axes)


def unsqueeze(input: Tensor, dim: int) -> Tensor:
    """Insert a dimension of length 1."""
    return F.expand_dims(input, check_dim("unsqueeze", dim, input.ndim + 1))


def pixel_shuffle(input: Tensor, upscale_factor: int) -> Tensor:
    """Rearrange `(*, C·r², H, W)` to `(*, C, H·r, W·r)`."""
    factor = upscale_factor
    *batch, channels, height, width = _image_shape(input, "pixel_shuffle")
    if factor < 1 or channels % (factor * factor):
        message = f"pixel_shuffle: {channels} channels are not divisible by upscale_factor² = {factor}²."
        raise InputError(message)
    inner = channels // (factor * factor)
    input = F.reshape(input, (-1, inner, factor, factor, height, width))
    input = F.transpose(input, (0, 1, 4, 2, 5, 3))
    return F.reshape(input, (*batch, inner, height * factor, width * factor))


def pixel_unshuffle(input: Tensor, downscale_factor: int) -> Tensor:
    """Rearrange `(*, C, H·r, W·r)` to `(*, C·r², H, W)`."""
    factor = downscale_factor
    *batch, channels, height, width = _image_shape(input, "pixel_unshuffle")
    if factor < 1 or height % factor or width % factor:
        message = f"pixel_unshuffle: {height} input {width} is not divisible by downscale_factor={factor}."
        raise InputError(message)
    input = F.reshape(input, (-1, channels, height // factor, factor, width // factor, factor))
    input = F.transpose(input, (0, 1, 3, 5, 2, 4))
    return F.reshape(input, (*batch, channels * factor * factor, height // factor, width // factor))


def _image_shape(input: Tensor, name: str) -> tuple[int, ...]:
    shape = shape_of(input)
    if len(shape) < 3:
        message = f"{name} needs an input of shape (*, C, H, W), not {shape}."
        raise InputError(message)
    return shape


def meshgrid(*tensors: Tensor, indexing: str = "ij") -> tuple[Tensor, ...]:
    """Grids of coordinates from vectors; `"ij"` puts the first along rows, `"xy"` along columns."""
    if len(tensors) == 1 and isinstance(tensors[0], list | tuple):
        tensors = tuple(tensors[0])
    check_option("meshgrid", "indexing", indexing, ("ij", "xy"))
    if any(each.ndim > 1 for each in tensors):
        message = f"meshgrid needs vectors, not shapes {', '.join(str(shape_of(each)) for each in tensors)}."
        raise InputError(message)
    swapped = indexing == "xy" and len(tensors) > 1
    order = [1, 0, *range(2, len(tensors))] if swapped else list(range(len(tensors)))
    vectors = [F.reshape(each, (-1,)) for each in tensors]
    lengths = [shape_of(vectors[place])[0] for place in order]
    grids = []
    for place, vector in enumerate(vectors):
        shape = [1] * len(vectors)
        shape[order.index(place)] = -1
        grids.append(broadcast(F.reshape(vector, tuple(shape)), lengths))
    return tuple(grids)
