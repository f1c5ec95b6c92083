"""Every process holds all of the model; gradients are averaged as one flat tensor after each backward pass."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator
from typing import Any

import megengine
import megengine.functional as F
import numpy as np

from polynet.errors import OptionError, UnsupportedError, suggest
from polynet.optimizer import Optimizer
from polynet.train.distributed.parallel import Strategy
from polynet.types import Tensor
from polynet_megengine.distributed.batch_norm import synchronise_batch_norms
from polynet_megengine.ops.conversion import no_grad
from polynet_megengine.training.optimizer import MegEngineOptimizer

_OPTIONS = ("broadcast_buffers", "find_unused_parameters", "sync_batch_norm")


class Replicated(Strategy):
    """What DistributedDataParallel does, for MegEngine.

    Gradients are summed where the optimiser's `backward` leaves them, before they are unscaled, clipped or used. A
    parameter without a gradient in some processes counts as zero there, and stays without one where it has none in any.
    """

    def __init__(
        self,
        model: Any,
        collectives: Any,
        *,
        sync_batch_norm: bool = False,
        broadcast_buffers: bool = True,
        find_unused_parameters: bool = False,
        **unknown: Any,
    ) -> None:
        super().__init__(model, collectives)
        for name in unknown:
            near = suggest(name, _OPTIONS)
            message = f"Replicas on MegEngine have no option {name!r}.{near} They have {', '.join(_OPTIONS)}."
            raise OptionError(message)
        self._broadcasts = broadcast_buffers
        if sync_batch_norm:
            synchronise_batch_norms(model)
        self.collectives: Any = collectives
        collectives.broadcast_tensors_(list(model.tensors()))

    @contextlib.contextmanager
    def step(self, optim_wrapper: Any, reduces: bool) -> Iterator[None]:
        """Share buffers; average gradients after each `backward` of the optimisers."""
        if self._broadcasts:
            self.synchronise_buffers()
        optimizers = optimizers_of(optim_wrapper) if reduces else []
        for optimizer in optimizers:
            optimizer.after_backward = self._average_gradients
        try:
            yield
        finally:
            for optimizer in optimizers:
                optimizer.after_backward = None

    def _average_gradients(self, optimizer: Optimizer) -> None:
        with no_grad():
            average_gradients(list(optimizer.parameters.values()), self.collectives)

    def synchronise_buffers(self) -> None:
        """One message for each element type."""
        self.collectives.broadcast_tensors_(list(self.model.buffers()))


def optimizers_of(optim_wrapper: Any) -> list[MegEngineOptimizer]:
    """The optimisers of one wrapper or several, or one that is given by itself.

    Raises:
        UnsupportedError: One is not PolyNet's, so that its gradients cannot be averaged before it steps.
    """
    wrappers = optim_wrapper.values() if hasattr(optim_wrapper, "values") else (optim_wrapper,)
    optimizers = [getattr(wrapper, "optimizer", wrapper) for wrapper in wrappers]
    for optimizer in optimizers:
        if not isinstance(optimizer, MegEngineOptimizer):
            message = (
                f"{type(optimizer).__name__} steps by gradients that PolyNet does not see, so processes cannot average "
                "them: make the optimiser by polynet.train.build_optim_wrapper or backend.optimizer."
            )
            raise UnsupportedError(message)
    return optimizers


def average_gradients(parameters: list[Tensor], collectives: Any) -> None:
    """Replace each parameter's gradient by its mean over processes, in one message.

    Args:
        parameters: The same in every process.
        collectives: The processes' communication.
    """
    shapes = [parameter._tuple_shape for parameter in parameters]
    sizes = [int(np.prod(shape)) for shape in shapes]
    has_gradient = np.array([parameter.grad is not None for parameter in parameters], np.float32)
    device = parameters[0].device
    pieces = [
        F.zeros((size,), device=device) if parameter.grad is None else _flat(parameter.grad)
        for parameter, size in zip(parameters, sizes, strict=True)
    ]
    flat = F.concat([*pieces, megengine.Tensor(has_gradient, device=device)])
    averaged = collectives.all_reduce_tensor(flat, "mean")
    *parts, counted = F.split(averaged, list(itertools.accumulate(sizes)))
    for parameter, part, shape, some in zip(parameters, parts, shapes, counted.numpy(), strict=True):
        if some:
            gradient = part.reshape(shape)
            parameter.grad = gradient if parameter.dtype == np.float32 else gradient.astype(parameter.dtype)


def _flat(gradient: Tensor) -> Tensor:
    flat = gradient.reshape(-1)
    return flat if flat.dtype == np.float32 else flat.astype("float32")
