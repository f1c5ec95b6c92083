"""What convolutions' options must be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from polynet.errors import OptionError, suggest
from polynet.nn.arguments import choice, divides, flags, integer, sizes

PADDING_MODES = ("zeros", "reflect", "replicate", "circular")


def convolution(spatial: int) -> Callable[..., None]:
    """The rule of convolutions over so many spatial axes."""

    def check(
        owner: str,
        in_channels: Any,
        out_channels: Any,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: Any = 1,
        bias: Any = True,
        padding_mode: Any = "zeros",
        **_: Any,
    ) -> None:
        _channels(owner, in_channels, out_channels, groups)
        sizes(owner, "kernel_size", kernel_size, spatial, lowest=1, repeated=False)
        steps = sizes(owner, "stride", stride, spatial, lowest=1)
        sizes(owner, "dilation", dilation, spatial, lowest=1)
        if isinstance(padding, str):
            _named_padding(owner, padding, steps)
        else:
            sizes(owner, "padding", padding, spatial)
        if padding_mode != "zeros":
            choice(owner, "padding_mode", padding_mode, PADDING_MODES)
        if bias is not True and bias is not False:
            flags(owner, bias=bias)

    return check


def transposed_convolution(spatial: int) -> Callable[..., None]:
    """The rule of transposed convolutions over so many spatial axes."""

    def check(
        owner: str,
        in_channels: Any,
        out_channels: Any,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        output_padding: Any = 0,
        groups: Any = 1,
        bias: Any = True,
        dilation: Any = 1,
        padding_mode: Any = "zeros",
        **_: Any,
    ) -> None:
        _channels(owner, in_channels, out_channels, groups)
        sizes(owner, "kernel_size", kernel_size, spatial, lowest=1, repeated=False)
        steps = sizes(owner, "stride", stride, spatial, lowest=1)
        sizes(owner, "padding", padding, spatial)
        extra = sizes(owner, "output_padding", output_padding, spatial)
        spacing = sizes(owner, "dilation", dilation, spatial, lowest=1)
        for more, step, apart in zip(extra, steps, spacing, strict=True):
            if more >= max(step, apart):
                message = (
                    f"{owner}: output_padding={output_padding} must be smaller than "
                    f"stride={stride} or dilation={dilation}."
                )
                raise OptionError(message)
        choice(owner, "padding_mode", padding_mode, ("zeros",))
        flags(owner, bias=bias)

    return check


def unfold(owner: str, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1) -> None:
    """The rule of `Unfold`."""
    sizes(owner, "kernel_size", kernel_size, 2, lowest=1)
    sizes(owner, "dilation", dilation, 2, lowest=1)
    sizes(owner, "padding", padding, 2)
    sizes(owner, "stride", stride, 2, lowest=1)


def fold(owner: str, output_size: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1) -> None:
    """The rule of `Fold`."""
    sizes(owner, "output_size", output_size, 2, lowest=1)
    unfold(owner, kernel_size, dilation, padding, stride)


def _channels(owner: str, in_channels: Any, out_channels: Any, groups: Any) -> None:
    integer(owner, "in_channels", in_channels, lowest=1)
    integer(owner, "out_channels", out_channels, lowest=1)
    integer(owner, "groups", groups, lowest=1)
    if groups != 1:
        divides(owner, "groups", groups, "in_channels", in_channels)
        divides(owner, "groups", groups, "out_channels", out_channels)


def _named_padding(owner: str, padding: str, steps: tuple[int, ...]) -> None:
    if padding not in ("same", "valid"):
        near = suggest(padding, ("same", "valid"))
        message = f"{owner}: padding={padding!r} must be integers, 'same' or 'valid'.{near}"
        raise OptionError(message)
    if padding == "same" and set(steps) != {1}:
        message = f"{owner}: padding='same' needs stride 1, not {steps}."
        raise OptionError(message)
