"""Hooks, schedules and what else a training run is made of, by name."""

from __future__ import annotations

from polynet.registry.parts import PartRegistry

HOOKS = PartRegistry("hook", {})
SCHEDULES = PartRegistry("schedule", {})
OPTIM_WRAPPERS = PartRegistry("optimiser wrapper", {})
OPTIM_WRAPPER_CONSTRUCTORS = PartRegistry("constructor of an optimiser wrapper", {})
