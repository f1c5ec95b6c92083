"""Rearranging: shapes change, dtypes stay."""

from __future__ import annotations

from collections.abc import Sequence

from polynet.errors import InputError, OptionError
from polynet_shapes import rules
from polynet_shapes.rules import Shape, as_axes, as_axis, as_int, as_ints, replaced
from polynet_shapes.tensor import ShapeTensor, promoted

__all__ = [
    "cat",
    "chunk",
    "expand",
    "flatten",
    "flip",
    "meshgrid",
    "permute",
    "pixel_shuffle",
    "pixel_unshuffle",
    "repeat",
    "repeat_interleave",
    "reshape",
    "roll",
    "split",
    "squeeze",
    "stack",
    "tile",
    "transpose",
    "unbind",
    "unflatten",
    "unsqueeze",
]


def reshape(input: ShapeTensor, shape: Sequence[int]) -> ShapeTensor:
    """The lengths given, which must hold as many elements."""
    return input.reshape(shape)


def flatten(input: ShapeTensor, start_dim: int = 0, end_dim: int = -1) -> ShapeTensor:
    """The axes between the two, both included, as one."""
    start, end = as_axis(start_dim, input.ndim, "flatten"), as_axis(end_dim, input.ndim, "flatten")
    if start > end:
        message = f"flatten: start_dim {start_dim} comes after end_dim {end_dim}."
        raise InputError(message)
    shape = input.shape or (1,)
    return input.like((*shape[:start], rules.product(shape[start : end + 1]), *shape[end + 1 :]))


def unflatten(input: ShapeTensor, dim: int, sizes: Sequence[int]) -> ShapeTensor:
    """One axis as several."""
    axis = as_axis(dim, input.ndim, "unflatten")
    lengths = rules.inferred("unflatten", input.shape[axis], as_ints(sizes, "unflatten", "sizes"))
    return input.like(replaced(input.shape, axis, *lengths))


def permute(input: ShapeTensor, dims: Sequence[int]) -> ShapeTensor:
    """The axes in another order."""
    order = tuple(as_axis(dim, input.ndim, "permute") for dim in as_ints(dims, "permute", "dims"))
    if sorted(order) != list(range(input.ndim)):
        message = f"permute: {list(dims)} does not name each of {input.ndim} axes once."
        raise InputError(message)
    return input.like(tuple(input.shape[axis] for axis in order))


def transpose(input: ShapeTensor, dim0: int, dim1: int) -> ShapeTensor:
    """Two axes exchanged."""
    first, second = as_axis(dim0, input.ndim, "transpose"), as_axis(dim1, input.ndim, "transpose")
    lengths = list(input.shape)
    if lengths:
        lengths[first], lengths[second] = lengths[second], lengths[first]
    return input.like(tuple(lengths))


def cat(tensors: Sequence[ShapeTensor], dim: int = 0) -> ShapeTensor:
    """The lengths along the axis added up; all others must agree."""
    first = tensors[0]
    axis = as_axis(dim, first.ndim, "cat")
    rest = {replaced(tensor.shape, axis, -1) for tensor in tensors}
    if len(rest) > 1 or not first.shape:
        shapes = ", ".join(str(list(tensor.shape)) for tensor in tensors)
        message = f"cat: the shapes {shapes} must have axes, and agree in all but axis {axis}."
        raise InputError(message)
    length = sum(tensor.shape[axis] for tensor in tensors)
    return ShapeTensor(replaced(first.shape, axis, length), promoted("cat", *tensors))


def stack(tensors: Sequence[ShapeTensor], dim: int = 0) -> ShapeTensor:
    """A new axis, as long as there are tensors."""
    return cat([unsqueeze(tensor, dim) for tensor in tensors], dim)


def split(tensor: ShapeTensor, split_size_or_sections: int | Sequence[int], dim: int = 0) -> tuple[ShapeTensor, ...]:
    """Pieces of one length, or of the lengths listed."""
    axis = as_axis(dim, tensor.ndim, "split")
    if not tensor.shape:
        message = "split needs a tensor with axes."
        raise InputError(message)
    length = tensor.shape[axis]
    if isinstance(split_size_or_sections, Sequence):
        sections = as_ints(split_size_or_sections, "split", "sections")
        if sum(sections) != length or any(section < 0 for section in sections):
            message = f"split: the sections {list(sections)} do not add up to {length}, the length of axis {axis}."
            raise InputError(message)
    else:
        sections = _pieces(length, as_int(split_size_or_sections, "split", "split size"))
    return tuple(tensor.like(replaced(tensor.shape, axis, section)) for section in sections)


def _pieces(length: int, size: int) -> Shape:
    if size < 1 and not (size == 0 and length == 0):
        message = f"split: pieces have at least 1 element, not {size}."
        raise OptionError(message)
    return tuple(min(size, length - start) for start in range(0, length, max(size, 1))) or (0,)


