"""From a config to what trains it, whichever library's form the config has."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from polynet.backend import Backend
from polynet.errors import ConfigError, suggest
from polynet.train.checkpoint.restoring import check_start
from polynet.train.engine import Engine

RUNNER_KEYS = ("train_dataloader", "optim_wrapper", "train_cfg", "val_dataloader", "test_dataloader")
"""Keys that a config of MMEngine's runner has, one of them at least."""

OF_TRAINING = ("train_dataloader", "train_cfg", "optim_wrapper", "param_scheduler", "auto_scale_lr")
"""Those that say how it trains."""


def engine_from(
    config: Mapping[str, Any],
    *,
    backend: str | Backend | None = None,
    device: str | None = None,
    work_dir: str | Path | None = None,
    resume: bool | str | Path = False,
    load_from: str | Path | None = None,
    launcher: str = "auto",
    evaluation: bool = False,
) -> Engine:
    """Make what trains, validates or tests a config.

    Args:
        config: BaseCls's form (`model`, `solver`, `data` …), MMEngine's (`model`, `train_dataloader`, `optim_wrapper`
            …), or EssentialMC2's and Scepter's (a `solver` with `type`, or `SOLVER`). It is not changed.
        backend: The framework; by default the active one.
        device: Where the model goes; by default the config's `device`, else the first GPU, else the CPU.
        work_dir: Where checkpoints and logs go, in place of the config's `work_dir` or `output_dir`.
        resume: Whether to go on from the newest checkpoint there, or the path of one.
        load_from: A checkpoint to take weights from, where nothing is resumed.
        launcher: What started this process: `"auto"`, `"none"`, `"pytorch"` (torchrun) or `"slurm"`.
        evaluation: Whether it is only to measure; then training's data need not be there.

    Raises:
        ConfigError: The config has none of these forms.
        CheckpointNotFoundError: There is nothing at `resume` or `load_from`.
        PolyNetError: A part of it cannot be built; the message says which.

    Example:
        >>> config = {
        ...     "model": {"name": "resnet18"},
        ...     "num_classes": 10,
        ...     "data": {"name": "FakeData"},
        ...     "solver": {"max_epoch": 1, "basic_lr": 0.1},
        ... }
        >>> engine_from(config, backend="torch", device="cpu").max_epochs
        1
    """
    begins = resume or load_from  # a run that may be resumed need not have what it would begin from
    if isinstance(begins, str | os.PathLike):
        check_start(begins)
    options: dict[str, Any] = {"backend": backend, "device": device, "work_dir": work_dir}
    options |= {"resume": resume, "load_from": load_from}
    if any(key in config for key in RUNNER_KEYS):
        if evaluation:
            config = {key: value for key, value in config.items() if key not in OF_TRAINING}
        return _runner(config, launcher=launcher, **options)
    solver = config.get("solver", config.get("SOLVER"))
    if isinstance(solver, Mapping) and ("SOLVER" in config or "type" in solver):
        from polynet.train.solver import solver_from

        return solver_from(config, launcher=launcher, evaluation=evaluation, **options).engine
    if isinstance(solver, Mapping) and "model" in config:
        from polynet.train.basecls import engine_from_basecls

        return engine_from_basecls(config, launcher=launcher, evaluation=evaluation, **options)
    if solver is not None and not isinstance(solver, Mapping):
        message = f"`solver` is a mapping of options, such as {{'max_epoch': 10}}, not {solver!r:.60}."
        raise ConfigError(message)
    known = ("model", "solver", *RUNNER_KEYS)
    near = next((hint for key in config if key not in known and (hint := suggest(key, known))), "")
    message = (
        "This config says how to build a network, and not how to train it: it has neither `solver` (BaseCls, "
        f"EssentialMC2), `SOLVER` (Scepter) nor `train_dataloader` and `optim_wrapper` (MMEngine).{near}"
    )
    raise ConfigError(message)


def _runner(config: Mapping[str, Any], *, launcher: str, **options: Any) -> Engine:
    from polynet.train.runner import Runner

    given = {key: value for key, value in options.items() if value is not None and value is not False}
    if config.get("launcher", "none") == "none":
        given["launcher"] = launcher
    given.setdefault("device", config.get("device", "auto"))
    return Runner.from_cfg(config, **given)
