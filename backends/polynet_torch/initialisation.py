"""Skip torch's random initialisation while PolyNet builds: the seeded weights follow at once."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

_RANDOM_FILLS = frozenset({torch.Tensor.uniform_, torch.Tensor.normal_})


class _Skip(TorchFunctionMode):
    """Notes in-place random fills instead of running them. A function mode is local to its thread, unlike a patch."""

    def __init__(self) -> None:
        super().__init__()
        self.skipped: list[Callable[[], Any]] = []
        self.tensors: list[torch.Tensor] = []

    def __torch_function__(
        self, function: Any, types: Any, arguments: tuple[Any, ...] = (), options: dict[str, Any] | None = None
    ) -> Any:
        if function in _RANDOM_FILLS and arguments[0].device.type != "meta":
            given = options or {}
            self.tensors.append(arguments[0])
            self.skipped.append(lambda: function(arguments[0].detach(), *arguments[1:], **given))
            return arguments[0]
        return function(*arguments, **(options or {}))

    def replay(self, filled: Iterable[torch.Tensor]) -> None:
        """Run the fills that were skipped, except of tensors that have been given values since."""
        known = {tensor.data_ptr() for tensor in filled}
        for tensor, fill in zip(self.tensors, self.skipped, strict=True):
            if tensor.data_ptr() not in known:
                fill()


@contextlib.contextmanager
def skip_initialisation() -> Iterator[Callable[[Iterable[torch.Tensor]], None]]:
    """Context in which `Tensor.uniform_` and `normal_`, hence the random `torch.nn.init` functions, do nothing.

    Yields:
        A function that runs the skipped fills after all, except on the tensors it is given.
    """
    with _Skip() as mode:
        yield mode.replay
