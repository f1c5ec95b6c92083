"""Every process holds all of the model: DistributedDataParallel around a model's own `train_step`."""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch.nn.parallel import DistributedDataParallel

from polynet.errors import OptionError, UnsupportedError
from polynet.train.distributed.parallel import Strategy
from polynet_torch.distributed.batch_norm import synchronise_batch_norms
from polynet_torch.distributed.collectives import TorchCollectives

_SHARING = next(
    name
    for name in ("forward_sync_buffers", "broadcast_buffers")
    if name in inspect.signature(DistributedDataParallel).parameters
)
"""DistributedDataParallel's name for sharing buffers before each step; newer versions of torch warn of the old one."""


class _Computation(torch.nn.Module):
    """What DistributedDataParallel calls: a model's `forward` without the model's hooks, which have run already."""

    def __init__(self, model: torch.nn.Module) -> None:
        super().__init__()
        self.model = model
        self.is_running = False

    def forward(self, *inputs: Any, **options: Any) -> Any:
        self.is_running = True
        try:
            return type(self.model).forward(self.model, *inputs, **options)
        finally:
            self.is_running = False


class Replicated(Strategy):
    """DistributedDataParallel, through which the model's call of itself is led during a training step.

    `train_step` belongs to the model and calls it as `self(…)`; DistributedDataParallel must see that call, to share
    buffers before it and to prepare for the gradients after it.
    """

    collectives: TorchCollectives

    def __init__(
        self,
        model: torch.nn.Module,
        collectives: TorchCollectives,
        *,
        sync_batch_norm: bool = False,
        broadcast_buffers: bool = True,
        find_unused_parameters: bool = False,
        **options: Any,
    ) -> None:
        super().__init__(model, collectives)
        synchronise_batch_norms(model, collectives.device, all_of_them=sync_batch_norm)
        self._computation = _Computation(model)
        self._calls = 0
        collectives.broadcast_tensors_(list(model.buffers()))
        options[_SHARING] = broadcast_buffers
        options["find_unused_parameters"] = find_unused_parameters
        try:
            self._parallel = DistributedDataParallel(self._computation, **options)
        except (TypeError, ValueError) as error:
            message = f"DistributedDataParallel cannot be made with {options}: {error}"
            raise OptionError(message) from error

    @contextlib.contextmanager
    def step(self, optim_wrapper: Any, reduces: bool) -> Iterator[None]:
        """Lead the model's call of itself through DistributedDataParallel.

        Raises:
            UnsupportedError: `train_step` computed its loss otherwise.
        """
        self._calls = 0
        waiting = contextlib.nullcontext() if reduces else self._parallel.no_sync()
        with waiting, _forward_replaced(self.model, self._forward):
            yield
        if not self._calls:
            name = type(self.model).__name__
            message = (
                f"{name}.train_step never called the model itself, so DistributedDataParallel could not average its "
                "gradients: compute the loss by self(…, mode='loss'), not by self.forward_train(…) or by a part alone."
            )
            raise UnsupportedError(message)

    def _forward(self, *inputs: Any, **options: Any) -> Any:
        if self._computation.is_running:
            return type(self.model).forward(self.model, *inputs, **options)
        self._calls += 1
        return self._parallel(*inputs, **options)

    def synchronise_buffers(self) -> None:
        """One message for each element type."""
        self.collectives.broadcast_tensors_(list(self.model.buffers()))


@contextlib.contextmanager
def _forward_replaced(model: torch.nn.Module, forward: Callable[..., Any]) -> Iterator[None]:
    """Let a model's own call run another function, for the time being."""
    own = vars(model)
    before = own.get("forward")
    own["forward"] = forward
    try:
        yield
    finally:
        if before is None:
            del own["forward"]
        else:
            own["forward"] = before
