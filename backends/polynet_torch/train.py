"""torch's optimisers behind one small face: `step(loss_function)`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from polynet.errors import OptionError, UnknownNameError, suggest

_OPTIMIZERS: dict[str, Callable[..., torch.optim.Optimizer]] = {
    "sgd": torch.optim.SGD,
    "adam": torch.optim.Adam,
    "adamw": torch.optim.AdamW,
}


class Optimizer:
    """A `torch.optim` optimiser that runs whole steps.

    Attributes:
        native: The `torch.optim` object.
    """

    def __init__(self, native: torch.optim.Optimizer) -> None:
        self.native = native

    def step(self, loss_function: Callable[[], torch.Tensor]) -> float:
        """Compute the loss, its gradients, and step; returns the loss before the step."""
        self.native.zero_grad(set_to_none=True)
        loss = loss_function()
        loss.backward()
        self.native.step()
        return float(loss.detach())


def optimizer(name: str, module: torch.nn.Module, **options: Any) -> Optimizer:
    """An optimiser over a module's trainable parameters.

    Args:
        name: `"sgd"`, `"adam"` or `"adamw"`.
        module: Whose parameters to step.
        **options: `torch.optim`'s own: `lr`, `momentum`, `weight_decay`, `nesterov`, `betas`, `eps`.

    Raises:
        UnknownNameError: No such optimiser.
        OptionError: It has no such option, or cannot use its value.
    """
    if name not in _OPTIMIZERS:
        message = f"There is no optimiser {name!r}; there are {', '.join(_OPTIMIZERS)}.{suggest(name, _OPTIMIZERS)}"
        raise UnknownNameError(message)
    trained = [parameter for parameter in module.parameters() if parameter.requires_grad]
    try:
        return Optimizer(_OPTIMIZERS[name](trained, **options))
    except (TypeError, ValueError) as error:
        message = f"Optimiser {name!r} cannot be made with {options}: {error}"
        raise OptionError(message) from error
