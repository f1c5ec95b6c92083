"""Resampling to another size."""

from __future__ import annotations

from collections.abc import Sequence

from polynet.ops.checks import check_interpolate
from polynet.ops.dispatch import namespace_of
from polynet.ops.explain import explained
from polynet.types import Tensor


@explained
def interpolate(
    input: Tensor,
    size: int | Sequence[int] | None = None,
    scale_factor: float | Sequence[float] | None = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
) -> Tensor:
    """Return `input` resampled to `size`, or to `floor(length * scale_factor)`; give one of the two.

    Args:
        input: `(N, C, L)`, `(N, C, H, W)` or `(N, C, D, H, W)`.
        size: One length for all axes, or one for each.
        scale_factor: One factor for all axes, or one for each. The factor itself places the samples, as given.
        mode: `"nearest"` (any input), `"linear"` (3-d input), `"bilinear"` or `"bicubic"` (4-d; cubic coefficient
            -0.75) or `"trilinear"` (5-d).
        align_corners: `True` aligns the centres of the corner elements; `False`, the default, their outer corners.
            Not for `"nearest"`.

    Returns:
        `(N, C, *size)`.

    Raises:
        OptionError: There is no such mode; both or neither of `size` and `scale_factor` are given; `align_corners`
            with `"nearest"`.
        InputError: The mode does not go with the number of axes, or a length would be 0.

    Example:
        >>> ops.interpolate(ops.tensor([[[1.0, 2.0]]]), scale_factor=2).tolist()
        [[[1.0, 1.0, 2.0, 2.0]]]
    """
    check_interpolate(size, scale_factor, mode, align_corners)
    return namespace_of(input).interpolate(input, size, scale_factor, mode, align_corners)
