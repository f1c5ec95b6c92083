"""Checks of arguments, in one voice for all backends.

A backend calls these where its framework would crash, or silently accept what makes no sense, and to bring arguments
into one form (a pair for a number, a count from the front for a negative axis). torch objects clearly by itself, so its
adapter calls few of them.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from typing import Any

from polynet.errors import InputError, InputIndexError, OptionError, suggest

INTERPOLATION_AXES = {"nearest": (3, 4, 5), "linear": (3,), "bilinear": (4,), "bicubic": (4,), "trilinear": (5,)}
"""How many axes an input may have, by mode of interpolation."""


def check_option(operation: str, argument: str, value: object, allowed: Sequence[str]) -> None:
    """Raise `OptionError` unless `value` is one of the words allowed, naming the nearest.

    Example:
        >>> check_option("pad", "mode", "reflekt", ("constant", "reflect"))
        Traceback (most recent call last):
        polynet.errors.OptionError: pad: mode='reflekt' is not one of 'constant', 'reflect'. Did you mean 'reflect'?
    """
    if value not in allowed:
        words = ", ".join(repr(word) for word in allowed)
        raise OptionError(f"{operation}: {argument}={value!r} is not one of {words}.{suggest(value, allowed)}")


def check_probability(operation: str, p: float) -> None:
    """Raise `OptionError` unless `p` is a number in [0, 1].

    Example:
        >>> check_probability("dropout", 0.5)
    """
    if isinstance(p, bool) or not isinstance(p, (int, float)) or not 0.0 <= p <= 1.0:
        raise OptionError(f"{operation}: p={p!r} is not a probability in [0, 1].")


def check_dim(operation: str, dim: int, ndim: int) -> int:
    """Return an axis counted from the front; `InputIndexError` where there is no such axis.

    Args:
        operation: The op's name, for the message.
        dim: The axis, negative from the end.
        ndim: How many axes there are. A number (no axes) may be addressed as if it had one.

    Example:
        >>> check_dim("softmax", -1, 3)
        2
    """
    span = max(ndim, 1)
    position = whole_number(operation, "dim", dim)
    if not -span <= position < span:
        raise InputIndexError(
            f"{operation}: dim={dim} is outside [{-span}, {span - 1}], the axes of a {ndim}-dimensional tensor."
        )
    return position % span


def check_dims(operation: str, dims: int | Sequence[int] | None, ndim: int) -> tuple[int, ...]:
    """Return axes counted from the front, each named once; `None` stands for all.

    Example:
        >>> check_dims("sum", (-1, 0), 3), check_dims("sum", None, 2)
        ((2, 0), (0, 1))
    """
    if dims is None:
        return tuple(range(ndim))
    given = (dims,) if not isinstance(dims, (tuple, list)) else tuple(dims)
    positions = tuple(check_dim(operation, dim, ndim) for dim in given)
    if len(set(positions)) != len(positions):
        raise InputError(f"{operation}: dim={dims!r} names an axis twice.")
    return positions


def check_permutation(operation: str, dims: Sequence[int], ndim: int) -> tuple[int, ...]:
    """Return an order of all axes, counted from the front.

    Example:
        >>> check_permutation("permute", (0, -1, 1), 3)
        (0, 2, 1)
    """
    positions = check_dims(operation, tuple(dims), ndim)
    if len(positions) != ndim:
        raise InputError(f"{operation}: dims={tuple(dims)!r} must name each of the {ndim} axes once.")
    return positions


def check_shape(operation: str, shape: Sequence[int], numel: int) -> tuple[int, ...]:
    """Return a shape for so many elements, with -1 worked out.

    Example:
        >>> check_shape("reshape", (2, -1), 6)
        (2, 3)
    """
    lengths = [whole_number(operation, "shape", length) for length in shape]
    unknown = [axis for axis, length in enumerate(lengths) if length == -1]
    if len(unknown) > 1 or any(length < -1 for length in lengths):
        raise InputError(f"{operation}: shape={tuple(shape)!r} may hold one -1, and else lengths from 0.")
    known = math.prod(length for length in lengths if length != -1)
    if unknown and known and numel % known == 0:
        lengths[unknown[0]] = numel // known
    if math.prod(lengths) != numel or -1 in lengths:
        raise InputError(f"{operation}: {numel} elements do not fit the shape {tuple(shape)!r}.")
    return tuple(lengths)


def check_numbers(
    operation: str, argument: str, value: int | Sequence[int], count: int, *, least: int = 0
) -> tuple[int, ...]:
    """Return one whole number for each of `count` axes, none below `least`; one number stands for all.

    Raises:
        OptionError: There are too many or few, one is no whole number, or too small.

    Example:
        >>> check_numbers("conv2d", "stride", 2, 2, least=1)
        (2, 2)
    """
    given = tuple(value) if isinstance(value, (tuple, list)) else (value,)
    numbers = tuple(whole_number(operation, argument, number) for number in given)
    if len(numbers) == 1:
        numbers *= count
    if len(numbers) != count:
        raise OptionError(f"{operation}: {argument}={value!r} must be one number or {count} of them.")
    if any(number < least for number in numbers):
        raise OptionError(f"{operation}: {argument}={value!r} must be at least {least}.")
    return numbers


def check_ndim(operation: str, ndim: int, allowed: Sequence[int], layout: str) -> None:
    """Raise `InputError` unless the number of axes is allowed.

    Example:
        >>> check_ndim("conv2d", 4, (4,), "(N, C, H, W)")
    """
    if ndim not in allowed:
        raise InputError(f"{operation} needs an input shaped {layout}; it was given {ndim} axes.")


def check_convolution(
    operation: str,
    input_shape: Sequence[int],
    weight_shape: Sequence[int],
    bias_shape: Sequence[int] | None,
    groups: int,
) -> None:
    """Raise unless the shapes of a convolution's input, weight and bias go together.

    Args:
        operation: The op's name, for the message.
        input_shape: `(N, C, ...)`.
        weight_shape: `(out_channels, C / groups, ...)`.
        bias_shape: `(out_channels,)`, or none.
        groups: Blocks of channels.

    Raises:
        InputError: They do not.
        OptionError: `groups` divides not both numbers of channels.

    Example:
        >>> check_convolution("conv2d", (1, 4, 8, 8), (6, 2, 3, 3), (6,), 2)
    """
    axes = len(weight_shape)
    if len(input_shape) != axes:
        raise InputError(
            f"{operation}: a weight shaped {tuple(weight_shape)} needs an input of {axes} axes; it was given "
            f"{tuple(input_shape)}."
        )
    channels, out_channels = input_shape[1], weight_shape[0]
    if whole_number(operation, "groups", groups) < 1 or channels % groups or out_channels % groups:
        raise OptionError(
            f"{operation}: groups={groups} must divide the {channels} channels of the input and the {out_channels} of "
            f"the output."
        )
    if weight_shape[1] * groups != channels:
        raise InputError(
            f"{operation}: a weight shaped {tuple(weight_shape)} with groups={groups} needs an input of "
            f"{weight_shape[1] * groups} channels; it was given {channels}, shaped {tuple(input_shape)}."
        )
    if bias_shape is not None and tuple(bias_shape) != (out_channels,):
        raise InputError(f"{operation}: the bias must be shaped ({out_channels},), not {tuple(bias_shape)}.")


def check_windows(
    operation: str,
    lengths: Sequence[int],
    kernel_size: Sequence[int],
    stride: Sequence[int],
    padding: Sequence[int],
    dilation: Sequence[int],
    *,
    ceil_mode: bool = False,
) -> tuple[int, ...]:
    """Return how many windows fit along each axis.

    Args:
        operation: The op's name, for the message.
        lengths: The input's lengths.
        kernel_size: The windows' lengths.
        stride: Distances between windows.
        padding: Elements added on either side.
        dilation: Distances between the elements of a window.
        ceil_mode: Count a last window that reaches over the edge, if it starts within the input or its first padding.

    Raises:
        InputError: Along some axis not one window fits.

    Example:
        >>> check_windows("conv2d", (8, 8), (3, 3), (2, 2), (1, 1), (1, 1))
        (4, 4)
    """
    counts = []
    for length, kernel, step, border, spread in zip(lengths, kernel_size, stride, padding, dilation, strict=True):
        room = length + 2 * border - spread * (kernel - 1) - 1
        count = (-(-room // step) if ceil_mode else room // step) + 1
        if ceil_mode and (count - 1) * step >= length + border:
            count -= 1
        if count < 1 or (room < 0 and not ceil_mode):
            raise InputError(
                f"{operation}: a window of {tuple(kernel_size)} (dilation {tuple(dilation)}) does not fit into an "
                f"input of {tuple(lengths)} with padding {tuple(padding)}."
            )
        counts.append(count)
    return tuple(counts)


def check_pool_padding(
    operation: str, kernel_size: Sequence[int], padding: Sequence[int], dilation: Sequence[int] | None = None
) -> None:
    """Raise `OptionError` where padding is more than half a pooling window: a window could hold nothing else.

    Example:
        >>> check_pool_padding("max_pool2d", (3, 3), (1, 1))
    """
    spreads = dilation or (1,) * len(kernel_size)
    for kernel, border, spread in zip(kernel_size, padding, spreads, strict=True):
        if 2 * border > spread * (kernel - 1) + 1:
            raise OptionError(
                f"{operation}: padding={tuple(padding)} must be at most half the window: kernel_size="
                f"{tuple(kernel_size)}, dilation={tuple(spreads)}."
            )


def check_adaptive(operation: str, output_size: Any) -> None:
    """Raise `OptionError` where an adaptive pool is to give lengths below 1; symbolic lengths pass unseen.

    Example:
        >>> check_adaptive("adaptive_avg_pool2d", (None, 1))
    """
    if type(output_size) is int and output_size > 0:
        return
    for size in output_size if isinstance(output_size, (tuple, list)) else (output_size,):
        if isinstance(size, int) and size < 1:
            raise OptionError(f"{operation}: output_size={output_size!r} must hold lengths of at least 1.")


def check_output_size(operation: str, output_size: Any, lengths: Sequence[int]) -> tuple[int, ...]:
    """Return an adaptive pool's output lengths, `None` filled in from the input's.

    Raises:
        OptionError: There are too many or few, or one is below 1.

    Example:
        >>> check_output_size("adaptive_avg_pool2d", (None, 1), (7, 5))
        (7, 1)
    """
    count = len(lengths)
    wanted = tuple(output_size) if isinstance(output_size, (tuple, list)) else (output_size,) * count
    if len(wanted) == 1:
        wanted *= count
    if len(wanted) != count:
        raise OptionError(f"{operation}: output_size={output_size!r} must be one number or {count} of them.")
    sizes = [length if size is None else size for size, length in zip(wanted, lengths, strict=True)]
    return check_numbers(operation, "output_size", sizes, count, least=1)


def check_pad(shape: Sequence[int], pad: Sequence[int], mode: str) -> tuple[tuple[int, int], ...]:
    """Return `(before, after)` for every axis, first axis first.

    Args:
        shape: The input's shape.
        pad: Pairs, that of the last axis first.
        mode: A mode of `pad`.

    Raises:
        OptionError: `pad` is not pairs of whole numbers, or too many.
        InputError: The mode cannot pad so many axes of such an input, or so far.

    Example:
        >>> check_pad((2, 3, 4), (1, 2), "constant")
        ((0, 0), (0, 0), (1, 2))
    """
    numbers = [whole_number("pad", "pad", number) for number in pad]
    padded, ndim = len(numbers) // 2, len(shape)
    if len(numbers) % 2 or padded > ndim:
        raise OptionError(f"pad: pad={tuple(pad)!r} must hold a pair for each of at most {ndim} axes.")
    if mode != "constant" and not (1 <= padded <= 3 and padded + 1 <= ndim <= padded + 2):
        raise InputError(f"pad: mode={mode!r} cannot pad {padded} axes of an input shaped {tuple(shape)}.")
    pairs = [(0, 0)] * (ndim - padded) + [(numbers[2 * i], numbers[2 * i + 1]) for i in reversed(range(padded))]
    furthest = {"reflect": -1, "circular": 0}
    for length, pair in zip(shape, pairs, strict=True):
        too_far = mode in furthest and max(pair) > length + furthest[mode] and max(pair) > 0
        if too_far or length + sum(pair) < 0 or (mode == "replicate" and length == 0):
            raise InputError(f"pad: an axis of {length} cannot be padded by {pair} with mode={mode!r}.")
    return tuple(pairs)


def check_interpolate(size: Any, scale_factor: Any, mode: str, align_corners: bool | None) -> None:
    """Raise `OptionError` unless the options of `interpolate` go together.

    Example:
        >>> check_interpolate((4, 4), None, "bilinear", False)
    """
    check_option("interpolate", "mode", mode, tuple(INTERPOLATION_AXES))
    if (size is None) == (scale_factor is None):
        raise OptionError(
            f"interpolate needs one of size and scale_factor; it was given size={size!r} and "
            f"scale_factor={scale_factor!r}."
        )
    if mode == "nearest" and align_corners is not None:
        raise OptionError(f"interpolate: align_corners={align_corners!r} is not for mode='nearest'.")


def check_interpolated_size(
    shape: Sequence[int], size: Any, scale_factor: Any, mode: str
) -> tuple[tuple[int, ...], tuple[float | None, ...]]:
    """Return the output's lengths, and for each axis the factor that places the samples (`None`: the lengths do).

    Args:
        shape: The input's shape, `(N, C, ...)`.
        size: One length for all axes, or one for each; or `None`.
        scale_factor: One factor for all axes, or one for each; or `None`.
        mode: A mode of `interpolate`.

    Raises:
        InputError: The mode does not go with the number of axes, or a length would be 0.
        OptionError: There are too many or few lengths or factors.

    Example:
        >>> check_interpolated_size((1, 1, 4, 6), None, 1.5, "bilinear")
        ((6, 9), (1.5, 1.5))
    """
    axes = INTERPOLATION_AXES[mode]
    if len(shape) not in axes:
        raise InputError(
            f"interpolate: mode={mode!r} needs an input of {' or '.join(map(str, axes))} axes, not {tuple(shape)}."
        )
    lengths = shape[2:]
    factors: tuple[float | None, ...] = (None,) * len(lengths)
    if size is not None:
        sizes = check_numbers("interpolate", "size", size, len(lengths))
    else:
        factors = tuple(scale_factor) if isinstance(scale_factor, (tuple, list)) else (scale_factor,) * len(lengths)
        if len(factors) != len(lengths):
            raise OptionError(
                f"interpolate: scale_factor={scale_factor!r} must be one number or {len(lengths)} of them."
            )
        sizes = tuple(math.floor(length * float(factor or 0)) for length, factor in zip(lengths, factors, strict=True))
    if any(length < 1 for length in (*sizes, *lengths)):
        raise InputError(f"interpolate: {tuple(lengths)} to {sizes} has a length below 1.")
    return sizes, factors


def check_split(split_size_or_sections: int | Sequence[int], length: int) -> tuple[int, ...]:
    """Return the lengths of the pieces that `split` cuts.

    Example:
        >>> check_split(2, 5), check_split((1, 4), 5)
        ((2, 2, 1), (1, 4))
    """
    if isinstance(split_size_or_sections, (tuple, list)):
        pieces = tuple(whole_number("split", "split_size_or_sections", piece) for piece in split_size_or_sections)
        if sum(pieces) != length or any(piece < 0 for piece in pieces):
            raise InputError(f"split: the sections {pieces} must add up to the axis's length, {length}.")
        return pieces
    size = check_numbers("split", "split_size_or_sections", split_size_or_sections, 1, least=1)[0]
    whole, rest = divmod(length, size)
    return (size,) * whole + ((rest,) if rest or not whole else ())


def whole_number(operation: str, argument: str, value: Any) -> int:
    """Return a whole number of any kind (numpy's too) as Python's; `OptionError` where it is none.

    Example:
        >>> whole_number("topk", "k", 3)
        3
    """
    try:
        return operator.index(value)
    except TypeError as error:
        raise OptionError(f"{operation}: {argument} must hold whole numbers, not {value!r}.") from error
