"""Schedules that end at a least value, given as such or as a share of the base."""

from __future__ import annotations

import attrs

from polynet.errors import OptionError
from polynet.nn.arguments import number
from polynet.train.schedules.affine import Affine
from polynet.train.schedules.schedule import Schedule


@attrs.frozen(kw_only=True)
class FloorSchedule(Schedule):
    """Scales the distance from a floor.

    Args:
        eta_min: The floor; 0 where nothing is given.
        eta_min_ratio: The floor as a share of the base, instead.
    """

    eta_min: float | None = None
    eta_min_ratio: float | None = None

    def check(self) -> None:
        """Check the floor."""
        if self.eta_min is not None and self.eta_min_ratio is not None:
            message = f"{self.owner}: either eta_min or eta_min_ratio is given, not both."
            raise OptionError(message)
        for name in ("eta_min", "eta_min_ratio"):
            if getattr(self, name) is not None:
                number(self.owner, name, getattr(self, name), lowest=0)

    @property
    def multiplies(self) -> bool:
        """Only where the floor is 0."""
        return not self.eta_min and not self.eta_min_ratio

    def above_floor(self, factor: float, weight: float | None = None) -> Affine:
        """The floor, and above it a part of what the value taken over has above it, or of what the base has.

        Args:
            factor: The part.
            weight: Multiplies the base, which is then what is scaled; `None` where the value taken over is.
        """
        share = (self.eta_min_ratio or 0.0) * (1 - factor)
        shift = (self.eta_min or 0.0) * (1 - factor)
        if weight is None:
            return Affine(factor, share, shift)
        return Affine(0.0, share + weight * factor, shift)
