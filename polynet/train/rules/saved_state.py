"""Whether a saved optimiser's state fits an optimiser; told before anything is changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import attrs
import numpy as np

from polynet.errors import OptionError, WeightsError
from polynet.slots import Slot
from polynet.train.rules.rule import Rule

_EVERYTHING_ON = {"momentum": 1.0, "amsgrad": True, "centered": True}
_SHOWN = 6


@attrs.frozen
class CheckedState:
    """A saved state that fits.

    Attributes:
        groups: For each group of the optimiser its settings, and its further values such as `"initial_lr"`.
        entries: State by canonical parameter name; parameters that were never stepped are missing.
    """

    groups: Sequence[tuple[Mapping[str, Any], Mapping[str, Any]]]
    entries: Mapping[str, Mapping[str, Any]]


def is_plain(value: Any) -> bool:
    """Whether a group's value is kept in its state: numbers, truth values, strings, `None`, and rows of them."""
    if isinstance(value, list | tuple):
        return all(is_plain(item) for item in value)
    return value is None or isinstance(value, bool | int | float | str)


def check_state(rule: Rule, parameters: Sequence[Mapping[str, Slot]], state: Any) -> CheckedState:
    """Compare a saved state with the optimiser that is to take it.

    Args:
        rule: The optimiser's rule.
        parameters: Its groups: slots by canonical name.
        state: What was saved.

    Raises:
        WeightsError: It is the state of another optimiser, or of other parameters; the message names the differences.
    """
    if not isinstance(state, Mapping) or not {"name", "groups", "slots"} <= set(state):
        message = "An optimiser's state is a mapping with 'name', 'groups' and 'slots', as `Optimizer.state` gives it."
        raise WeightsError(message)
    if state["name"] != rule.name:
        message = f"The state is of the optimiser {state['name']!r}, and this is {rule.name!r}."
        raise WeightsError(message)
    saved_groups, entries = state["groups"], state["slots"]
    if len(saved_groups) != len(parameters):
        message = f"The state has {len(saved_groups)} groups of parameters, and this optimiser {len(parameters)}."
        raise WeightsError(message)
    groups = []
    required: dict[str, tuple[Slot, tuple[str, ...]]] = {}
    for index, (saved, members) in enumerate(zip(saved_groups, parameters, strict=True)):
        _check_names(f"group {index}", saved.get("parameters", ()), members)
        settings, further = _settings(rule, index, saved)
        groups.append((settings, further))
        required.update({name: (slot, rule.state_names(settings)) for name, slot in members.items()})
    _refuse(f"parameter {name!r} is not this optimiser's" for name in entries if name not in required)
    allowed = rule.state_names(_EVERYTHING_ON)
    for name, entry in entries.items():
        slot, needed = required[name]
        _check_entry(rule, name, entry, slot.shape, needed, allowed)
    return CheckedState(groups, entries)


def _settings(rule: Rule, index: int, saved: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    given = {key: value for key, value in saved.items() if key in rule.options}
    missing = [key for key in rule.options if key not in given]
    _refuse(f"group {index} lacks {key!r}" for key in missing)
    further = {key: value for key, value in saved.items() if key not in (*rule.options, "name", "parameters")}
    _refuse(f"group {index} has {key!r} = {value!r}" for key, value in further.items() if not is_plain(value))
    try:
        return rule.settings(given), further
    except OptionError as error:
        message = f"The state of group {index} does not fit: {error}"
        raise WeightsError(message) from error


def _check_names(where: str, saved: Iterable[str], members: Mapping[str, Slot]) -> None:
    saved = set(saved)
    missing = [f"{where} lacks {name!r}" for name in members if name not in saved]
    further = [f"{where} has {name!r}, which this optimiser has not there" for name in sorted(saved - set(members))]
    _refuse([*missing, *further])


def _check_entry(
    rule: Rule,
    name: str,
    entry: Mapping[str, Any],
    shape: tuple[int, ...],
    needed: Sequence[str],
    allowed: Sequence[str],
) -> None:
    present = set(entry) - {"step"}
    faults = [f"{name!r} lacks {key!r}" for key in needed if key not in present]
    faults += [f"{name!r} has {key!r}, which {rule.name!r} does not keep" for key in sorted(present - set(allowed))]
    step = entry.get("step")
    if rule.counts and not (isinstance(step, int | np.integer) and step >= 0):
        faults.append(f"{name!r} has the step {step!r}, not a whole number")
    for key in sorted(present & set(allowed)):
        value = entry[key]
        if not isinstance(value, np.ndarray) or value.dtype.kind not in "fiu":
            faults.append(f"{key!r} of {name!r} is no array of numbers")
        elif value.shape != shape:
            faults.append(f"{key!r} of {name!r} has the shape {list(value.shape)}, not {list(shape)}")
    _refuse(faults)


def _refuse(faults: Iterable[str]) -> None:
    faults = list(faults)
    if faults:
        rest = f"; and {len(faults) - _SHOWN} more" if len(faults) > _SHOWN else ""
        message = f"The optimiser's state does not fit: {'; '.join(faults[:_SHOWN])}{rest}."
        raise WeightsError(message)
