"""Initial values of layers built by hand, and how to do without them.

PolyNet fills every parameter itself after building, so native random numbers would be drawn for nothing: they take
longer than all the rest of building.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import megengine
import megengine.functional as F
import megengine.module.conv as native_convolution
import megengine.module.init as native_init
import megengine.module.linear as native_linear
import numpy as np

from polynet.types import Tensor

_LARGE = 1 << 13
"""Numbers that take longer to copy to MegEngine than to have it spread one."""

_SkippedFills = list[tuple[Tensor, Callable[[], Any]]]

_CONTEXTS: list[_SkippedFills] = []
"""What has been skipped in each context that is open, the innermost last."""


def skipped() -> bool:
    """Whether initialisation is being skipped now."""
    return bool(_CONTEXTS)


def is_drawn_later(tensor: Tensor) -> bool:
    """Whether a random fill of a native layer's tensor was skipped, which may yet have to be run."""
    return any(tensor is each for fills in _CONTEXTS for each, _ in fills)


def _parameter(zeros: np.ndarray[Any, Any]) -> Any:
    """What convolutions and linear layers begin with; of large ones, one zero that is spread when it is read."""
    if zeros.size < _LARGE:
        return megengine.Parameter(zeros)
    return megengine.Parameter(F.full(zeros.shape, 0.0))


@contextlib.contextmanager
def skip_initialisation() -> Iterator[Callable[[Iterable[Tensor]], None]]:
    """Build layers without drawing random numbers; MegEngine's own `init.normal_` and `init.uniform_` do nothing.

    Every random fill of `megengine.module.init` ends in one of the two. Nor are the zeros written that convolutions and
    linear layers begin with. MegEngine works in one thread, so nobody else can call any of this meanwhile. Contexts
    nest.

    Yields:
        A function that runs the skipped fills of native layers after all, except on the tensors it is given.
    """
    native = native_init.normal_, native_init.uniform_
    skipped_fills: _SkippedFills = []

    def noting(fill: Callable[..., Any]) -> Callable[..., None]:
        def note(tensor: Tensor, *arguments: Any, **options: Any) -> None:
            skipped_fills.append((tensor, lambda: fill(tensor, *arguments, **options)))

        return note

    def draw_skipped(filled: Iterable[Tensor]) -> None:
        known = {id(tensor) for tensor in filled}
        for tensor, fill in skipped_fills:
            if id(tensor) not in known:
                fill()

    _CONTEXTS.append(skipped_fills)
    native_init.normal_, native_init.uniform_ = noting(native[0]), noting(native[1])
    native_convolution.Parameter = native_linear.Parameter = _parameter
    try:
        yield draw_skipped
    finally:
        _CONTEXTS.pop()
        native_init.normal_, native_init.uniform_ = native
        if not skipped():
            native_convolution.Parameter = native_linear.Parameter = megengine.Parameter


def fill_uniform(tensor: Tensor, bound: float) -> None:
    """Draw from U(-bound, bound) with numpy's global generator; nothing while initialisation is skipped."""
    if not skipped():
        _reset(tensor, np.random.uniform(-bound, bound, tensor.shape))


def fill_normal(tensor: Tensor, deviation: float = 1.0) -> None:
    """Draw from N(0, deviation²) with numpy's global generator; nothing while initialisation is skipped."""
    if not skipped():
        _reset(tensor, np.random.normal(0.0, deviation, tensor.shape))


def fill(tensor: Tensor, value: float) -> None:
    """Set every element. `tensor[...] = value` would make the tensor a scalar."""
    _reset(tensor, np.full(tensor.shape, value))


def _reset(tensor: Tensor, values: np.ndarray[Any, Any]) -> None:
    tensor._reset(megengine.Tensor(values.astype(tensor.dtype), device=tensor.device))


def fill_linear(weight: Tensor, bias: Tensor | None, fan_in: int) -> None:
    """Torch's default for linear and convolution layers: U(±1/√fan_in) for weight and bias.

    It is `kaiming_uniform_(a=√5)` (He et al., 2015), whose gain of √(1/3) and √3 cancel.
    """
    bound = 1 / math.sqrt(fan_in) if fan_in > 0 else 0.0
    fill_uniform(weight, bound)
    if bias is not None:
        fill_uniform(bias, bound)
