"""Telling tensors of a framework from everything else in a batch."""

from __future__ import annotations

from typing import Any

from polynet.tensor_types import CHECKED, NAMESPACES


def is_tensor(value: Any) -> bool:
    """Whether a value is a tensor of a framework that is in use.

    Example:
        >>> is_tensor(np.zeros(2))
        False
    """
    return any(issubclass(cls, (*NAMESPACES, *CHECKED)) for cls in (type(value),))
