"""Going on from a checkpoint: everything is checked before anything changes, and all of it changes or nothing."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from polynet.errors import CheckpointError, CheckpointNotFoundError, PolyNetError, WeightsError
from polynet.train.checkpoint.address import fetched, is_address
from polynet.train.checkpoint.file import TrainingCheckpoint, load_checkpoint
from polynet.train.checkpoint.finding import find_latest
from polynet.train.checkpoint.gathering import (
    TASK,
    hook_states,
    lowered,
    named_hooks,
    restore,
    schedules_of,
    slots_beside,
    state_of,
)
from polynet.train.checkpoint.generators import generator_states, set_generator_states
from polynet.train.checkpoint.place import place_of
from polynet.weights.arguments import check_path
from polynet.weights.checkpoint import Checkpoint
from polynet.weights.elements import Array
from polynet.weights.mapped import PathLike, map_file
from polynet.weights.training_file import MODEL
from polynet.weights.transfer import fitted_state, load, write_state

NEWEST = ("auto", "last", "latest")
"""In place of a path: the newest checkpoint in the run's folder that is whole."""


def begin_from(engine: Any) -> None:
    """Let a run begin from its `resume_from`; where that is none or finds none, from the weights at its `load_from`.

    Raises:
        CheckpointError: A file is missing, cannot be fetched, is damaged, or does not belong to such a run.
        WeightsError: It does not fit the model.
    """
    if engine.resume_from is not None:
        resume(engine, engine.resume_from)
    if engine.load_from is not None and engine.position.iter == 0:
        load_weights(engine, engine.load_from)
    engine.resume_from = engine.load_from = None


def resume(engine: Any, path: PathLike | bool) -> TrainingCheckpoint | None:
    """Bring an engine to where it, or another like it on any framework, was when a checkpoint was written.

    On the same framework the run goes on bit for bit as if it had never stopped, in mid-epoch, too.

    Args:
        engine: The engine, its parts built as for the run that wrote the checkpoint.
        path: The file, or its address; or a folder, `"auto"` or `True` for the newest whole one in it, or in the
            engine's `work_dir`.

    Returns:
        The checkpoint; `None` where `"auto"` found none, and the run begins anew.

    Raises:
        CheckpointNotFoundError: There is no such file, or no checkpoint in the folder that was named.
        CheckpointError: It is damaged, or does not belong to such a run; the engine is as it was.
        WeightsError: Weights or the optimiser's state do not fit the model; the engine is as it was.
    """
    found = _found(engine, path)
    _check_agreement(engine, found)
    if found is None:
        engine.logger.info("There is no checkpoint in %s: training starts from the beginning.", engine.work_dir)
        return None
    engine.call_hook("after_load_checkpoint", checkpoint=found.tree)
    try:
        _restore(engine, found)
    except PolyNetError as error:
        message = f"{found.path}: {error}\nThe run was not resumed, and nothing was changed."
        raise type(error)(message) from error
    except (TypeError, ValueError, LookupError, AttributeError) as error:
        message = (
            f"{found.path}: a part of the run cannot take up its state: {type(error).__name__}: {error}\n"
            "The run was not resumed, and nothing was changed."
        )
        raise CheckpointError(message) from error
    engine.logger.info("Training goes on from %s: epoch %d, iteration %d.", found.path, found.epoch, found.iter)
    return found


def _check_agreement(engine: Any, found: TrainingCheckpoint | None) -> None:
    """All processes of a run must go on from one checkpoint.

    Raises:
        CheckpointError: They found different ones.
    """
    if engine.world_size == 1:
        return
    places = engine.processes.gather(None if found is None else (found.epoch, found.iter))
    if any(place != places[0] for place in places):
        listed = ", ".join(f"{rank}: {place or 'none'}" for rank, place in enumerate(places))
        message = (
            f"The processes found different checkpoints (epoch and iteration by process: {listed}). All machines of a "
            "run must see one work_dir, on a file system that they share."
        )
        raise CheckpointError(message)


def check_start(path: PathLike) -> None:
    """Refuse a file to begin from that is not there, before anything is built; what an address names is not fetched.

    Args:
        path: As `resume` and `load_weights` take it.

    Raises:
        CheckpointNotFoundError: There is nothing of that name.
        CheckpointError: It cannot be read.
    """
    if path not in NEWEST and not is_address(path) and not Path(path).is_dir():
        map_file(path)


def load_weights(engine: Any, path: PathLike) -> None:
    """Load weights alone into an engine's network: from any checkpoint that `polynet.load` takes, or its address.

    A run that begins from weights is one of fine-tuning, so what is made for other classes, channels or image sizes is
    changed as by `polynet.load(…, adapt=True)`, and the log says what was left out.

    Raises:
        WeightsUnavailableError: There is an address, and the file cannot be had from there.
        WeightsError: They do not fit; nothing was changed.
        CheckpointError: The file is missing, damaged or unsafe.
    """
    report = load(engine.weights_module(), fetched(path), adapt=True)
    engine.logger.info("Weights were loaded from %s: %d tensors.", path, len(report.loaded))
    if report.dropped or report.kept or report.reshaped:
        engine.logger.info("Not all of them fit as they are: %s", report)


def _found(engine: Any, path: PathLike | bool) -> TrainingCheckpoint | None:
    if path is False or path is None:
        return None
    if path is True or (isinstance(path, str) and path in NEWEST):
        damaged: list[Path] = []
        for folder in _folders(engine):
            if (found := find_latest(folder, engine.logger, damaged)) is not None:
                return found
        if damaged:
            message = (
                f"There is no whole checkpoint to go on from, and {', '.join(map(str, damaged))} are damaged. "
                "Move them elsewhere, or name another work_dir, to begin anew."
            )
            raise CheckpointError(message)
        return None
    check_path(path)
    path = fetched(path)
    if not Path(path).is_dir():
        return load_checkpoint(path)
    found = find_latest(path, engine.logger)
    if found is None:
        message = f"There is no whole training checkpoint in {path}."
        raise CheckpointNotFoundError(message)
    return found


