"""Every process holds a part of each parameter: FSDP2's `fully_shard` on a model and its larger blocks."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import torch
import torch.distributed as dist
from torch.distributed.device_mesh import init_device_mesh

from polynet.errors import OptionError, UnsupportedError
from polynet.train.distributed.parallel import Strategy
from polynet_torch.distributed.batch_norm import synchronise_batch_norms
from polynet_torch.distributed.collectives import TorchCollectives

_CONTAINERS = (torch.nn.ModuleList, torch.nn.ModuleDict)
"""Modules without a `forward`, which therefore cannot be gathered as one."""


class Sharded(Strategy):
    """FSDP2: parameters, gradients and the optimiser's state are spread over processes.

    Blocks are gathered one by one while they compute; what belongs to no block is gathered with the model itself.
    """

    is_sharded = True
    collectives: TorchCollectives

    def __init__(
        self,
        model: torch.nn.Module,
        collectives: TorchCollectives,
        *,
        sync_batch_norm: bool = False,
        broadcast_buffers: bool = True,
        smallest_unit: int = 100_000,
        **options: Any,
    ) -> None:
        super().__init__(model, collectives)
        try:
            from torch.distributed.fsdp import fully_shard
        except ImportError as error:
            message = (
                f"Sharding needs FSDP2's fully_shard, which torch has from 2.6 on; this is torch {torch.__version__}."
            )
            raise UnsupportedError(message) from error
        synchronise_batch_norms(model, collectives.device, all_of_them=sync_batch_norm)
        collectives.broadcast_tensors_([*model.parameters(), *model.buffers()])
        self._broadcasts = broadcast_buffers
        # Without, the model's own part would stay whole after an evaluation, and what is written to it would be lost.
        if options.setdefault("reshard_after_forward", True) is not True:
            message = "reshard_after_forward must be True: between steps weights are read and written where they lie."
            raise OptionError(message)
        mesh = init_device_mesh(collectives.device.partition(":")[0], (dist.get_world_size(),))
        try:
            for unit in units(model, smallest_unit):
                fully_shard(unit, mesh=mesh, **options)
            fully_shard(model, mesh=mesh, **options)
        except (TypeError, ValueError) as error:
            message = f"fully_shard cannot be made with {options}: {error}"
            raise OptionError(message) from error

    @contextlib.contextmanager
    def step(self, optim_wrapper: Any, reduces: bool) -> Iterator[None]:
        """Share buffers, and scatter gradients only where they are needed."""
        if self._broadcasts:
            self.synchronise_buffers()
        self.model.set_requires_gradient_sync(reduces)
        yield

    def synchronise_buffers(self) -> None:
        """One message for each element type."""
        self.collectives.broadcast_tensors_(list(self.model.buffers()))


def units(model: torch.nn.Module, smallest: int) -> list[torch.nn.Module]:
    """The blocks to be gathered each by itself: members of the outermost lists and sequences of a model.

    Args:
        model: The model.
        smallest: Parameters from which a member is worth its own messages.

    Example:
        >>> block = lambda: torch.nn.Sequential(torch.nn.Linear(8, 8), torch.nn.ReLU())
        >>> net = torch.nn.Sequential(block(), block(), torch.nn.Linear(8, 2))
        >>> len(units(net, 50))
        2
    """
    found: list[torch.nn.Module] = []
    for child in model.children():
        is_member = isinstance(model, (torch.nn.Sequential, *_CONTAINERS))
        if not is_member or isinstance(child, _CONTAINERS):
            found += units(child, smallest)
        elif sum(parameter.numel() for parameter in child.parameters()) >= smallest:
            found.append(child)
    return found
