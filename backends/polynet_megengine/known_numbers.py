"""Whole numbers whose values are known without waiting for MegEngine.

Labels and indices are looked at before they are used, since MegEngine reads out of bounds where they are wrong. To read
a tensor's values is to wait for all that was asked of the device before, a forward pass say, and nothing can be asked
of it meanwhile. Numbers that came from the host are known there.
"""

from __future__ import annotations

from typing import Any

import megengine
import numpy as np
from megengine.traced_module.pytree import register_supported_type

from polynet.types import Tensor

_MANY = 1 << 20
"""Numbers above which keeping a copy costs more than waiting."""


class KnownNumbers(megengine.Tensor):
    """A tensor made from an array, which it keeps until it is changed."""

    _known: np.ndarray[Any, Any] | None = None

    def _reset(self, other: Tensor) -> None:
        """Whatever changes a tensor in place ends here."""
        self._known = None
        super()._reset(other)


KnownNumbers.__name__ = megengine.Tensor.__name__  # what messages call it
register_supported_type(KnownNumbers)  # `trace_module` takes no other kinds of tensors than it knows


def tensor_of(array: np.ndarray[Any, Any], device: Any) -> Tensor:
    """A tensor with a copy of an array; whole numbers, unless they are very many, stay known."""
    if array.dtype.kind not in "iu" or array.size > _MANY or array.ndim == 0:
        return megengine.tensor(array, device=device)
    made = KnownNumbers(array, device=device)
    made._known = array.copy()
    return made


def values_of(tensor: Tensor) -> np.ndarray[Any, Any]:
    """A tensor's values, waited for only where they are not known. Not to be written to."""
    known = getattr(tensor, "_known", None)
    values: np.ndarray[Any, Any] = tensor.numpy() if known is None else known
    return values
