"""What pooling layers' options must be."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from polynet.errors import OptionError
from polynet.nn.arguments import flags, integer, sizes


def max_pool(spatial: int) -> Callable[..., None]:
    """The rule of maximum pooling over so many spatial axes."""

    def check(
        owner: str,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        dilation: Any = 1,
        return_indices: Any = False,
        ceil_mode: Any = False,
    ) -> None:
        _windows(owner, spatial, kernel_size, stride, padding)
        sizes(owner, "dilation", dilation, spatial, lowest=1)
        flags(owner, return_indices=return_indices, ceil_mode=ceil_mode)

    return check


def average_pool(spatial: int) -> Callable[..., None]:
    """The rule of average pooling over so many spatial axes; over one there is no other divisor."""

    def check(
        owner: str,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        ceil_mode: Any = False,
        count_include_pad: Any = True,
        divisor_override: Any = None,
    ) -> None:
        _windows(owner, spatial, kernel_size, stride, padding)
        flags(owner, ceil_mode=ceil_mode, count_include_pad=count_include_pad)
        if divisor_override is not None:
            integer(owner, "divisor_override", divisor_override, lowest=1)

    def check_sequences(
        owner: str,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        ceil_mode: Any = False,
        count_include_pad: Any = True,
    ) -> None:
        check(owner, kernel_size, stride, padding, ceil_mode, count_include_pad)

    return check_sequences if spatial == 1 else check


def adaptive_average_pool(spatial: int) -> Callable[..., None]:
    """The rule of average pooling to a size; `None` keeps an axis, where there are several."""

    def check(owner: str, output_size: Any) -> None:
        _output_size(owner, spatial, output_size)

    return check


def adaptive_max_pool(spatial: int) -> Callable[..., None]:
    """The rule of maximum pooling to a size."""

    def check(owner: str, output_size: Any, return_indices: Any = False) -> None:
        _output_size(owner, spatial, output_size)
        flags(owner, return_indices=return_indices)

    return check


def _windows(owner: str, spatial: int, kernel_size: Any, stride: Any, padding: Any) -> None:
    kernel = sizes(owner, "kernel_size", kernel_size, spatial, lowest=1)
    if stride is not None:
        sizes(owner, "stride", stride, spatial, lowest=1)
    pads = sizes(owner, "padding", padding, spatial)
    if any(2 * pad > taps for pad, taps in zip(pads, kernel, strict=True)):
        message = f"{owner}: padding={padding} must be at most half of kernel_size={kernel_size}."
        raise OptionError(message)


def _output_size(owner: str, spatial: int, output_size: Any) -> None:
    several = isinstance(output_size, Sequence) and not isinstance(output_size, str)
    given = output_size if several else (output_size,)
    if len(given) not in (1, spatial):
        message = f"{owner}: output_size={output_size} must be one integer or {spatial} of them."
        raise OptionError(message)
    for each in given:
        if each is not None or spatial == 1:
            integer(owner, "output_size", each, lowest=1)
