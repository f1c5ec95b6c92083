"""How widths are rounded."""

from __future__ import annotations


def make_divisible(value: float, divisor: int = 8, min_value: int | None = None, round_limit: float = 0.0) -> int:
    """Round a width to a multiple of `divisor`, as MobileNets and squeeze-and-excitation do.

    Args:
        value: The width wanted.
        divisor: What the result is a multiple of.
        min_value: The least result; `divisor` by default.
        round_limit: Round up instead where rounding would leave less than this share of `value`.

    Source: TensorFlow's MobileNet, as BaseCls spells it.

    Example:
        >>> make_divisible(33), make_divisible(11, round_limit=0.9), make_divisible(2)
        (32, 16, 8)
    """
    rounded = max(min_value or divisor, int(value + divisor / 2) // divisor * divisor)
    return rounded + divisor if rounded < round_limit * value else rounded
