"""Skip torch's random initialisation while PolyNet builds: the seeded weights follow at once."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

_RANDOM_FILLS = frozenset(
    {
        torch.Tensor.uniform_,
        torch.Tensor.normal_,
        # These reach a function mode as a whole, and the mode is off while they run.
        torch.nn.init.uniform_,
        torch.nn.init.normal_,
        torch.nn.init.kaiming_uniform_,
    }
)


class _Skip(TorchFunctionMode):
    """Notes in-place random fills instead of running them. A function mode is local to its thread, unlike a patch."""

    def __init__(self) -> None:
        super().__init__()
        self.skipped: list[tuple[torch.Tensor, Callable[[], Any]]] = []

    def __torch_function__(
        self, function: Any, types: Any, arguments: tuple[Any, ...] = (), options: dict[str, Any] | None = None
    ) -> Any:
        given = options or {}
        tensor = arguments[0] if arguments else given.get("tensor")
        if function in _RANDOM_FILLS and isinstance(tensor, torch.Tensor) and tensor.device.type != "meta":
            self.skipped.append((tensor, lambda: function(*arguments, **given)))
            return tensor
        return function(*arguments, **given)

    def replay(self, filled: Iterable[torch.Tensor]) -> None:
        """Run the fills that were skipped, except of tensors that have been given values since."""
        known = {tensor.data_ptr() for tensor in filled}
        for tensor, fill in self.skipped:
            if tensor.data_ptr() not in known:
                with torch.no_grad():
                    fill()


@contextlib.contextmanager
def skip_initialisation() -> Iterator[Callable[[Iterable[torch.Tensor]], None]]:
    """Context in which `Tensor.uniform_` and `normal_`, hence the random `torch.nn.init` functions, do nothing.

    Yields:
        A function that runs the skipped fills after all, except on the tensors it is given.
    """
    with _Skip() as mode:
        yield mode.replay
