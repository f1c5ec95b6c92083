"""Skip torch's random initialisation while PolyNet builds: the seeded weights follow at once."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

_RANDOM_FILLS = frozenset({torch.Tensor.uniform_, torch.Tensor.normal_})


class _Skip(TorchFunctionMode):
    """Turns in-place random fills into no-ops. A function mode is local to its thread, unlike a patch."""

    def __torch_function__(
        self, function: Any, types: Any, arguments: tuple[Any, ...] = (), options: dict[str, Any] | None = None
    ) -> Any:
        if function in _RANDOM_FILLS:
            return arguments[0]
        return function(*arguments, **(options or {}))


@contextlib.contextmanager
def skip_initialisation() -> Iterator[None]:
    """Context in which `Tensor.uniform_` and `normal_`, hence the random `torch.nn.init` functions, do nothing."""
    with _Skip():
        yield
