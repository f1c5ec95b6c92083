"""The shape that indexing gives: `x[0, :, None, ..., index]`, by torch's rules."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from polynet.errors import InputError, InputIndexError, UnsupportedError
from polynet_shapes.dtypes import dtype_named
from polynet_shapes.rules import Shape, as_int, broadcast


def indexed(shape: Shape, key: Any) -> Shape:
    """Shape of a tensor of shape `shape` indexed with `key`.

    Whole numbers take an axis away, slices shorten one, `None` adds one, `...` stands for the axes not named, and
    index tensors or lists broadcast together: into the place of the first of them where they stand side by side, to
    the front otherwise.

    Raises:
        InputIndexError: A whole number lies outside its axis, or more axes are indexed than there are.
        InputError: A key is of another type, or a slice goes backwards.
        UnsupportedError: A mask decides the shape by its values.
    """
    keys = _expanded(shape, key if isinstance(key, tuple) else (key,))
    lengths: list[int] = []
    advanced: list[tuple[int, Shape]] = []
    axis = 0
    for item in keys:
        if item is None:
            lengths.append(1)
            continue
        if isinstance(item, slice):
            lengths.append(_sliced(shape[axis], item))
        else:
            index_shape = _index_shape(item)
            if index_shape is None:
                _check_in_range(as_int(item, "indexing", "an index"), axis, shape)
            else:
                advanced.append((len(lengths), index_shape))
                lengths.append(-1)
        axis += 1
    return _with_advanced(lengths, advanced) if advanced else tuple(lengths)


def _expanded(shape: Shape, keys: tuple[Any, ...]) -> list[Any]:
    """Keys with `...` spelt out, one for each axis of the tensor besides the `None`s."""
    places = [place for place, key in enumerate(keys) if key is Ellipsis]
    consumed = sum(key is not None and key is not Ellipsis for key in keys)
    if consumed > len(shape):
        message = f"A tensor of shape {list(shape)} was indexed along {consumed} axes; it has {len(shape)}."
        raise InputIndexError(message)
    if len(places) > 1:
        message = "An index may contain `...` once."
        raise InputError(message)
    rest = [slice(None)] * (len(shape) - consumed)
    place = places[0] if places else len(keys)
    return [*keys[:place], *rest, *keys[place + 1 :]]


def _sliced(length: int, item: slice) -> int:
    if item.step is not None and as_int(item.step, "slicing", "step") <= 0:
        message = f"A slice's step must be at least 1, not {item.step}; ops.flip reverses an axis."
        raise InputError(message)
    return len(range(*item.indices(length)))


def _index_shape(item: Any) -> Shape | None:
    """Shape of an index tensor, array or list; `None` for a plain number."""
    if isinstance(item, bool) or str(getattr(item, "dtype", "")) in ("bool", "torch.bool"):
        message = "Indexing with a mask gives a shape that depends on values, which the backend 'shapes' has not."
        raise UnsupportedError(message)
    if isinstance(item, Sequence) and not isinstance(item, str):
        inner = {_index_shape(entry) or () for entry in item}
        if len(inner) > 1:
            message = f"The index list {item!r} is ragged."
            raise InputError(message)
        return (len(item), *(inner.pop() if inner else ()))
    if hasattr(item, "shape") and hasattr(item, "dtype"):
        if "int" not in dtype_named(item.dtype):
            message = f"An index tensor must hold whole numbers, not {item.dtype}."
            raise InputError(message)
        return tuple(item.shape)
    return None


def _check_in_range(index: int, axis: int, shape: Shape) -> None:
    length = shape[axis]
    if not -length <= index < length:
        message = f"Index {index} lies outside axis {axis} of shape {list(shape)}; allowed: {-length} to {length - 1}."
        raise InputIndexError(message)


def _with_advanced(lengths: list[int], advanced: list[tuple[int, Shape]]) -> Shape:
    places = [place for place, _ in advanced]
    together = broadcast("indexing", *(shape for _, shape in advanced))
    kept = [length for place, length in enumerate(lengths) if place not in places]
    adjacent = places[-1] - places[0] == len(places) - 1
    front = places[0] if adjacent else 0
    return (*kept[:front], *together, *kept[front:])
