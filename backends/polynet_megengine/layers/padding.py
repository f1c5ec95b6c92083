"""Padding of images."""

from __future__ import annotations

from collections.abc import Sequence

from polynet.errors import OptionError
from polynet.nn.arguments import integer
from polynet.types import Tensor
from polynet_megengine.module import Module
from polynet_megengine.ops.padding import pad

Sizes = int | Sequence[int]


class _Pad2d(Module):
    """A border of `(left, right, top, bottom)`, or one width for all four."""

    _mode = "constant"
    value = 0.0

    def __init__(self, padding: Sizes) -> None:
        owner = type(self).__name__
        super().__init__()
        each = (padding,) * 4 if not isinstance(padding, Sequence) else tuple(padding)
        if len(each) != 4:
            message = f"{owner}: padding={padding} must be one integer or four: left, right, top, bottom."
            raise OptionError(message)
        lowest = 0 if self._mode != "constant" else -(1 << 31)
        self.padding = tuple(integer(owner, "padding", width, lowest=lowest) for width in each)

    def forward(self, input: Tensor) -> Tensor:
        """Pad `(N, C, H, W)` or `(C, H, W)`."""
        if self._mode == "constant":
            return pad(input, self.padding, "constant", self.value)
        return pad(input, self.padding, self._mode)

    def extra_repr(self) -> str:
        """The widths."""
        return str(self.padding)


class ZeroPad2d(_Pad2d):
    """A border of zeros; negative widths crop."""


class ConstantPad2d(_Pad2d):
    """A border of one number; negative widths crop."""

    def __init__(self, padding: Sizes, value: float) -> None:
        super().__init__(padding)
        self.value = float(value)

    def extra_repr(self) -> str:
        """Widths and number."""
        return f"padding={self.padding}, value={self.value}"


class ReflectionPad2d(_Pad2d):
    """A border that mirrors the image, without repeating its edge."""

    _mode = "reflect"


class ReplicationPad2d(_Pad2d):
    """A border that repeats the image's edge."""

    _mode = "replicate"
