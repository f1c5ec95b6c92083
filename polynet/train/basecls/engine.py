"""BaseCls's `ClsTrainer`: an engine made from a whole config."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from polynet.backend import Backend, active_backend, get_backend, use_backend
from polynet.builder import build
from polynet.errors import ConfigError, OptionError, suggest
from polynet.metrics.evaluator import Evaluator
from polynet.train.basecls.acceleration import accelerate
from polynet.train.basecls.data import check_keys, loaders
from polynet.train.basecls.fields import filled
from polynet.train.basecls.hooks import hooks_of
from polynet.train.basecls.image_sizes import check_sizes
from polynet.train.basecls.optimisation import optim_wrapper_config, schedule_of
from polynet.train.batches import batches_per_epoch
from polynet.train.distributed import Processes
from polynet.train.engine import Engine
from polynet.train.limits import Limits
from polynet.train.tasks.classification import ClassificationTask
from polynet.types import NativeModule


def engine_from_basecls(
    config: Mapping[str, Any],
    *,
    backend: str | Backend | None = None,
    device: str | None = None,
    work_dir: str | Path | None = None,
    resume: bool | str | Path = False,
    load_from: str | Path | None = None,
    launcher: str = "none",
    evaluation: bool = False,
) -> Engine:
    """Make the engine that trains and validates a classifier as a BaseCls config says.

    Fields that the config leaves out have BaseCls's defaults. What cannot be honoured on this framework or device,
    such as `trace`, is said in the log before training starts.

    Args:
        config: The config; it is not changed.
        backend: The framework; by default the active one.
        device: Where the network goes, in place of the config's `device`.
        work_dir: Where checkpoints and logs go, in place of the config's `output_dir`.
        resume: Whether to go on from the newest checkpoint there, or the path of one.
        load_from: A checkpoint to take weights from, in place of the config's `weights`.
        launcher: What started this process; see `polynet.train.distributed.find_place`.
        evaluation: Whether it is only to measure; then training's data are left alone, and nothing is optimised.

    Raises:
        ConfigError: A field is misspelt, missing or of a wrong value.
        PolyNetError: A part cannot be built.

    Source: BaseCls, `ClsTrainer` and `DefaultHooks`. There training does not start as shipped, evaluation needs several
    processes, and resuming loses the best figure and all generators' states.

    Example:
        >>> config = {
        ...     "model": {"name": "resnet18"},
        ...     "num_classes": 10,
        ...     "data": {"name": "FakeData"},
        ...     "solver": {"max_epoch": 1, "basic_lr": 0.1},
        ... }
        >>> engine_from_basecls(config, backend="torch").max_epochs
        1
    """
    fields = filled(config)
    chosen = active_backend() if backend is None else get_backend(backend)
    processes = Processes.find(launcher)
    device = device or fields.get("device") or "auto"
    if processes.world_size > 1:
        processes.start(chosen, device=None if device == "auto" else device)
        device = processes.device
    folder = work_dir or fields["output_dir"]
    with use_backend(chosen):
        engine = _engine(
            fields, config, chosen, processes, device, None if folder is None else Path(folder), trains=not evaluation
        )
    if resume is not False:
        engine.resume_from = "auto" if resume is True else resume
    engine.load_from = load_from or fields["weights"]
    return engine


def _engine(
    fields: Mapping[str, Any],
    config: Mapping[str, Any],
    backend: Backend,
    processes: Processes,
    device: str,
    folder: Path | None,
    *,
    trains: bool,
) -> Engine:
    seed = fields["seed"]
    check_keys(fields["data"])
    network = _network(fields, backend)  # before the data are looked at, so that a misspelt option is said first
    check_sizes(network, fields)
    train, val = loaders(fields, seed, processes.rank, processes.world_size, trains=trains)
    task = ClassificationTask(
        network,
        loss=fields["loss"],
        data_preprocessor=_preprocessor(fields["preprocess"]),
        batch_augments=_mixup(fields),
    )
    engine = Engine(
        task,
        work_dir=folder,
        train_dataloader=train,
        limits=_limits(fields) if trains else None,
        val_dataloader=val,
        val_evaluator=None if val is None else Evaluator(_measures(fields["num_classes"])),
        seed=seed,
        device=device,
        processes=processes,
    )
    engine.cfg = config
    fields = accelerate(engine, fields)
    if trains:
        _set_optimisation(engine, fields)
    for hook in hooks_of(fields, has_folder=trains and folder is not None):
        engine.register_hook(hook)
    return engine


def _set_optimisation(engine: Engine, fields: Mapping[str, Any]) -> None:
    from polynet.train.optim_wrapper import build_optim_wrapper

    engine.optim_wrapper = build_optim_wrapper(engine.model, optim_wrapper_config(fields, engine.world_size))
    engine.param_schedulers = [schedule_of(fields["solver"], batches_per_epoch(engine.train_dataloader))]


def _limits(fields: Mapping[str, Any]) -> Limits:
    """How long a run lasts; what is wrong is said by the config's own names."""
    epochs, interval = fields["solver"]["max_epoch"], fields["eval_every_n_epoch"]
    for key, value in (("solver.max_epoch", epochs), ("eval_every_n_epoch", interval)):
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            message = f"{key} is a whole number of at least 1, not {value!r}."
            raise ConfigError(message)
    return Limits(max_epochs=epochs, val_interval=interval)


def _network(fields: Mapping[str, Any], backend: Backend) -> NativeModule:
    """Build the network, and say of an option it has not that its name may be what was meant."""
    section = fields["model"]
    try:
        return build({"model": section, "num_classes": fields["num_classes"]}, backend=backend, seed=fields["seed"])
    except OptionError as error:
        options = section if isinstance(section, Mapping) else {}
        slip = next((key for key in options if f"unknown option {key!r}" in str(error) and suggest(key, ("name",))), "")
        if slip:
            error.args = (f"{error.args[0]} Is {slip!r} meant for 'name'?",)
        raise


def _preprocessor(section: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "BatchDataPreprocessor", "mean": section["img_mean"], "std": section["img_std"]}


def _mixup(fields: Mapping[str, Any]) -> dict[str, Any] | None:
    section = (fields["augments"] or {}).get("mixup")
    if not section or not (section["mixup_alpha"] > 0 or section["cutmix_alpha"] > 0 or section["cutmix_minmax"]):
        return None
    return {"type": "MixupCutmix", "num_classes": fields["num_classes"], **section}


def _measures(num_classes: int) -> list[Any]:
    return [{"type": "Accuracy", "topk": (1, 5) if num_classes >= 5 else (1,)}]
