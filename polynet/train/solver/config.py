"""From a config with a `solver`, EssentialMC2's or Scepter's, to the solver and its data."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from polynet.backend import Backend, active_backend, get_backend, use_backend
from polynet.builder import build
from polynet.config.basecls import BASE
from polynet.config.normal_form import normalise
from polynet.config.top_level import refuse_slips
from polynet.errors import ConfigError, ConfigKeyError, UnsupportedError, suggest
from polynet.train.distributed import Processes
from polynet.train.runner_parts import Parts, build_loader
from polynet.train.solver.registry import SOLVERS
from polynet.train.solver.solvers import EvaluationSolver, TrainValSolver

PARTS = ("data", "model", "solver")
"""What is read of a whole config."""

OWN_DATA = ("train_data", "eval_data")
"""Where Scepter's solvers have the configs of their loaders."""

SPELLINGS = {
    "learning_rate": "lr",
    "t_max": "T_max",
    "train_hooks": "hooks",
    "metrics": "eval_metric_cfg",
}
"""Scepter's names of what EssentialMC2 calls otherwise."""


def solver_from(
    config: Mapping[str, Any],
    *,
    backend: str | Backend | None = None,
    device: str | None = None,
    work_dir: str | Path | None = None,
    resume: bool | str | Path = False,
    load_from: str | Path | None = None,
    launcher: str = "none",
    evaluation: bool = False,
) -> EvaluationSolver:
    """Make the solver of a config, its loaders in place.

    Args:
        config: `{"model": …, "solver": {"type": "TrainValSolver", "optimizer": …}, "data": {"train": …, "eval": …}}`,
            or Scepter's with the same keys in capitals, its data perhaps as `TRAIN_DATA` and `EVAL_DATA` of the solver.
            It is not changed.
        backend: The framework; by default the active one.
        device: Where the network goes.
        work_dir: In place of the solver's own.
        resume: Whether to go on from the newest checkpoint there, or the path of one.
        load_from: A checkpoint to take weights from.
        launcher: What started this process.
        evaluation: Whether it is only to measure; then training's data are left alone.

    Raises:
        ConfigKeyError: A part is missing, given twice or misspelt.
        UnsupportedError: The solver is to count steps and not epochs.
        UnknownNameError: There is no such solver.
        PolyNetError: A part cannot be built.

    Example:
        >>> network = {"type": "Classifier", "backbone": {"type": "MLP", "in_dim": [4, 8], "out_dim": 5}}
        >>> network["head"] = {"type": "ClassifierHead", "dim": 5, "num_classes": 4}
        >>> config = {"model": network, "solver": {"type": "TrainValSolver", "optimizer": {"type": "SGD", "lr": 0.1}}}
        >>> type(solver_from(config, backend="torch")).__name__
        'TrainValSolver'
    """
    lowered = {str(key).lower(): value for key, value in config.items()}
    refuse_slips(lowered, PARTS, BASE)
    section = normalise(_required(lowered, "solver"))
    name = section.pop("name", None)
    if name is None:
        message = f"solver: the config needs `type`, one of {', '.join(SOLVERS)}."
        raise ConfigKeyError(message)
    solver_class = SOLVERS.get(name) if isinstance(name, str) else name
    if "max_steps" in section:
        message = (
            "solver: MAX_STEPS is not taken, since the solver counts epochs: MAX_EPOCHS. A run that counts iterations "
            "has MMEngine's form: train_cfg=dict(max_iters=…), with train_dataloader and optim_wrapper."
        )
        raise UnsupportedError(message)
    refuse_slips(section, OWN_DATA, SPELLINGS)
    data = _data_of(lowered, section)
    if evaluation:
        data.pop("train", None)
    options = {SPELLINGS.get(key, key): value for key, value in section.items()}
    model = options.pop("model", None) or _required(lowered, "model")
    chosen = active_backend() if backend is None else get_backend(backend)
    processes = Processes.find(launcher)
    if processes.world_size > 1:
        processes.start(chosen, device=None if device == "auto" else device)
        device = processes.device
    options["optimizer"] = _lowered(options.get("optimizer"))
    if options.get("lr_scheduler") is not None:
        options["lr_scheduler"] = _lowered(options["lr_scheduler"])
    if work_dir is not None:
        options["work_dir"] = work_dir
    network = build({"model": dict(model)}, backend=chosen, seed=options.get("seed", 0))
    try:
        solver: EvaluationSolver = solver_class(network, device=device or "auto", processes=processes, **options)
    except TypeError as error:
        from polynet.nn.explain import explain_call

        explain_call(solver_class, (network,), options, error)
        raise
    _set_data(solver, data, processes)
    if resume is not False:
        solver.engine.resume_from = "auto" if resume is True else resume
    solver.engine.load_from = load_from
    return solver


def _data_of(config: Mapping[str, Any], section: dict[str, Any]) -> dict[str, Any]:
    """The configs of loaders by phase: of the whole config's `data`, and of the solver's own, which are taken out."""
    data = dict(_lowered(config.get("data")) or {})
    for phase in ("train", "eval"):
        own = section.pop(f"{phase}_data", None)
        if own is not None and phase in data:
            message = f"The data of {phase} are given twice: as data.{phase} and as the solver's {phase}_data."
            raise ConfigKeyError(message)
        if own is not None:
            data[phase] = _lowered(own)
    return data


def _required(config: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = config.get(key)
    if not isinstance(found, Mapping):
        message = f"A solver's config needs {key!r}, a mapping; it has {', '.join(config)}.{suggest(key, config)}"
        raise ConfigKeyError(message)
    return found


def _lowered(section: Any) -> Any:
    """A section with Scepter's capitals read; `NAME` becomes `type`."""
    if not isinstance(section, Mapping):
        return section
    plain = normalise(section)
    if "name" in plain:
        plain = {"type": plain.pop("name"), **plain}
    return {SPELLINGS.get(key.lower(), key.lower()): value for key, value in plain.items()}


def _set_data(solver: EvaluationSolver, data: Mapping[str, Any], processes: Processes) -> None:
    from polynet.train.limits import Limits

    parts = Parts(seed=solver.engine.seed, rank=processes.rank, world_size=processes.world_size)
    unknown = [key for key in data if key not in ("train", "eval", "val", "test")]
    if unknown:
        near = suggest(unknown[0], ["train", "eval"])
        message = f"data: there is no loader {unknown[0]!r}; there are train and eval.{near}"
        raise ConfigError(message)
    engine = solver.engine
    with use_backend(engine.backend):  # whose worker processes load
        engine.train_dataloader = build_loader(data.get("train"), "train", parts)
        engine.val_dataloader = build_loader(data.get("eval", data.get("val", data.get("test"))), "val", parts)
    if isinstance(solver, TrainValSolver):
        engine.limits = Limits(max_epochs=solver.max_epochs, val_interval=solver.eval_interval)
