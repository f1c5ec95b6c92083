"""A factor that changes linearly: the usual warm-up."""

from __future__ import annotations

import attrs

from polynet.nn.arguments import fraction
from polynet.train.schedules.affine import Affine
from polynet.train.schedules.schedule import Schedule


@attrs.frozen(kw_only=True)
class LinearParamScheduler(Schedule):
    """Multiplies by a factor that goes linearly from `start_factor` at `begin` to `end_factor` at the last step.

    A warm-up lets large batches begin gently (Goyal et al., "Accurate, Large Minibatch SGD: Training ImageNet in 1
    Hour", 2017). A start factor of 0 is allowed, where computing each step from the one before would divide by it.

    Args:
        start_factor: The factor at `begin`, 0 to 1.
        end_factor: The factor at `end - 1`, 0 to 1.

    Source: MMEngine; `torch.optim.lr_scheduler.LinearLR` with `total_iters = end - begin - 1`.

    Example:
        >>> schedule = LinearLR(start_factor=0.25, end=4)
        >>> [schedule.value(epoch) for epoch in range(6)]
        [0.25, 0.5, 0.75, 1.0, 1.0, 1.0]
    """

    start_factor: float = 1 / 3
    end_factor: float = 1.0

    def check(self) -> None:
        """Check the factors."""
        fraction(self.owner, "start_factor", self.start_factor)
        fraction(self.owner, "end_factor", self.end_factor)

    def at(self, step: int, group: int = 0) -> Affine:
        """The factor on the straight line."""
        last = self.end - self.begin - 1
        done = min(step / last, 1.0) if last else 0.0
        return Affine(self.start_factor + (self.end_factor - self.start_factor) * done)


@attrs.frozen(kw_only=True)
class LinearLR(LinearParamScheduler):
    """`LinearParamScheduler` of the learning rate."""

    param_name: str = attrs.field(default="lr", init=False)


@attrs.frozen(kw_only=True)
class LinearMomentum(LinearParamScheduler):
    """`LinearParamScheduler` of the momentum, which is the first beta of Adam and its like."""

    param_name: str = attrs.field(default="momentum", init=False)
