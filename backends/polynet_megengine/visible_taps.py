"""Convolutions of images so small that part of the kernel sees nothing but padding: that part is left out.

The last stage of a ResNet-18 on 28x28 pixels has maps of one position, where one tap of nine multiplies something: the
other eight are products with zeros, and most of the stage's work.
"""

from __future__ import annotations

from collections.abc import Sequence

import megengine.functional as F

from polynet.types import Tensor
from polynet_megengine.convolution_weight_gradient import Geometry, shape_of
from polynet_megengine.slicing import native_getitem

Taps = tuple[slice, ...]


def visible_taps(size: Sequence[int], geometry: Geometry) -> tuple[Taps, Geometry] | None:
    """The part of a kernel that meets the image, and the convolution by that part alone.

    Args:
        size: The input's spatial size.
        geometry: The convolution.

    Returns:
        Slices of the kernel and the geometry of what they leave; `None` where nothing can be left out, or where the
        rest would need other padding on one side than on the other.
    """
    output = geometry.output_size(size)
    seen: list[range] = []
    padding: list[int] = []
    for at, count in enumerate(size):
        step, spacing, pad = geometry.stride[at], geometry.dilation[at], geometry.padding[at]
        starts = [place * step - pad for place in range(output[at])]
        taps = [
            tap for tap in range(geometry.kernel[at]) if any(0 <= start + tap * spacing < count for start in starts)
        ]
        if not taps or taps[0] * spacing > pad:
            return None
        seen.append(range(taps[0], taps[-1] + 1))
        padding.append(pad - taps[0] * spacing)
    kernel = tuple(map(len, seen))
    rest = Geometry(kernel, geometry.stride, tuple(padding), geometry.dilation, geometry.groups)
    if kernel == geometry.kernel or rest.output_size(size) != output:
        return None
    return tuple(slice(taps.start, taps.stop) for taps in seen), rest


def cut(weight: Tensor, taps: Taps) -> Tensor:
    """The part of a weight that `taps` say, as a tensor of its own."""
    # Kernels refuse weights that are views, which slices are and products are not.
    return native_getitem(weight, (Ellipsis, *taps)) * 1


def put_back(gradient: Tensor, weight: Tensor, taps: Taps) -> Tensor:
    """The gradient of a whole weight from that of the part that `cut` gave: zeros around it."""
    whole = F.zeros(shape_of(weight), dtype=gradient.dtype, device=gradient.device)
    places = tuple([slice(None)] * (len(shape_of(weight)) - len(taps)) + list(taps))
    whole[places] = gradient.reshape(*shape_of(weight)[: -len(taps)], *shape_of(gradient)[-len(taps) :])
    return whole