def chunk(input: ShapeTensor, chunks: int, dim: int = 0) -> tuple[ShapeTensor, ...]:
    """At most so many pieces, of one length but the last."""
    axis = as_axis(dim, input.ndim, "chunk")
    rules.check_positive("chunk", chunks=(as_int(chunks, "chunk", "chunks"),))
    if not input.shape:
        message = "chunk needs a tensor with axes."
        raise InputError(message)
    length = input.shape[axis]
    if length == 0:
        return (input,) * chunks
    return split(input, -(-length // chunks), axis)


def unbind(input: ShapeTensor, dim: int = 0) -> tuple[ShapeTensor, ...]:
    """One tensor for each place along the axis, without it."""
    axis = as_axis(dim, input.ndim, "unbind")
    if not input.shape:
        message = "unbind needs a tensor with axes."
        raise InputError(message)
    return tuple(input.like(replaced(input.shape, axis)) for _ in range(input.shape[axis]))


def roll(input: ShapeTensor, shifts: int | Sequence[int], dims: int | Sequence[int] | None = None) -> ShapeTensor:
    """The same shape; as many shifts as axes."""
    if dims is None:
        amounts, wanted = len(as_ints(shifts, "roll", "shifts")), 1
    else:
        amounts, wanted = len(as_ints(shifts, "roll", "shifts")), len(as_ints(dims, "roll", "dims"))
        for dim in as_ints(dims, "roll", "dims"):
            as_axis(dim, input.ndim, "roll")
    if amounts != wanted:
        message = f"roll: {amounts} shifts were given for {wanted} axes."
        raise InputError(message)
    return input.like(input.shape)


def flip(input: ShapeTensor, dims: int | Sequence[int]) -> ShapeTensor:
    """The same shape."""
    as_axes(dims, input.ndim, "flip")
    return input.like(input.shape)


def repeat(input: ShapeTensor, repeats: Sequence[int]) -> ShapeTensor:
    """Each length times its count; more counts than axes add axes in front."""
    counts = rules.as_shape(repeats, "repeat")
    added = len(counts) - input.ndim
    if added < 0:
        message = f"repeat needs a count for each of {input.ndim} axes; {list(counts)} was given."
        raise InputError(message)
    lengths = (1,) * added + input.shape
    return input.like(tuple(length * times for length, times in zip(lengths, counts, strict=True)))


def tile(input: ShapeTensor, dims: Sequence[int]) -> ShapeTensor:
    """As `repeat`; fewer counts than axes are for the last ones."""
    counts = rules.as_shape(dims, "tile")
    return repeat(input, (1,) * (input.ndim - len(counts)) + counts)


def repeat_interleave(input: ShapeTensor, repeats: int, dim: int | None = None) -> ShapeTensor:
    """One length, or the number of elements, times the count."""
    (times,) = rules.as_shape(as_int(repeats, "repeat_interleave", "repeats"), "repeat_interleave")
    if dim is None:
        return input.like((input.elements * times,))
    axis = as_axis(dim, input.ndim, "repeat_interleave")
    return input.like(replaced(input.shape, axis, (input.shape or (1,))[axis] * times))


def expand(input: ShapeTensor, size: Sequence[int]) -> ShapeTensor:
    """Axes of length 1 stretched, -1 standing for a length as it is, and axes added in front."""
    sizes = as_ints(size, "expand", "size")
    added = len(sizes) - input.ndim
    kept = sizes[: max(added, 0)] + input.shape
    new = tuple(length if wanted == -1 else wanted for wanted, length in zip(sizes, kept, strict=False))
    fits = added >= 0 and all(wanted >= 0 and length in (1, wanted) for wanted, length in zip(new, kept, strict=False))
    if not fits:
        message = f"expand: {list(input.shape)} cannot be stretched to {list(sizes)}."
        raise InputError(message)
    return input.like(new)


def squeeze(input: ShapeTensor, dim: int | Sequence[int] | None = None) -> ShapeTensor:
    """Without the axes of length 1, or those of them that are named."""
    named = () if isinstance(dim, Sequence) and not dim else as_axes(dim, input.ndim, "squeeze")
    return input.like(tuple(length for axis, length in enumerate(input.shape) if length != 1 or axis not in named))


def unsqueeze(input: ShapeTensor, dim: int) -> ShapeTensor:
    """With a new axis of length 1."""
    axis = as_axis(dim, input.ndim + 1, "unsqueeze")
    return input.like((*input.shape[:axis], 1, *input.shape[axis:]))


def meshgrid(*tensors: ShapeTensor, indexing: str = "ij") -> tuple[ShapeTensor, ...]:
    """One tensor of the grid's shape for each axis."""
    if any(tensor.ndim > 1 for tensor in tensors):
        message = f"meshgrid needs 1-d tensors, not {', '.join(str(list(tensor.shape)) for tensor in tensors)}."
        raise InputError(message)
    lengths = [tensor.elements for tensor in tensors]
    if indexing == "xy" and len(lengths) > 1:
        lengths[:2] = lengths[1::-1]
    return tuple(tensor.like(tuple(lengths)) for tensor in tensors)


def _check_image(operation: str, input: ShapeTensor) -> None:
    if input.ndim < 3:
        message = f"{operation} needs at least 3 axes (C, H, W), and was given {list(input.shape)}."
        raise InputError(message)


def pixel_shuffle(input: ShapeTensor, upscale_factor: int) -> ShapeTensor:
    """Channels over the factor squared, height and width times the factor."""
    _check_image("pixel_shuffle", input)
    channels, height, width = input.shape[-3:]
    factor = as_int(upscale_factor, "pixel_shuffle", "upscale_factor")
    rules.check_positive("pixel_shuffle", upscale_factor=(factor,))
    if channels % factor**2:
        message = f"pixel_shuffle by {factor} needs channels divisible by {factor**2}, and was given {channels}."
        raise InputError(message)
    return input.like((*input.shape[:-3], channels // factor**2, height * factor, width * factor))


def pixel_unshuffle(input: ShapeTensor, downscale_factor: int) -> ShapeTensor:
    """Channels times the factor squared, height and width over the factor."""
    _check_image("pixel_unshuffle", input)
    channels, height, width = input.shape[-3:]
    factor = as_int(downscale_factor, "pixel_unshuffle", "downscale_factor")
    rules.check_positive("pixel_unshuffle", downscale_factor=(factor,))
    if height % factor or width % factor:
        message = f"pixel_unshuffle by {factor} needs height and width divisible by it; {height} x {width} was given."
        raise InputError(message)
    return input.like((*input.shape[:-3], channels * factor**2, height // factor, width // factor))
