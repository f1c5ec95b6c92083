"""What a training checkpoint keeps of an engine: everything that decides how the run goes on."""

from __future__ import annotations

import platform
import time
from collections.abc import Mapping
from typing import Any

import numpy as np

import polynet
from polynet.errors import ConfigTypeError
from polynet.slots import Slot
from polynet.train.batches import batches_per_epoch
from polynet.train.checkpoint.generators import generator_states
from polynet.train.checkpoint.tree import flattened
from polynet.weights.elements import Array
from polynet.weights.pieces import Pieces, pieces_of
from polynet.weights.training_file import AVERAGED, MODEL

TASK = "task"
"""The branch for parameters and buffers of the model that are not its network's: a loss's weights, say."""


def gathered(engine: Any, *, optimizer: bool = True, schedules: bool = True) -> dict[str, Any]:
    """Everything that a run needs to go on from this moment, as a tree.

    Weights are lent, not copied, where the framework can: the tree is to be written before training goes on.

    Args:
        engine: The engine.
        optimizer: Whether to keep the optimiser's state; without it a run cannot be resumed.
        schedules: Whether to keep the schedules' state; without it a run cannot be resumed, either.

    Returns:
        The tree, by the branches that `TrainingCheckpoint` names.
    """
    hooks = hook_states(engine)  # first: a hook that has put an average in the model's place takes it back
    averaged = _lifted(hooks)
    tree: dict[str, Any] = {MODEL: _weights(engine), TASK: _weights_beside(engine)}
    if averaged is not None:
        tree[AVERAGED] = averaged
    if optimizer and (state := state_of(engine.optim_wrapper)) is not None:
        tree["optimizer"] = state
    if schedules:
        tree["schedules"] = schedule_states(engine)
    return tree | {
        "progress": engine.position.after(),
        "best": dict(engine.best),
        "message": {key: value for key, value in engine.message.items() if _is_plain(value)},
        "sampler": sampling(engine),
        "random": generator_states(engine.backend),
        "random_at_epoch": None if hasattr(engine.train_dataloader, "batches") else engine.epoch_generators,
        "hook": hooks,
        "about": _about(engine),
        "config": _config(engine),
    }


def _weights(engine: Any) -> dict[str, Array | Pieces]:
    return _lent(engine, engine.backend.slots(engine.weights_module()))


def _lent(engine: Any, slots: Mapping[str, Slot]) -> dict[str, Array | Pieces]:
    """The slots' numbers; what is spread over processes is put together, and only the main process keeps it."""
    if not engine.is_sharded:
        return {name: pieces_of(slot) for name, slot in slots.items()}
    whole = ((name, slot.read()) for name, slot in slots.items())
    return {name: array for name, array in whole if engine.is_main}


def slots_beside(engine: Any) -> dict[str, Any]:
    """The model's slots that are not its network's."""
    network = engine.weights_module()
    if network is engine.model:
        return {}
    known = {(id(slot.owner), slot.leaf) for slot in engine.backend.slots(network).values()}
    slots = engine.backend.slots(engine.model)
    return {name: slot for name, slot in slots.items() if (id(slot.owner), slot.leaf) not in known}


def _weights_beside(engine: Any) -> dict[str, Array | Pieces]:
    return _lent(engine, slots_beside(engine))


def state_of(part: Any) -> Any:
    """The state of a part of the run, by PolyNet's method or by the frameworks'; `None` where it keeps none."""
    for method in ("state", "state_dict"):
        give = getattr(part, method, None)
        if callable(give):
            return give()
    return None


def restore(part: Any, state: Any) -> None:
    """Give a part of the run its state back."""
    take = getattr(part, "load_state", None) or part.load_state_dict
    take(state)


def schedules_of(engine: Any) -> list[tuple[str, Any]]:
    """The schedules with a name each: an optimiser of its own may have a list of its own."""
    given = engine.param_schedulers
    if isinstance(given, Mapping):
        return [(str(name), each) for name, listed in given.items() for each in _listed(listed)]
    return [("", each) for each in _listed(given)]


def _listed(given: Any) -> list[Any]:
    if given is None:
        return []
    return list(given) if isinstance(given, (list, tuple)) else [given]


def schedule_states(engine: Any) -> list[dict[str, Any]]:
    """The schedules' states in their order, each with the class it belongs to."""
    return [{"of": name, "type": type(each).__name__, "state": state_of(each)} for name, each in schedules_of(engine)]


def named_hooks(engine: Any) -> dict[str, Any]:
    """The hooks by the names of their classes; a second one of a class has its number after the name."""
    found: dict[str, Any] = {}
    for hook in engine.hooks:
        name = type(hook).__name__
        number = 2
        while name in found:
            name = f"{type(hook).__name__}#{number}"
            number += 1
        found[name] = hook
    return found


def hook_states(engine: Any) -> dict[str, dict[str, Any]]:
    """The states of the hooks that have any."""
    states = {name: hook.state() for name, hook in named_hooks(engine).items()}
    return {name: dict(state) for name, state in states.items() if state}


def _lifted(hooks: dict[str, dict[str, Any]]) -> dict[str, Any] | None:
    """Take the moving average out of the state of the hook that keeps it, to where readers of weights look for it."""
    for state in hooks.values():
        if isinstance(state.get(AVERAGED), Mapping):
            averaged = state.pop(AVERAGED)
            state["averaged"] = True
            return dict(averaged)
    return None


def lowered(tree: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The hooks' states of a tree, the moving average back where it came from."""
    states = {name: dict(state) for name, state in tree.get("hook", {}).items()}
    for state in states.values():
        if state.pop("averaged", False):
            state[AVERAGED] = tree.get(AVERAGED, {})
    return states


def sampling(engine: Any) -> dict[str, Any]:
    """What the order of the training data depends on, and the loader's own state, where it has one."""
    loader = engine.train_dataloader
    data: Any = getattr(loader, "dataset", None)
    found = {
        "seed": engine.seed,
        "loader_seed": _number(getattr(loader, "seed", None)),
        "batches": None if loader is None else batches_per_epoch(loader),
        "samples": len(data) if hasattr(data, "__len__") else None,
        "batch_size": _number(getattr(loader, "batch_size", None)),
        "world_size": engine.world_size,
    }
    state = loader.state() if callable(getattr(loader, "state", None)) else None
    return found if state is None else found | {"state": state}


def _number(value: Any) -> int | None:
    return value if isinstance(value, int) else None


def _about(engine: Any) -> dict[str, Any]:
    return {
        "backend": engine.backend.name,
        "versions": {
            "polynet": polynet.__version__,
            str(engine.backend.framework): engine.backend.version,
            "numpy": np.__version__,
            "python": platform.python_version(),
        },
        "seed": engine.seed,
        "rank": engine.rank,
        "world_size": engine.world_size,
        "time": time.time(),
    }


def _is_plain(value: Any) -> bool:
    return value is None or isinstance(value, (bool, int, float, str))


def _config(engine: Any) -> Any:
    """The run's config, where it has one that is plain data."""
    config = getattr(engine, "config", None)
    if config is None:
        config = getattr(engine, "cfg", None)
    to_dict = getattr(config, "to_dict", None)
    config = to_dict() if callable(to_dict) else config
    try:
        flattened({"config": config})
    except ConfigTypeError:
        return None
    return config
