"""A constant factor for a while."""

from __future__ import annotations

import attrs

from polynet.nn.arguments import fraction
from polynet.train.schedules.affine import Affine
from polynet.train.schedules.schedule import Schedule


@attrs.frozen(kw_only=True)
class ConstantParamScheduler(Schedule):
    """Multiplies by a factor from `begin` on, and lets go of it at the last step before `end`.

    Args:
        factor: The factor, 0 to 1.

    Source: MMEngine; `torch.optim.lr_scheduler.ConstantLR` with `total_iters = end - begin - 1`.

    Example:
        >>> schedule = ConstantLR(factor=0.5, end=4)
        >>> [schedule.value(epoch, base=0.2) for epoch in range(5)]
        [0.1, 0.1, 0.1, 0.2, 0.2]
    """

    factor: float = 1 / 3

    def check(self) -> None:
        """Check the factor."""
        fraction(self.owner, "factor", self.factor)

    def at(self, step: int, group: int = 0) -> Affine:
        """The factor, and 1 at the last step; the only step of a schedule of one is its first."""
        last = self.end - self.begin - 1
        return Affine(self.factor if step < max(last, 1) else 1.0)


@attrs.frozen(kw_only=True)
class ConstantLR(ConstantParamScheduler):
    """`ConstantParamScheduler` of the learning rate."""

    param_name: str = attrs.field(default="lr", init=False)


@attrs.frozen(kw_only=True)
class ConstantMomentum(ConstantParamScheduler):
    """`ConstantParamScheduler` of the momentum, which is the first beta of Adam and its like."""

    param_name: str = attrs.field(default="momentum", init=False)