def _folders(engine: Any) -> list[Path]:
    """Where the engine's checkpoints lie: the folder of the hook that writes them, else `work_dir`."""
    named = [hook.folder(engine) for hook in engine.hooks if hasattr(hook, "folder")]
    return list(dict.fromkeys(folder for folder in (*named, engine.work_dir) if folder is not None))


def _restore(engine: Any, found: TrainingCheckpoint) -> None:
    tree = found.tree
    ready = _checked_weights(engine, found)
    beside = _checked_beside(engine, tree.get(TASK, {}))
    place, loader_state = place_of(engine, tree)
    steps = [
        *_schedule_steps(engine, tree),
        *_hook_steps(engine, tree),
        *_loader_steps(engine, loader_state),
        *_generator_steps(engine, tree),
        *_optimizer_steps(engine, tree),
    ]
    _all_or_nothing(steps)
    network = engine.weights_module()
    write_state(engine.backend, engine.backend.slots(network), ready)
    write_state(engine.backend, slots_beside(engine), beside)
    engine.position.go_to(place)
    engine.epoch_generators = tree.get("random_at_epoch") if engine.is_main else None
    engine.best = found.best
    engine.message.update(tree.get("message", {}))


Step = tuple[Callable[[], Any], Callable[[], Any]]
"""What is done, and what undoes it."""


def _all_or_nothing(steps: list[Step]) -> None:
    """Take every step; where one fails, undo those before it. A part whose state is refused has not changed."""
    undone: list[Callable[[], Any]] = []
    try:
        for do, undo in steps:
            do()
            undone.append(undo)
    except BaseException:
        for undo in reversed(undone):
            undo()
        raise


def _checked_weights(engine: Any, found: TrainingCheckpoint) -> dict[str, Array]:
    given = Checkpoint(found.tree.get(MODEL, {}))
    return fitted_state(engine.weights_module(), given, layout="polynet")[0]


def _checked_beside(engine: Any, arrays: Mapping[str, Array]) -> dict[str, Array]:
    """Weights of the model beside the network's: they must be there and of the right shape."""
    slots = slots_beside(engine)
    for name, slot in slots.items():
        if name not in arrays or arrays[name].shape != slot.shape:
            given = f"of shape {arrays[name].shape}" if name in arrays else "not there"
            message = (
                f"{name} of {type(engine.model).__name__} has shape {slot.shape}; in the checkpoint it is {given}."
            )
            raise WeightsError(message)
    unknown = [name for name in arrays if name not in slots]
    if unknown:
        message = f"{type(engine.model).__name__} has no {', '.join(unknown[:5])}, which the checkpoint has."
        raise WeightsError(message)
    return dict(arrays)


def _optimizer_steps(engine: Any, tree: Mapping[str, Any]) -> list[Step]:
    wrapper = engine.optim_wrapper
    if wrapper is None or state_of(wrapper) is None:
        return []
    if "optimizer" not in tree:
        message = (
            "The checkpoint has no state of the optimiser: it was saved with save_optimizer=False. "
            "Its weights can be loaded: load_from in place of resume."
        )
        raise CheckpointError(message)
    # It is the last step, so there is nothing after whose failure it would have to be undone.
    return [(lambda: restore(wrapper, tree["optimizer"]), lambda: None)]


def _schedule_steps(engine: Any, tree: Mapping[str, Any]) -> list[Step]:
    schedules = schedules_of(engine)
    states = tree.get("schedules")
    if states is None:
        if not schedules:
            return []
        message = "The checkpoint has no state of schedules: it was saved with save_param_scheduler=False."
        raise CheckpointError(message)
    given = [f"{state['of']} {state['type']}".strip() for state in states]
    own = [f"{name} {type(each).__name__}".strip() for name, each in schedules]
    if given != own:
        message = (
            f"The run has {', '.join(own) or 'no schedules'}; the checkpoint is of one with "
            f"{', '.join(given) or 'no schedules'}."
        )
        raise CheckpointError(message)
    return [_step(each, state["state"]) for (_, each), state in zip(schedules, states, strict=True) if state["state"]]


def _hook_steps(engine: Any, tree: Mapping[str, Any]) -> list[Step]:
    hooks = named_hooks(engine)
    states = lowered(tree)
    for name in states:
        if name not in hooks:
            engine.logger.warning("The checkpoint has a state of the hook %s, which this run does not have.", name)
    for name in hook_states(engine):
        if name not in states:
            engine.logger.warning("The hook %s starts anew: the checkpoint has no state of it.", name)
    return [_step(hooks[name], state) for name, state in states.items() if name in hooks]


def _loader_steps(engine: Any, state: Any) -> list[Step]:
    loader = engine.train_dataloader
    return [] if state is None or not hasattr(loader, "load_state") else [_step(loader, state)]


def _generator_steps(engine: Any, tree: Mapping[str, Any]) -> list[Step]:
    """Generators go on where they were; those of further processes were never written, and are seeded by the engine."""
    states = tree.get("random")
    if states is None or not engine.is_main:
        return []
    before = generator_states(engine.backend)
    return [
        (
            lambda: set_generator_states(engine.backend, states),
            lambda: set_generator_states(engine.backend, before),
        )
    ]


def _step(part: Any, state: Any) -> Step:
    before = copy.deepcopy(state_of(part))
    return (lambda: restore(part, state), lambda: restore(part, before))
