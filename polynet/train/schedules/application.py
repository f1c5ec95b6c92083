"""Setting what an optimiser's groups of parameters use, as schedules say."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping, Sequence
from typing import Any

from polynet.errors import ConfigError, OptionError, suggest
from polynet.train.schedules.combination import Combination
from polynet.train.schedules.plateau import ReduceOnPlateauParamScheduler
from polynet.train.schedules.schedule import Schedule

Group = MutableMapping[str, Any]


class ScheduledGroups:
    """The groups of one optimiser, and the schedules of their settings.

    Args:
        groups: The optimiser's groups. What they hold now is the base from which schedules count.
        schedules: The schedules.
        epoch_length: Iterations of an epoch, where known.

    Raises:
        OptionError: A group has no such setting.

    Attributes:
        by_iteration: Whether an iteration can change anything.

    Example:
        >>> from polynet.train.schedules import StepLR
        >>> groups = [{"lr": 0.1}, {"lr": 0.01}]
        >>> scheduled = ScheduledGroups(groups, [StepLR(step_size=1, gamma=0.5)])
        >>> scheduled.apply(epoch=1, iteration=0)
        >>> groups
        [{'lr': 0.05}, {'lr': 0.005}]
    """

    def __init__(self, groups: Sequence[Group], schedules: Sequence[Schedule], epoch_length: int | None = None) -> None:
        self.groups = groups
        self.by_iteration = any(not schedule.by_epoch for schedule in schedules)
        self.plateaus = [one for one in schedules if isinstance(one, ReduceOnPlateauParamScheduler)]
        self._combinations: dict[str, Combination] = {}
        for schedule in schedules:
            if schedule.param_name not in self._combinations:
                same = [one for one in schedules if one.param_name == schedule.param_name and not one.stateful]
                self._combinations[schedule.param_name] = Combination(same, epoch_length)
        self.bases = {
            name: [_read(group, name, number) for number, group in enumerate(groups)] for name in self._combinations
        }

    def apply(self, epoch: int, iteration: int) -> None:
        """Set what the groups use when so many epochs and iterations are done."""
        for name, combination in self._combinations.items():
            alike = None if combination.differs_by_group else combination.at(epoch, iteration)
            plateaus = [plateau for plateau in self.plateaus if plateau.param_name == name] if self.plateaus else ()
            for number, (group, base) in enumerate(zip(self.groups, self.bases[name], strict=True)):
                value = (alike or combination.at(epoch, iteration, number)).of(base, base)
                for plateau in plateaus:
                    value = plateau.reduced(value, number)
                _write(group, name, value)

    def observe(self, metrics: Mapping[str, Any], epoch: int) -> bool:
        """Tell the schedules that watch a figure what a validation gave.

        Returns:
            Whether one of them reduces now.

        Raises:
            ConfigKeyError: The figure is not among them.
        """
        watching = [plateau for plateau in self.plateaus if plateau.begin <= epoch < plateau.end]
        reduced = [plateau.observe(metrics) for plateau in watching]
        return any(reduced)

    def state(self) -> dict[str, Any]:
        """What the number of a step does not say: the bases, and what plateau schedules remember."""
        return {"bases": {name: list(bases) for name, bases in self.bases.items()}} | (
            {"plateaus": [plateau.state() for plateau in self.plateaus]} if self.plateaus else {}
        )

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Take back what `state` gave.

        Raises:
            ConfigError: It is of other schedules or groups.
        """
        bases = {name: [float(base) for base in values] for name, values in state.get("bases", {}).items()}
        plateaus = list(state.get("plateaus", ()))
        kept, present = ({name: len(one[name]) for name in sorted(one)} for one in (bases, self.bases))
        if kept != present or len(plateaus) != len(self.plateaus):
            message = (
                f"The state is of schedules of other settings: groups of each {kept} and {len(plateaus)} schedules "
                f"that watch a figure, where there are {present} and {len(self.plateaus)}."
            )
            raise ConfigError(message)
        for plateau, remembered in zip(self.plateaus, plateaus, strict=True):
            plateau.load_state(remembered)
        self.bases = bases


def _read(group: Group, name: str, number: int) -> float:
    """A group's setting; the momentum of an optimiser that has betas is the first of them."""
    if name in group:
        return float(group[name])
    if name == "momentum" and "betas" in group:
        return float(group["betas"][0])
    settings = [key for key, value in group.items() if isinstance(value, (int, float)) and not isinstance(value, bool)]
    message = (
        f"A schedule sets {name!r}, which group {number} of the optimiser does not have.{suggest(name, settings)} "
        f"It has: {', '.join(settings)}."
    )
    raise OptionError(message)


def _write(group: Group, name: str, value: float) -> None:
    if name == "momentum" and name not in group:
        if group["betas"][0] != value:
            group["betas"] = (value, *group["betas"][1:])
    elif group[name] != value:
        group[name] = value
