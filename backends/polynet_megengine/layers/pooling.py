"""Pooling layers of one to three dimensions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NoReturn

import megengine.functional as F
import megengine.module as M
import numpy as np
from megengine.core._imperative_rt.core2 import get_grad_key

from polynet.errors import UnsupportedError
from polynet.nn.arguments import integer
from polynet.nn.rules import pooling as rules
from polynet.types import Tensor
from polynet_megengine.half_precision import HALF
from polynet_megengine.module import Module
from polynet_megengine.ops import pooling as functional

from .inputs import check_floating

Sizes = int | Sequence[int]


class _Pool(Module):
    """A window, moved; the arguments keep the form they were given in, as in torch."""

    _spatial: int
    _shown: tuple[str, ...] = ("kernel_size", "stride", "padding")

    def _check(self, kernel_size: Sizes, stride: Sizes | None, padding: Sizes, dilation: Sizes = 1) -> None:
        rules.max_pool(self._spatial)(type(self).__name__, kernel_size, stride, padding, dilation)

    def _module_info_string(self) -> str:
        return ", ".join(f"{name}={getattr(self, name)}" for name in self._shown)


def _refuse_indices(owner: Module) -> NoReturn:
    message = f"{type(owner).__name__}: return_indices is not supported: MegEngine's pooling keeps no indices."
    raise UnsupportedError(message)


class _MaxPool(_Pool):
    _function: Callable[..., Tensor]
    _shown = ("kernel_size", "stride", "padding", "dilation", "ceil_mode")

    def _set(self, dilation: Sizes, return_indices: bool, ceil_mode: bool) -> None:
        if return_indices:
            _refuse_indices(self)
        self.dilation = dilation
        self.return_indices = False
        self.ceil_mode = bool(ceil_mode)

    def _is_native(self, inp: Tensor) -> bool:
        """Whether MegEngine's own operation is right: no option it lacks, four axes, windows no larger than images."""
        if self.ceil_mode or self.dilation not in (1, (1, 1)) or inp.dtype != np.float32:
            return False
        shape: tuple[int, ...] = inp._tuple_shape
        taps = self.kernel_size if isinstance(self.kernel_size, int) else max(self.kernel_size)
        return len(shape) == 4 and 0 < taps <= min(shape[2:]) and shape[0] * shape[1] > 0

    def forward(self, inp: Tensor) -> Tensor:
        """Largest value of each window; natively where nothing records, for there ties get too much gradient."""
        check_floating(self, inp)
        if self._spatial == 2 and get_grad_key((inp,)) is None and self._is_native(inp):
            return F.max_pool2d(inp, self.kernel_size, self.stride, self.padding)
        return type(self)._function(inp, self.kernel_size, self.stride, self.padding, self.dilation, self.ceil_mode)


class _ComposedMaxPool(_MaxPool):
    """Those ranks that MegEngine has no layer for."""

    def __init__(
        self,
        kernel_size: Sizes,
        stride: Sizes | None = None,
        padding: Sizes = 0,
        dilation: Sizes = 1,
        return_indices: bool = False,
        ceil_mode: bool = False,
    ) -> None:
        self._check(kernel_size, stride, padding, dilation)
        super().__init__()
        self.kernel_size, self.padding = kernel_size, padding
        self.stride = kernel_size if stride is None else stride
        self._set(dilation, return_indices, ceil_mode)


class MaxPool1d(_ComposedMaxPool):
    """Largest values of `(N, C, L)`."""

    _spatial = 1
    _function = staticmethod(functional.max_pool1d)


class MaxPool2d(M.MaxPool2d, _MaxPool):
    """Largest values of `(N, C, H, W)`."""

    _spatial = 2
    _function = staticmethod(functional.max_pool2d)

    def __init__(
        self,
        kernel_size: Sizes,
        stride: Sizes | None = None,
        padding: Sizes = 0,
        dilation: Sizes = 1,
        return_indices: bool = False,
        ceil_mode: bool = False,
    ) -> None:
        self._check(kernel_size, stride, padding, dilation)
        super().__init__(kernel_size, stride, padding)
        self._set(dilation, return_indices, ceil_mode)

    forward = _MaxPool.forward


class MaxPool3d(_ComposedMaxPool):
    """Largest values of `(N, C, D, H, W)`."""

    _spatial = 3
    _function = staticmethod(functional.max_pool3d)


class _AvgPool(_Pool):
    _function: Callable[..., Tensor]
    _shown = ("kernel_size", "stride", "padding", "ceil_mode", "count_include_pad")

    def _set(self, ceil_mode: bool, count_include_pad: bool, divisor_override: int | None) -> None:
        if divisor_override is not None:
            integer(type(self).__name__, "divisor_override", divisor_override, lowest=1)
        self.ceil_mode = bool(ceil_mode)
        self.count_include_pad = bool(count_include_pad)
        self.divisor_override = divisor_override

    def forward(self, inp: Tensor) -> Tensor:
        """Mean of each window."""
        check_floating(self, inp)
        options = {} if self.divisor_override is None else {"divisor_override": self.divisor_override}
        return type(self)._function(
            inp, self.kernel_size, self.stride, self.padding, self.ceil_mode, self.count_include_pad, **options
        )


