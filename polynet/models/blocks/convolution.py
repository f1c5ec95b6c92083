"""A convolution that keeps the size of its input, up to its stride."""

from __future__ import annotations

from typing import Any

from polynet import nn
from polynet.errors import OptionError


def conv2d(
    w_in: int, w_out: int, k: int, *, stride: int = 1, dilation: int = 1, groups: int = 1, bias: bool = False
) -> Any:
    """Make a convolution padded by half its kernel.

    Args:
        w_in: Channels of the input.
        w_out: Channels of the output.
        k: Side of the kernel; odd, since an even one cannot be centred.
        stride: Stride.
        dilation: Dilation.
        groups: Groups.
        bias: Whether it has a bias; not by default, a normalisation follows.

    Returns:
        A `Conv2d` of the active backend.

    Raises:
        OptionError: The kernel is even.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     conv2d(3, 8, 3, stride=2)
        Conv2d(3, 8, kernel_size=(3, 3), stride=(2, 2), padding=(1, 1), bias=False)
    """
    if not isinstance(k, int) or k < 1 or k % 2 == 0:
        message = f"conv2d: the kernel must be odd and positive, so that padding can centre it, not {k!r}."
        raise OptionError(message)
    padding = (k - 1) * dilation // 2
    return nn.Conv2d(w_in, w_out, k, stride=stride, padding=padding, dilation=dilation, groups=groups, bias=bias)
