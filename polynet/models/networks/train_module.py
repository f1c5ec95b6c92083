"""Base of networks that compute one thing in training and another in evaluation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from polynet.errors import InputError, suggest
from polynet.models.base_model import BaseModel
from polynet.types import Tensor


class TrainModule(BaseModel):
    """A network whose call runs `forward_train` in training mode and `forward_test` in evaluation mode.

    A subclass writes these two; `forward` is here, so that a subclass need not have one, nor spell it right. What the
    network is called with is handed on unchanged, by position and by keyword. In training with labels it returns a
    dictionary with `loss` and `batch_size`, and what else is to be logged; otherwise what it likes.

    Args:
        cfg: A config to keep as `cfg`, or `None`.
        logger: A logger to keep, or `None`.

    Raises:
        NotImplementedError: When called: the subclass has no method for this mode.

    Source: EssentialMC2 and Scepter, `TrainModule`, where `forward` is for the subclass to write.

    Example:
        >>> class Halves(TrainModule):
        ...     def forward_train(self, x):
        ...         return {"loss": x.sum(), "batch_size": x.shape[0]}
        ...     def forward_test(self, x):
        ...         return x / 2
        >>> with polynet.use_backend("torch"):
        ...     net = Halves()
        >>> net(ops.ones((2, 3)))["batch_size"], net.eval()(ops.ones((1,))).tolist()
        (2, [0.5])
    """

    def __init__(self, cfg: Any = None, logger: Any = None) -> None:
        super().__init__(cfg, logger=logger)

    def forward(self, *inputs: Any, **options: Any) -> Any:
        """Run the method of the present mode."""
        return self.forward_train(*inputs, **options) if self.training else self.forward_test(*inputs, **options)

    def forward_train(self, *inputs: Any, **options: Any) -> Any:
        """What is computed in training: a dictionary with `loss` and `batch_size`, given labels."""
        raise NotImplementedError(_missing(self, "forward_train", "training"))

    def forward_test(self, *inputs: Any, **options: Any) -> Any:
        """What is computed in evaluation."""
        raise NotImplementedError(_missing(self, "forward_test", "evaluation"))


def _missing(network: TrainModule, method: str, mode: str) -> str:
    return f"{type(network).__name__} is in {mode} mode and has no {method}(); a TrainModule's subclass writes it."


def loss_of(outputs: Any) -> Tensor:
    """The loss in what a network returned in training, which is to be optimised.

    Args:
        outputs: What it returned: a dictionary with `loss`.

    Raises:
        InputError: There is no loss; the message says what there is, and what may be the cause.

    Source: EssentialMC2 warns of such an iteration and leaves it out.

    Example:
        >>> loss_of({"loss": 0.5, "batch_size": 2})
        0.5
    """
    if isinstance(outputs, Mapping) and outputs.get("loss") is not None:
        return outputs["loss"]
    if isinstance(outputs, Mapping):
        found = f"this one has {', '.join(map(str, outputs)) or 'nothing'}."
        found += next((hint for key in outputs if (hint := suggest(key, ["loss"]))), "")
    else:
        found = f"it returned {type(outputs).__name__}. Without labels there is none: were they given to it?"
    message = f"In training a network returns a dictionary with `loss`; {found}"
    raise InputError(message)
