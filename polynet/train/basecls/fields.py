"""The fields of a BaseCls config: defaults for what is left out, and an answer to what is misspelt."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from polynet.config.basecls import BASE
from polynet.config.merging import merged
from polynet.config.plain import plain
from polynet.config.top_level import refuse_slips
from polynet.errors import ConfigError, ConfigKeyError, ConfigTypeError, suggest

OPEN = {"data": None, "augments": ("transforms",), "loss": None, "solver": ("per_iteration", "eps", "alpha")}
"""Sections that take more than BaseCls's fields: what else, or `None` for anything, which their class checks."""

TRAINERS, SOLVERS, HOOKS = ("ClsTrainer",), ("DefaultSolver",), ("DefaultHooks",)


def filled(config: Mapping[str, Any]) -> dict[str, Any]:
    """A config with BaseCls's defaults for what it leaves out.

    Raises:
        ConfigTypeError: A section is no mapping.
        ConfigKeyError: A field is misspelt, or a section has one that it cannot have; the message has the nearest.
        ConfigError: It names a trainer, a solver or hooks of which there are none.

    Example:
        >>> filled({"model": {"name": "resnet18"}, "solver": {"max_epoch": 3}})["solver"]["lr_schedule"]
        'step'
        >>> filled({"solver": {"max_epochs": 3}})
        Traceback (most recent call last):
        ...
        polynet.errors.ConfigKeyError: solver: there is no field 'max_epochs'. Did you mean 'max_epoch' or ...
    """
    given = plain(config)
    refuse_slips(given, (*BASE, "model", "device"), ("mode", "devices"))
    for name, section in BASE.items():
        if isinstance(section, Mapping) and name in given:
            _check_section(name, given[name], section, OPEN.get(name, ()))
    whole = merged(BASE, given)
    for field, value, known in (
        ("trainer_name", whole["trainer_name"], TRAINERS),
        ("solver.name", whole["solver"]["name"], SOLVERS),
        ("hooks_name", whole["hooks_name"], HOOKS),
    ):
        if value not in known:
            message = (
                f"{field}: there is no {value!r}, only {known[0]!r}.{suggest(value, known)} What a trainer, solver or "
                "hooks of your own do is written as hooks of polynet.train.Engine here."
            )
            raise ConfigError(message)
    return whole


def _check_section(path: str, given: Any, fields: Mapping[str, Any], more: tuple[str, ...] | None) -> None:
    if given is None and path.startswith("augments"):
        return
    if not isinstance(given, Mapping):
        message = f"{path} is a mapping of fields, not {given!r:.80}."
        raise ConfigTypeError(message)
    for key, value in given.items():
        if key not in fields:
            if more is None or key in more:
                continue
            message = f"{path}: there is no field {key!r}.{suggest(key, fields)}"
            raise ConfigKeyError(message)
        if isinstance(fields[key], Mapping):
            _check_section(f"{path}.{key}", value, fields[key], ())
