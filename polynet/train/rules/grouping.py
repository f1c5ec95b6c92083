"""Which parameters an optimiser steps, in which groups, with which settings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import attrs

from polynet.errors import OptionError, suggest
from polynet.slots import Slot
from polynet.train.rules.rule import Rule


@attrs.frozen
class PlannedGroup:
    """Parameters that share their settings.

    Attributes:
        name: What the group is called.
        parameters: Slots by canonical name.
        settings: The value of every option.
    """

    name: str
    parameters: Mapping[str, Slot]
    settings: Mapping[str, Any]


def plan_groups(
    rule: Rule, slots: Mapping[str, Slot], groups: Iterable[Mapping[str, Any]] | None, options: Mapping[str, Any]
) -> list[PlannedGroup]:
    """Sort a module's trainable parameters into groups.

    Args:
        rule: The optimiser's rule.
        slots: The module's state, by canonical name.
        groups: One mapping a group, with the key `"names"` (canonical names of parameters), perhaps `"name"`, and the
            options in which it differs. Parameters in none are not stepped. `None`: all in one.
        options: What the user gave for all.

    Returns:
        The groups. Frozen parameters are left out, and one that has several names stands under its first.

    Raises:
        OptionError: An option or its value is wrong, a name is of no parameter or in two groups, or nothing is left.
    """
    settings = rule.settings(options)
    primary, trained = _parameters(slots)
    if groups is None:
        planned = [PlannedGroup("all", trained, settings)]
    else:
        planned = []
        homes: dict[str, int] = {}
        for index, group in enumerate(groups):
            given = dict(group) if isinstance(group, Mapping) else {}
            names = given.pop("names", None)
            if names is None or isinstance(names, str):
                message = (
                    f"Group {index} must be a mapping with a list of parameter names under 'names', not {group!r}."
                )
                raise OptionError(message)
            label = str(given.pop("name", f"group{index}"))
            members = _members(list(names), index, primary, trained, homes)
            planned.append(PlannedGroup(label, members, rule.settings(given, within=settings)))
    if not any(group.parameters for group in planned):
        message = "There is nothing to optimise: the module has no trainable parameter, or the groups name none."
        raise OptionError(message)
    return planned


def _parameters(slots: Mapping[str, Slot]) -> tuple[dict[str, str], dict[str, Slot]]:
    """Every parameter's name with the first name of the same tensor, and the trainable slots by first name."""
    primary: dict[str, str] = {}
    trained: dict[str, Slot] = {}
    first_names: dict[int, str] = {}
    for name, slot in slots.items():
        if slot.kind != "parameter":
            continue
        primary[name] = first_names.setdefault(id(slot.tensor), name)
        if slot.trainable:
            trained.setdefault(primary[name], slot)
    return primary, trained


def _members(
    names: list[Any], index: int, primary: Mapping[str, str], trained: Mapping[str, Slot], homes: dict[str, int]
) -> dict[str, Slot]:
    members: dict[str, Slot] = {}
    for name in names:
        first = primary.get(name)
        if first is None:
            message = f"Group {index} names {name!r}, which is no parameter of the module.{suggest(name, primary)}"
            raise OptionError(message)
        if homes.setdefault(first, index) != index:
            message = f"Parameter {name!r} is in group {homes[first]} and in group {index}."
            raise OptionError(message)
        if first in trained:
            members[first] = trained[first]
    return members
