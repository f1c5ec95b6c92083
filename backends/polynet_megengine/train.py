"""MegEngine's optimisers behind one small face: `step(loss_function)`, with torch's meaning of every option."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import megengine
import megengine.optimizer
from megengine.autodiff import GradManager
from megengine.device import get_default_device, set_default_device

from polynet.errors import OptionError, UnknownNameError, suggest
from polynet.types import Tensor
from polynet_megengine.state import slots

_OPTIMIZERS: dict[str, Callable[..., Any]] = {
    "sgd": megengine.optimizer.SGD,
    "adam": megengine.optimizer.Adam,
    "adamw": megengine.optimizer.AdamW,
}

_DEFAULTS: dict[str, dict[str, Any]] = {"sgd": {"lr": 1e-3}, "adam": {"lr": 1e-3}, "adamw": {"lr": 1e-3}}
"""torch's default learning rates; MegEngine has none."""


class Optimizer:
    """A `megengine.optimizer` optimiser that runs whole steps.

    Attributes:
        native: The `megengine.optimizer` object.
    """

    def __init__(self, native: Any, parameters: list[Tensor]) -> None:
        self.native = native
        self._manager = GradManager().attach(parameters)
        self._device = str(parameters[0].device) if parameters else str(get_default_device())

    def step(self, loss_function: Callable[[], Tensor]) -> float:
        """Compute the loss, its gradients, and step; returns the loss before the step."""
        self.native.clear_grad()
        with self._manager:
            loss = loss_function()
            self._manager.backward(loss)
        before = get_default_device()
        if self._device != str(before):
            # The optimiser keeps its scalars on the default device, and devices do not mix.
            set_default_device(self._device)
        try:
            self.native.step()
        finally:
            if self._device != str(before):
                set_default_device(before)
        megengine._full_sync()
        return float(loss.numpy())


def optimizer(name: str, module: Any, **options: Any) -> Optimizer:
    """An optimiser over a module's trainable parameters.

    Args:
        name: `"sgd"`, `"adam"` or `"adamw"`.
        module: Whose parameters to step.
        **options: As `torch.optim` has them: `lr`, `momentum`, `weight_decay`, `nesterov`, `betas`, `eps`.

    Raises:
        UnknownNameError: No such optimiser.
        OptionError: It has no such option, or cannot use its value.
    """
    if name not in _OPTIMIZERS:
        message = f"There is no optimiser {name!r}; there are {', '.join(_OPTIMIZERS)}.{suggest(name, _OPTIMIZERS)}"
        raise UnknownNameError(message)
    trained = list({id(slot.tensor): slot.tensor for slot in slots(module).values() if slot.trainable}.values())
    try:
        native = _OPTIMIZERS[name](trained, **{**_DEFAULTS[name], **options})
    except (TypeError, ValueError, AssertionError) as error:
        message = f"Optimiser {name!r} cannot be made with {options}: {error}"
        raise OptionError(message) from error
    return Optimizer(native, trained)