class AvgPool1d(_AvgPool):
    """Means of `(N, C, L)`."""

    _spatial = 1
    _function = staticmethod(functional.avg_pool1d)

    def __init__(
        self,
        kernel_size: Sizes,
        stride: Sizes | None = None,
        padding: Sizes = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
    ) -> None:
        self._check(kernel_size, stride, padding)
        super().__init__()
        self.kernel_size, self.padding = kernel_size, padding
        self.stride = kernel_size if stride is None else stride
        self._set(ceil_mode, count_include_pad, None)


class AvgPool2d(M.AvgPool2d, _AvgPool):
    """Means of `(N, C, H, W)`; the padding counts, as in torch and not in MegEngine, unless told otherwise."""

    _spatial = 2
    _function = staticmethod(functional.avg_pool2d)

    def __init__(
        self,
        kernel_size: Sizes,
        stride: Sizes | None = None,
        padding: Sizes = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: int | None = None,
    ) -> None:
        self._check(kernel_size, stride, padding)
        mode = "average" if count_include_pad else "average_count_exclude_padding"
        super().__init__(kernel_size, stride, padding, mode)
        self._set(ceil_mode, count_include_pad, divisor_override)

    forward = _AvgPool.forward
    _module_info_string = _Pool._module_info_string


class AvgPool3d(_AvgPool):
    """Means of `(N, C, D, H, W)`."""

    _spatial = 3
    _function = staticmethod(functional.avg_pool3d)

    def __init__(
        self,
        kernel_size: Sizes,
        stride: Sizes | None = None,
        padding: Sizes = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: int | None = None,
    ) -> None:
        self._check(kernel_size, stride, padding)
        super().__init__()
        self.kernel_size, self.padding = kernel_size, padding
        self.stride = kernel_size if stride is None else stride
        self._set(ceil_mode, count_include_pad, divisor_override)


class _Adaptive(Module):
    """Windows chosen for a wanted output size; `None` in it keeps the input's."""

    _spatial: int
    _function: Callable[..., Tensor]

    def _check(self, output_size: Any) -> None:
        rules.adaptive_average_pool(self._spatial)(type(self).__name__, output_size)

    def forward(self, inp: Tensor) -> Tensor:
        """Pool to the output size."""
        return type(self)._function(inp, self.output_size)

    def _module_info_string(self) -> str:
        return f"output_size={self.output_size}"


class _ComposedAdaptive(_Adaptive):
    def __init__(self, output_size: Any) -> None:
        self._check(output_size)
        super().__init__()
        self.output_size = output_size


class AdaptiveAvgPool1d(_ComposedAdaptive):
    """Means of `(N, C, L)`."""

    _spatial = 1
    _function = staticmethod(functional.adaptive_avg_pool1d)


class AdaptiveAvgPool2d(M.AdaptiveAvgPool2d, _Adaptive):
    """Means of `(N, C, H, W)`, right for uneven windows too, which MegEngine's are not."""

    _spatial = 2
    _function = staticmethod(functional.adaptive_avg_pool2d)

    def __init__(self, output_size: Any) -> None:
        self._check(output_size)
        super().__init__(output_size)
        self.output_size = output_size

    def forward(self, inp: Tensor) -> Tensor:
        """Pool to the output size; MegEngine's own operation is right for one window over all of float32."""
        if self.output_size in (1, (1, 1)) and inp.ndim == 4 and 0 not in inp._tuple_shape and inp.dtype != HALF:
            return F.adaptive_avg_pool2d(inp, 1)
        return functional.adaptive_avg_pool2d(inp, self.output_size)

    _module_info_string = _Adaptive._module_info_string


class AdaptiveAvgPool3d(_ComposedAdaptive):
    """Means of `(N, C, D, H, W)`."""

    _spatial = 3
    _function = staticmethod(functional.adaptive_avg_pool3d)


class _ComposedAdaptiveMax(_ComposedAdaptive):
    def __init__(self, output_size: Any, return_indices: bool = False) -> None:
        if return_indices:
            _refuse_indices(self)
        super().__init__(output_size)


class AdaptiveMaxPool1d(_ComposedAdaptiveMax):
    """Largest values of `(N, C, L)`."""

    _spatial = 1
    _function = staticmethod(functional.adaptive_max_pool1d)


class AdaptiveMaxPool2d(M.AdaptiveMaxPool2d, _Adaptive):
    """Largest values of `(N, C, H, W)`, right for uneven windows too."""

    _spatial = 2
    _function = staticmethod(functional.adaptive_max_pool2d)

    def __init__(self, output_size: Any, return_indices: bool = False) -> None:
        if return_indices:
            _refuse_indices(self)
        self._check(output_size)
        super().__init__(output_size)
        self.output_size = output_size

    forward = _Adaptive.forward
    _module_info_string = _Adaptive._module_info_string


class AdaptiveMaxPool3d(_ComposedAdaptiveMax):
    """Largest values of `(N, C, D, H, W)`."""

    _spatial = 3
    _function = staticmethod(functional.adaptive_max_pool3d)
