"""Polynomial decay."""

from __future__ import annotations

import attrs

from polynet.nn.arguments import number
from polynet.train.schedules.affine import Affine
from polynet.train.schedules.schedule import Schedule


@attrs.frozen(kw_only=True)
class PolyParamScheduler(Schedule):
    """Goes to a floor as a power of the steps left.

    Args:
        eta_min: The floor, which is reached at the last step before `end`.
        power: The power; 1 is a straight line.

    Source: MMEngine; `torch.optim.lr_scheduler.PolynomialLR` with `total_iters = end - begin - 1`.

    Example:
        >>> schedule = PolyLR(power=2, end=5)
        >>> [schedule.value(epoch) for epoch in range(6)]
        [1.0, 0.5625, 0.25, 0.0625, 0.0, 0.0]
    """

    eta_min: float = 0.0
    power: float = 1.0

    def check(self) -> None:
        """Check the floor and the power."""
        number(self.owner, "eta_min", self.eta_min, lowest=0)
        number(self.owner, "power", self.power, above=0)

    @property
    def multiplies(self) -> bool:
        """Only where the floor is 0."""
        return not self.eta_min

    def at(self, step: int, group: int = 0) -> Affine:
        """The power of the share of steps that are left."""
        last = self.end - self.begin - 1
        factor = max(1 - step / last, 0.0) ** self.power if last else 1.0
        return Affine(factor, 0.0, self.eta_min * (1 - factor))


@attrs.frozen(kw_only=True)
class PolyLR(PolyParamScheduler):
    """`PolyParamScheduler` of the learning rate."""

    param_name: str = attrs.field(default="lr", init=False)


@attrs.frozen(kw_only=True)
class PolyMomentum(PolyParamScheduler):
    """`PolyParamScheduler` of the momentum, which is the first beta of Adam and its like."""

    param_name: str = attrs.field(default="momentum", init=False)
