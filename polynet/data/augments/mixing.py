"""The arithmetic of mixing, on arrays and on tensors alike, and the boxes that are pasted."""

from __future__ import annotations

from typing import Any

import numpy as np

from polynet import ops

Array = np.ndarray[Any, np.dtype[Any]]
Box = tuple[int, int, int, int]
"""Top, bottom, left, right; bottom and right are outside."""


def take(batch: Any, order: Array) -> Any:
    """A batch's rows in another order.

    Example:
        >>> take(ops.tensor([1.0, 2.0]), np.array([1, 0])).tolist()
        [2.0, 1.0]
    """
    if isinstance(batch, np.ndarray):
        return batch[order]
    return ops.index_select(batch, 0, ops.tensor(np.ascontiguousarray(order), like=batch))


def blend(batch: Any, other: Any, weight: float | Array) -> Any:
    """`weight` of one batch and the rest of another; bytes are rounded to the nearest.

    Args:
        batch: Any batch.
        other: Another of its shape.
        weight: One number, or one for each row.

    Example:
        >>> blend(np.array([[10], [20]], np.uint8), np.array([[20], [10]], np.uint8), 0.75).tolist()
        [[12], [18]]
    """
    is_bytes = not _is_floating(batch)
    first, second = (_as_float(batch), _as_float(other)) if is_bytes else (batch, other)
    if isinstance(weight, float):
        mixed = first * weight + second * (1.0 - weight)
    else:
        shape = (-1, *(1,) * (batch.ndim - 1))
        own, rest = (np.reshape(each, shape).astype(np.float32) for each in (weight, 1.0 - weight))
        if not isinstance(batch, np.ndarray):
            own, rest = ops.tensor(own, like=batch), ops.tensor(rest, like=batch)
        mixed = first * own + second * rest
    if not is_bytes:
        return mixed
    if isinstance(mixed, np.ndarray):
        return np.rint(mixed).astype(batch.dtype)
    return ops.cast(ops.round(mixed), ops.dtype_name(batch))


def paste(batch: Any, other: Any, boxes: Box | Array) -> Any:
    """A batch with boxes of another batch's in the same places.

    Args:
        batch: Images `(N, C, H, W)`.
        other: Another batch of that shape.
        boxes: One box for all images, or one for each, `(N, 4)`; an empty box pastes nothing.
    """
    mask = box_mask(np.atleast_2d(np.asarray(boxes)), batch.shape[2:])[:, None]
    if isinstance(batch, np.ndarray):
        return np.where(mask, other, batch)
    return ops.where(ops.tensor(mask, like=batch), other, batch)


def box_mask(boxes: Array, shape: tuple[int, int]) -> Array:
    """Which pixels lie in each of boxes `(N, 4)`: `(N, H, W)`.

    Example:
        >>> box_mask(np.array([[0, 1, 1, 2]]), (2, 2)).astype(int).tolist()
        [[[0, 1], [0, 0]]]
    """
    top, bottom, left, right = (boxes[:, side, None] for side in range(4))
    rows, columns = np.arange(shape[0])[None], np.arange(shape[1])[None]
    inside: Array = ((rows >= top) & (rows < bottom))[:, :, None] & ((columns >= left) & (columns < right))[:, None]
    return inside


def draw_box(
    generator: np.random.Generator,
    shape: tuple[int, int],
    weight: float,
    minmax: tuple[float, float] | None = None,
    correct: bool = True,
) -> tuple[Box, float]:
    """A box to be pasted, and how much of the image is then left.

    Args:
        generator: What it is drawn from.
        shape: Height and width of the image.
        weight: How much is to be left of the image: the box has the same shape, and its centre lies anywhere, so that
            the image's border may cut it.
        minmax: The least and greatest side of the box as shares of the image's; then `weight` counts for nothing.
        correct: Whether to say how much is left indeed, with a box that was cut.

    Source: timm's CutMix (Wightman), whose boxes have their whole size where the first one's lost a pixel of odd sides.
    """
    height, width = int(shape[0]), int(shape[1])
    if minmax is not None:
        sides = [
            int(generator.integers(int(side * minmax[0]), max(int(side * minmax[1]), int(side * minmax[0]) + 1)))
            for side in (height, width)
        ]
        top, left = (
            int(generator.integers(0, whole - side + 1)) for whole, side in zip((height, width), sides, strict=True)
        )
        box = (top, top + sides[0], left, left + sides[1])
    else:
        ratio = np.sqrt(1.0 - weight)
        cut_height, cut_width = int(height * ratio), int(width * ratio)
        middle, centre = int(generator.integers(0, height)), int(generator.integers(0, width))
        box = (
            max(middle - cut_height // 2, 0),
            min(middle + (cut_height + 1) // 2, height),
            max(centre - cut_width // 2, 0),
            min(centre + (cut_width + 1) // 2, width),
        )
    if correct or minmax is not None:
        weight = 1.0 - (box[1] - box[0]) * (box[3] - box[2]) / float(height * width)
    return box, float(weight)


def resized(batch: Any, height: int, width: int, interpolation: str = "bilinear") -> Any:
    """Images in another size, as one product of matrices for each axis, the same for arrays and for tensors.

    Example:
        >>> resized(np.array([[[[0.0, 4.0]]]], np.float32), 1, 4).tolist()
        [[[[0.0, 1.0, 3.0, 4.0]]]]
    """
    rows = _weights(batch.shape[2], height, interpolation)
    columns = _weights(batch.shape[3], width, interpolation).T
    if not isinstance(batch, np.ndarray):
        images = batch if _is_floating(batch) else _as_float(batch)
        tensors = (ops.tensor(np.ascontiguousarray(matrix), like=batch) for matrix in (rows, columns))
        rows, columns = tensors
        made = ops.matmul(ops.matmul(rows, images), columns)
        return made if images is batch else ops.cast(ops.round(made), ops.dtype_name(batch))
    made = rows @ batch.astype(np.float32) @ columns
    return made if _is_floating(batch) else np.rint(made).astype(batch.dtype)


def _weights(before: int, after: int, interpolation: str) -> Array:
    """The matrix `(after, before)` that resizes an axis, pixels counted by their centres."""
    place = (np.arange(after) + 0.5) * (before / after) - 0.5
    weights = np.zeros((after, before), np.float32)
    if interpolation == "nearest":
        weights[np.arange(after), np.minimum(np.arange(after) * before // after, before - 1)] = 1.0
        return weights
    place = np.maximum(place, 0.0)
    first = np.minimum(place.astype(np.int64), before - 1)
    second = np.minimum(first + 1, before - 1)
    share = (place - first).astype(np.float32)
    np.add.at(weights, (np.arange(after), first), 1.0 - share)
    np.add.at(weights, (np.arange(after), second), share)
    return weights


def _is_floating(batch: Any) -> bool:
    if isinstance(batch, np.ndarray):
        return bool(batch.dtype.kind == "f")
    return "float" in str(ops.dtype_name(batch))


def _as_float(batch: Any) -> Any:
    return batch.astype(np.float32) if isinstance(batch, np.ndarray) else ops.cast(batch, "float32")
