"""Skip torch's random initialisation while PolyNet builds: the seeded weights follow at once."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

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


Fill = Callable[[torch.Tensor], Any]


class Skipped(NamedTuple):
    """A tensor, and the random fills of it that were not run."""

    tensor: torch.Tensor
    fills: list[Fill]


class Skip(TorchFunctionMode):
    """Notes in-place random fills instead of running them. A function mode is local to its thread, unlike a patch."""

    def __init__(self) -> None:
        super().__init__()
        self._skipped: dict[int, Skipped] = {}

    def __torch_function__(
        self, function: Any, types: Any, arguments: tuple[Any, ...] = (), options: dict[str, Any] | None = None
    ) -> Any:
        if function in _RANDOM_FILLS:
            given = dict(options or {})
            tensor, *rest = arguments or (given.pop("tensor", None),)
            if isinstance(tensor, torch.Tensor) and tensor.device.type != "meta":
                self.note(tensor, [lambda target: function(target, *rest, **given)])
                return tensor
        return function(*arguments, **options) if options else function(*arguments)

    def fills_of(self, tensor: torch.Tensor) -> list[Fill]:
        """The fills of a tensor that were not run."""
        found = self._skipped.get(id(tensor))
        return [] if found is None else found.fills

    def note(self, tensor: torch.Tensor, fills: Iterable[Fill]) -> None:
        """Count fills of a tensor as skipped."""
        self._skipped.setdefault(id(tensor), Skipped(tensor, [])).fills.extend(fills)

    def replay(self, filled: Iterable[torch.Tensor]) -> None:
        """Run the fills that were skipped, except of tensors that have been given values since."""
        known = {tensor.data_ptr() for tensor in filled}
        for tensor, fills in self._skipped.values():
            if tensor.data_ptr() not in known:
                with torch.no_grad():
                    for fill in fills:
                        fill(tensor)


@contextlib.contextmanager
def skip_initialisation() -> Iterator[Callable[[Iterable[torch.Tensor]], None]]:
    """Context in which `Tensor.uniform_` and `normal_`, hence the random `torch.nn.init` functions, do nothing.

    Yields:
        A function that runs the skipped fills after all, except on the tensors it is given.
    """
    with Skip() as mode:
        yield mode.replay
