"""Padding of images: with zeros, a constant, mirrored or repeated borders."""

from __future__ import annotations

from typing import TYPE_CHECKING

from polynet.nn.module import Module
from polynet.nn.rules import shape as shape_rules

if TYPE_CHECKING:
    from polynet.ops.arguments import IntOrInts


class ZeroPad2d(Module, native="ZeroPad2d", rule=shape_rules.padding(cropping=True)):
    """Adds zeros around images.

    Args:
        padding: One number for all sides, or `(left, right, top, bottom)`; negative numbers crop.

    Shapes:
        `(N, C, H, W)` to `(N, C, H + top + bottom, W + left + right)`.

    Source:
        `torch.nn.ZeroPad2d`.

    Example:
        >>> nn.ZeroPad2d((1, 0, 0, 0))(ops.tensor([[[[1.0, 2.0]]]])).tolist()
        [[[[0.0, 1.0, 2.0]]]]
    """

    if TYPE_CHECKING:

        def __init__(self, padding: IntOrInts) -> None: ...


class ConstantPad2d(Module, native="ConstantPad2d", rule=shape_rules.constant_padding):
    """Adds one value around images.

    Args:
        padding: One number for all sides, or `(left, right, top, bottom)`; negative numbers crop.
        value: The value.

    Shapes:
        `(N, C, H, W)` to `(N, C, H + top + bottom, W + left + right)`.

    Source:
        `torch.nn.ConstantPad2d`.

    Example:
        >>> nn.ConstantPad2d((1, 0, 0, 0), 5.0)(ops.tensor([[[[1.0, 2.0]]]])).tolist()
        [[[[5.0, 1.0, 2.0]]]]
    """

    if TYPE_CHECKING:

        def __init__(self, padding: IntOrInts, value: float) -> None: ...


class ReflectionPad2d(Module, native="ReflectionPad2d", rule=shape_rules.padding(cropping=False)):
    """Mirrors images at their borders, the border itself not repeated.

    Args:
        padding: One number for all sides, or `(left, right, top, bottom)`; each less than the image's side.

    Shapes:
        `(N, C, H, W)` to `(N, C, H + top + bottom, W + left + right)`.

    Source:
        `torch.nn.ReflectionPad2d`.

    Example:
        >>> nn.ReflectionPad2d((2, 0, 0, 0))(ops.tensor([[[[1.0, 2.0, 3.0]]]])).tolist()
        [[[[3.0, 2.0, 1.0, 2.0, 3.0]]]]
    """

    if TYPE_CHECKING:

        def __init__(self, padding: IntOrInts) -> None: ...


class ReplicationPad2d(Module, native="ReplicationPad2d", rule=shape_rules.padding(cropping=False)):
    """Repeats the border of images.

    Args:
        padding: One number for all sides, or `(left, right, top, bottom)`.

    Shapes:
        `(N, C, H, W)` to `(N, C, H + top + bottom, W + left + right)`.

    Source:
        `torch.nn.ReplicationPad2d`.

    Example:
        >>> nn.ReplicationPad2d((2, 0, 0, 0))(ops.tensor([[[[1.0, 2.0]]]])).tolist()
        [[[[1.0, 1.0, 1.0, 2.0]]]]
    """

    if TYPE_CHECKING:

        def __init__(self, padding: IntOrInts) -> None: ...
