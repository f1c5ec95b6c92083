"""Padding and sliding windows."""

from __future__ import annotations

from collections.abc import Sequence

from polynet.errors import InputError, OptionError
from polynet_shapes.rules import Shape, as_ints, per_axis, product, split_spatial, windows
from polynet_shapes.tensor import ShapeTensor

__all__ = ["fold", "pad", "unfold"]


def pad(input: ShapeTensor, pad: Sequence[int], mode: str = "constant", value: float | None = None) -> ShapeTensor:
    """Lengths grown by their pairs, that of the last axis first."""
    amounts = as_ints(pad, "pad", "pad")
    pairs = list(zip(amounts[::2], amounts[1::2], strict=False))
    if len(amounts) % 2 or len(pairs) > input.ndim:
        message = f"pad needs at most {input.ndim} pairs for {list(input.shape)}, and was given {list(amounts)}."
        raise OptionError(message)
    if mode != "constant":
        _check_border(input.shape, pairs, mode)
    lengths = list(input.shape)
    for place, (before, after) in enumerate(pairs, start=1):
        lengths[-place] += before + after
        if lengths[-place] < 0:
            message = f"pad: cropping {list(amounts)} leaves nothing of {list(input.shape)}."
            raise InputError(message)
    return input.like(tuple(lengths))


def _check_border(shape: Shape, pairs: list[tuple[int, int]], mode: str) -> None:
    """Borders made of the input itself go on the spatial axes, and reach no further than it does."""
    if len(pairs) not in (1, 2, 3) or len(shape) not in (len(pairs) + 1, len(pairs) + 2):
        message = (
            f"pad with mode {mode!r} takes the last 1, 2 or 3 axes after (N, C) or (C,); "
            f"{len(pairs)} pairs were given for {list(shape)}."
        )
        raise InputError(message)
    for length, pair in zip(shape[::-1], pairs, strict=False):
        longest = {"reflect": length - 1, "circular": length}.get(mode)
        if length < 1 or (longest is not None and max(pair) > longest):
            message = f"pad with mode {mode!r}: a border of {pair} is too wide for an axis of {length}."
            raise InputError(message)


def _window_counts(operation: str, lengths: Shape, arguments: dict[str, int | Sequence[int]]) -> tuple[Shape, Shape]:
    """Kernel, and how many windows there are along each axis."""
    each = {name: per_axis(value, 2, operation, name) for name, value in arguments.items()}
    counts = windows(operation, lengths, each["kernel_size"], each["stride"], each["padding"], each["dilation"])
    return each["kernel_size"], counts


def unfold(
    input: ShapeTensor,
    kernel_size: int | Sequence[int],
    dilation: int | Sequence[int] = 1,
    padding: int | Sequence[int] = 0,
    stride: int | Sequence[int] = 1,
) -> ShapeTensor:
    """Columns of window contents, one for each window."""
    batch, channels, lengths = split_spatial(input.shape, 2, "unfold")
    arguments = {"kernel_size": kernel_size, "dilation": dilation, "padding": padding, "stride": stride}
    kernel, counts = _window_counts("unfold", lengths, arguments)
    return input.like((*batch, channels * product(kernel), product(counts)))


def fold(
    input: ShapeTensor,
    output_size: int | Sequence[int],
    kernel_size: int | Sequence[int],
    dilation: int | Sequence[int] = 1,
    padding: int | Sequence[int] = 0,
    stride: int | Sequence[int] = 1,
) -> ShapeTensor:
    """Images put together from columns, whose number and length must be those `unfold` gives."""
    lengths = per_axis(output_size, 2, "fold", "output_size")
    arguments = {"kernel_size": kernel_size, "dilation": dilation, "padding": padding, "stride": stride}
    kernel, counts = _window_counts("fold", lengths, arguments)
    area = product(kernel)
    if input.ndim not in (2, 3) or input.shape[-2] % area or input.shape[-1] != product(counts):
        message = (
            f"fold to {list(lengths)} by windows of {list(kernel)} needs an input of (N, C * {area}, "
            f"{product(counts)}), and was given {list(input.shape)}."
        )
        raise InputError(message)
    return input.like((*input.shape[:-2], input.shape[-2] // area, *lengths))
