"""Rearranging tensors: what changes a shape, an order of axes or of elements, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence

from polynet.ops.arguments import Dims, IntOrInts, namespace_of_sequence
from polynet.ops.checks import check_option
from polynet.ops.dispatch import namespace_of
from polynet.ops.explain import explained
from polynet.types import Tensor

INDEXINGS = ("ij", "xy")


@explained
def reshape(input: Tensor, shape: Sequence[int]) -> Tensor:
    """Return the same elements in another shape; one length may be -1, to be worked out.

    Example:
        >>> tuple(ops.reshape(ops.zeros((2, 6)), (3, -1)).shape)
        (3, 4)
    """
    return namespace_of(input).reshape(input, shape)


@explained
def flatten(input: Tensor, start_dim: int = 0, end_dim: int = -1) -> Tensor:
    """Return the axes from `start_dim` to `end_dim`, both included, as one.

    Example:
        >>> tuple(ops.flatten(ops.zeros((2, 3, 4)), 1).shape)
        (2, 12)
    """
    return namespace_of(input).flatten(input, start_dim, end_dim)


@explained
def unflatten(input: Tensor, dim: int, sizes: Sequence[int]) -> Tensor:
    """Return one axis split into several; one of `sizes` may be -1.

    Example:
        >>> tuple(ops.unflatten(ops.zeros((2, 12)), 1, (3, -1)).shape)
        (2, 3, 4)
    """
    return namespace_of(input).unflatten(input, dim, sizes)


@explained
def permute(input: Tensor, dims: Sequence[int]) -> Tensor:
    """Return the axes in the order `dims`; negative ones count from the end.

    Example:
        >>> tuple(ops.permute(ops.zeros((2, 3, 4)), (0, -1, 1)).shape)
        (2, 4, 3)
    """
    return namespace_of(input).permute(input, dims)


@explained
def transpose(input: Tensor, dim0: int, dim1: int) -> Tensor:
    """Return the tensor with two axes exchanged.

    Example:
        >>> tuple(ops.transpose(ops.zeros((2, 3, 4)), 1, 2).shape)
        (2, 4, 3)
    """
    return namespace_of(input).transpose(input, dim0, dim1)


@explained
def cat(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    """Return tensors joined along an axis which they have.

    Raises:
        InputError: The sequence is empty.

    Example:
        >>> ops.cat([ops.tensor([1.0]), ops.tensor([2.0, 3.0])]).tolist()
        [1.0, 2.0, 3.0]
    """
    return namespace_of_sequence(tensors, "cat").cat(tensors, dim)


@explained
def stack(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    """Return tensors of one shape joined along a new axis.

    Raises:
        InputError: The sequence is empty.

    Example:
        >>> ops.stack([ops.tensor([1.0, 2.0]), ops.tensor([3.0, 4.0])], dim=1).tolist()
        [[1.0, 3.0], [2.0, 4.0]]
    """
    return namespace_of_sequence(tensors, "stack").stack(tensors, dim)


@explained
def split(tensor: Tensor, split_size_or_sections: IntOrInts, dim: int = 0) -> tuple[Tensor, ...]:
    """Return pieces of a given length, the last one maybe shorter, or pieces of the lengths listed.

    Example:
        >>> [piece.tolist() for piece in ops.split(ops.arange(5), 2)]
        [[0, 1], [2, 3], [4]]
    """
    result: tuple[Tensor, ...] = namespace_of(tensor).split(tensor, split_size_or_sections, dim)
    return result


@explained
def chunk(input: Tensor, chunks: int, dim: int = 0) -> tuple[Tensor, ...]:
    """Return at most `chunks` pieces of length `ceil(length / chunks)`, the last one maybe shorter.

    Example:
        >>> [piece.tolist() for piece in ops.chunk(ops.arange(5), 2)]
        [[0, 1, 2], [3, 4]]
    """
    result: tuple[Tensor, ...] = namespace_of(input).chunk(input, chunks, dim)
    return result


@explained
def unbind(input: Tensor, dim: int = 0) -> tuple[Tensor, ...]:
    """Return the slices along an axis, which disappears.

    Example:
        >>> [row.tolist() for row in ops.unbind(ops.tensor([[1, 2], [3, 4]]))]
        [[1, 2], [3, 4]]
    """
    result: tuple[Tensor, ...] = namespace_of(input).unbind(input, dim)
    return result


@explained
def roll(input: Tensor, shifts: IntOrInts, dims: Dims = None) -> Tensor:
    """Return the elements moved round along axes; without `dims`, as if the tensor were flat.

    Example:
        >>> ops.roll(ops.tensor([1, 2, 3]), 1).tolist()
        [3, 1, 2]
    """
    return namespace_of(input).roll(input, shifts, dims)


@explained
def flip(input: Tensor, dims: IntOrInts) -> Tensor:
    """Return the tensor with the order along some axes reversed.

    Example:
        >>> ops.flip(ops.tensor([1, 2, 3]), (0,)).tolist()
        [3, 2, 1]
    """
    return namespace_of(input).flip(input, dims)


@explained
def repeat(input: Tensor, repeats: Sequence[int]) -> Tensor:
    """Return the tensor laid out side by side so often along each axis, as torch's `Tensor.repeat`.

    Args:
        input: Any shape.
        repeats: One count for each axis; more counts than axes add axes in front.

    Example:
        >>> ops.repeat(ops.tensor([1, 2]), (2, 2)).tolist()
        [[1, 2, 1, 2], [1, 2, 1, 2]]
    """
    return namespace_of(input).repeat(input, repeats)


@explained
def tile(input: Tensor, dims: Sequence[int]) -> Tensor:
    """Return as `repeat` does, but fewer counts than axes are for the last axes.

    Example:
        >>> ops.tile(ops.tensor([[1], [2]]), (2,)).tolist()
        [[1, 1], [2, 2]]
    """
    return namespace_of(input).tile(input, dims)


@explained
def repeat_interleave(input: Tensor, repeats: int, dim: int | None = None) -> Tensor:
    """Return each element so often in a row along an axis; without `dim`, of the flat tensor.

    Example:
        >>> ops.repeat_interleave(ops.tensor([1, 2]), 2).tolist()
        [1, 1, 2, 2]
    """
    return namespace_of(input).repeat_interleave(input, repeats, dim)


@explained
def expand(input: Tensor, size: Sequence[int]) -> Tensor:
    """Return axes of length 1 stretched to `size`; -1 keeps a length, more lengths than axes add axes in front.

    Example:
        >>> ops.expand(ops.tensor([[1], [2]]), (-1, 3)).tolist()
        [[1, 1, 1], [2, 2, 2]]
    """
    return namespace_of(input).expand(input, size)


@explained
def squeeze(input: Tensor, dim: Dims = None) -> Tensor:
    """Return the tensor without the axes of length 1: all of them, or those among `dim`. Longer axes stay.

    Example:
        >>> tuple(ops.squeeze(ops.zeros((1, 3, 1)), 0).shape), tuple(ops.squeeze(ops.zeros((1, 3, 1)), 1).shape)
        ((3, 1), (1, 3, 1))
    """
    return namespace_of(input).squeeze(input, dim)


@explained
def unsqueeze(input: Tensor, dim: int) -> Tensor:
    """Return the tensor with a new axis of length 1 at `dim`.

    Example:
        >>> tuple(ops.unsqueeze(ops.zeros((2, 3)), -1).shape)
        (2, 3, 1)
    """
    return namespace_of(input).unsqueeze(input, dim)


@explained
def meshgrid(*tensors: Tensor, indexing: str = "ij") -> tuple[Tensor, ...]:
    """Return the coordinates of a grid, one tensor for each of the 1-d tensors given.

    Args:
        *tensors: The coordinates along each axis.
        indexing: `"ij"`, the default, lays the first along the rows; `"xy"` along the columns.

    Raises:
        OptionError: `indexing` is neither.

    Example:
        >>> rows, columns = ops.meshgrid(ops.arange(2), ops.arange(2))
        >>> rows.tolist(), columns.tolist()
        ([[0, 0], [1, 1]], [[0, 1], [0, 1]])
    """
    check_option("meshgrid", "indexing", indexing, INDEXINGS)
    namespace = namespace_of_sequence(tensors, "meshgrid")
    result: tuple[Tensor, ...] = namespace.meshgrid(*tensors, indexing=indexing)
    return result


@explained
def pixel_shuffle(input: Tensor, upscale_factor: int) -> Tensor:
    """Return `(N, C * r * r, H, W)` as `(N, C, H * r, W * r)`; Shi et al. 2016.

    Example:
        >>> tuple(ops.pixel_shuffle(ops.zeros((1, 8, 3, 3)), 2).shape)
        (1, 2, 6, 6)
    """
    return namespace_of(input).pixel_shuffle(input, upscale_factor)


@explained
def pixel_unshuffle(input: Tensor, downscale_factor: int) -> Tensor:
    """Return `(N, C, H * r, W * r)` as `(N, C * r * r, H, W)`: the inverse of `pixel_shuffle`.

    Example:
        >>> tuple(ops.pixel_unshuffle(ops.zeros((1, 2, 6, 6)), 2).shape)
        (1, 8, 3, 3)
    """
    return namespace_of(input).pixel_unshuffle(input, downscale_factor)
