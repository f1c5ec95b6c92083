"""A factor at every step."""

from __future__ import annotations

import attrs

from polynet.nn.arguments import number
from polynet.train.schedules.affine import Affine
from polynet.train.schedules.schedule import Schedule


@attrs.frozen(kw_only=True)
class ExponentialParamScheduler(Schedule):
    """Multiplies by `gamma` at every step.

    Converted to iterations it multiplies by the same `gamma` at every iteration, as MMEngine's does.

    Args:
        gamma: The factor.

    Source: MMEngine; `torch.optim.lr_scheduler.ExponentialLR`.

    Example:
        >>> schedule = ExponentialLR(gamma=0.5)
        >>> [schedule.value(epoch) for epoch in range(4)]
        [1.0, 0.5, 0.25, 0.125]
    """

    gamma: float

    def check(self) -> None:
        """Check the factor."""
        number(self.owner, "gamma", self.gamma, lowest=0)

    def at(self, step: int, group: int = 0) -> Affine:
        """The power of `gamma` reached."""
        return Affine(float(self.gamma**step))


@attrs.frozen(kw_only=True)
class ExponentialLR(ExponentialParamScheduler):
    """`ExponentialParamScheduler` of the learning rate."""

    param_name: str = attrs.field(default="lr", init=False)


@attrs.frozen(kw_only=True)
class ExponentialMomentum(ExponentialParamScheduler):
    """`ExponentialParamScheduler` of the momentum, which is the first beta of Adam and its like."""

    param_name: str = attrs.field(default="momentum", init=False)
