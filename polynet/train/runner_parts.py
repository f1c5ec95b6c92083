"""The parts of a runner from their configs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import attrs

from polynet.backend import Backend, active_backend, backend_of, get_backend, use_backend
from polynet.errors import ConfigError, ConfigKeyError, ConfigTypeError, PolyNetError, suggest
from polynet.train.batches import batches_per_epoch
from polynet.train.distributed import Processes
from polynet.train.hook import Hook

PHASES = ("val", "test")

DEFAULT_HOOKS: Mapping[str, Any] = {
    "runtime_info": {"type": "RuntimeInfoHook"},
    "timer": {"type": "IterTimerHook"},
    "sampler_seed": {"type": "DistSamplerSeedHook"},
    "non_finite": {"type": "NonFiniteLossHook"},
    "logger": {"type": "LoggerHook"},
    "progress": {"type": "ProgressHook"},
    "metrics": {"type": "JsonLinesHook"},
    "curves": {"type": "CurvesHook"},
    "param_scheduler": {"type": "ParamSchedulerHook"},
    "checkpoint": {"type": "CheckpointHook", "interval": 1},
}
"""The hooks of every run, by the keys under which a config replaces them or leaves them out."""

NEED_FOLDER = ("metrics", "curves", "checkpoint")
"""Those that write into `work_dir`, and are left out where there is none and no config asks for them."""


LOG_PROCESSOR = ("type", "window_size", "by_epoch", "custom_cfg", "num_digits", "log_with_hierarchy", "mean_pattern")
"""What MMEngine's log processor takes, of which `window_size` is read."""


@attrs.frozen
class Parts:
    """What loaders are made with beside their configs."""

    seed: int
    rank: int
    world_size: int


def check_phase(needed: Mapping[str, Any], optional: Mapping[str, Any] | None = None) -> None:
    """Refuse a phase of which a part is missing.

    Args:
        needed: Its parts by name, all `None` or none.
        optional: Further parts, which make no sense without those.

    Raises:
        ConfigError: Some are given and some are not; the message says which.
    """
    missing = [name for name, value in needed.items() if value is None]
    given = [name for name, value in {**needed, **(optional or {})}.items() if value is not None]
    if missing and given:
        message = f"{', '.join(given)} {'is' if len(given) == 1 else 'are'} given without {', '.join(missing)}."
        raise ConfigError(message)


def check_keys(name: str, config: Any, known: Sequence[str]) -> None:
    """Refuse a part of a config that has keys it cannot have; anything but a mapping is left to others.

    Raises:
        ConfigKeyError: It has such a key; the message has the nearest right one.
    """
    for key in config if isinstance(config, Mapping) else ():
        if key not in known:
            message = f"{name} has no key {key!r}.{suggest(key, known)} Its keys are {', '.join(known)}."
            raise ConfigKeyError(message)


def seed_in(randomness: Mapping[str, Any] | None) -> int:
    """The seed of `randomness`; 0 where there is none.

    Raises:
        ConfigTypeError: It is no mapping, or the seed is no number.
        ConfigKeyError: It has a key that it cannot have.
    """
    if randomness is None:
        return 0
    check_keys("randomness", randomness, ("seed", "diff_rank_seed", "deterministic"))
    seed = randomness.get("seed") if isinstance(randomness, Mapping) else randomness
    if seed is None and isinstance(randomness, Mapping):
        return 0
    if not isinstance(seed, int) or isinstance(seed, bool) or seed < 0:
        message = f"randomness is a mapping such as dict(seed=0), its seed a whole number of at least 0, not {seed!r}."
        raise ConfigTypeError(message)
    return seed


def start_processes(processes: Processes, model: Any, device: str | None, env_cfg: Mapping[str, Any] | None) -> None:
    """Let this process meet the others of its run.

    Args:
        processes: As the launcher started them.
        model: Says by its framework how they communicate.
        device: The device asked for.
        env_cfg: Its `dist_cfg` may have a `timeout` in seconds.

    Raises:
        DistributedError: Not all came in time.
    """
    options = (env_cfg or {}).get("dist_cfg") or {}
    timeout = options.get("timeout")
    given = {} if timeout is None else {"timeout": timeout}
    processes.start(backend_of(model), device=None if device == "auto" else device, **given)


WRAPPERS: Mapping[str, str] = {
    "DistributedDataParallel": "replicate",
    "MMDistributedDataParallel": "replicate",
    "FullyShardedDataParallel": "shard",
    "MMFullyShardedDataParallel": "shard",
}
"""How a model is shared, by the names of the classes that do it elsewhere."""


def model_wrapper_options(config: Mapping[str, Any] | None, whole: Any = None) -> dict[str, Any]:
    """What a `model_wrapper_cfg`, and `sync_bn` beside it, say of how a model is shared.

    Args:
        config: The `model_wrapper_cfg`.
        whole: The runner's whole config, where there is one.

    Raises:
        ConfigTypeError: It is no mapping.
        ConfigKeyError: There is no such wrapper.
    """
    sync = isinstance(whole, Mapping) and whole.get("sync_bn") not in (None, False)
    synchronised = {"sync_batch_norm": True} if sync else {}
    if config is None:
        return synchronised
    if not isinstance(config, Mapping):
        message = f"model_wrapper_cfg is a mapping such as dict(type='DistributedDataParallel'), not {config!r:.80}."
        raise ConfigTypeError(message)
    options = dict(config)
    name = options.pop("type", "DistributedDataParallel")
    if name not in WRAPPERS:
        message = f"model_wrapper_cfg: there is no {name!r}.{suggest(name, WRAPPERS)} There are {', '.join(WRAPPERS)}."
        raise ConfigKeyError(message)
    return {"strategy": WRAPPERS[name], **synchronised, **options}


def build_model(config: Any, data_preprocessor: Any, backend: str | Backend | None, seed: int) -> Any:
    """The model of a runner.

    Raises:
        PolyNetError: It cannot be built.
    """
    if not isinstance(config, (Mapping, str, type)):
        return config
    from polynet.builder import build

    if data_preprocessor is not None and isinstance(config, Mapping):
        config = {"data_preprocessor": data_preprocessor, **config}
    chosen = active_backend() if backend is None else get_backend(backend)
    named = isinstance(config, Mapping) and "model" not in config
    with use_backend(chosen):
        return build({"model": dict(config)} if named else config, seed=seed)


def build_loader(config: Any, phase: str, parts: Parts) -> Any:
    """A loader from its config; anything else that gives batches is taken as it is.

    Raises:
        PolyNetError: It cannot be built; the message has the path.
    """
    if not isinstance(config, Mapping):
        return config
    from polynet.data.loader import build_loader as build_data_loader

    try:
        # A loader for training shuffles unless its config says otherwise.
        # Every sample is measured once, so that some processes may have one more.
        options = {"uneven": "pad"} if phase == "train" else {"uneven": "keep"}
        shuffled = {"shuffle": True} if phase == "train" and "sampler" not in config else {}
        return build_data_loader(config, parts.seed, parts.rank, parts.world_size, **options, **shuffled)
    except PolyNetError as error:
        error.within(f"{phase}_dataloader")
        raise


def build_evaluator(config: Any, phase: str) -> Any:
    """An evaluator of what a config describes; `None` for none.

    Raises:
        PolyNetError: It cannot be built; the message has the path.
    """
    if config is None or (callable(getattr(config, "process", None)) and callable(getattr(config, "metrics", None))):
        return config
    from polynet.metrics.evaluator import Evaluator

    try:
        return Evaluator(config)
    except PolyNetError as error:
        error.within(f"{phase}_evaluator")
        raise


def build_schedules(config: Any, engine: Any) -> Any:
    """Schedules of an engine's optimiser; still the config, for the hook to build from, where it has no data yet.

    Raises:
        PolyNetError: They cannot be built; the message says which.
    """
    from polynet.train.schedules import build_schedules_for

    if config is None or engine.train_dataloader is None:
        return [] if config is None else config
    return build_schedules_for(
        config,
        engine.optim_wrapper,
        max_epochs=engine.max_epochs,
        max_iters=engine.max_iters,
        epoch_length=batches_per_epoch(engine.train_dataloader),
    )


def default_hooks_of(
    replaced: Mapping[str, Any] | None,
    custom: Any,
    log_processor: Mapping[str, Any] | None,
    visualizer: Any,
    has_folder: bool,
) -> Iterator[Hook]:
    """The hooks of a run: those of every run, as a config has them, and its own.

    Args:
        replaced: Configs by the keys of `DEFAULT_HOOKS`.
        custom: Further hooks or configs.
        log_processor: May have the `window_size` that the logger averages over.
        visualizer: May name TensorBoard.
        has_folder: Whether there is a folder to write into; without one those that write are left out, unless a config
            asks for them.

    Raises:
        ConfigTypeError: What should be a mapping or a list is none.
        PolyNetError: A hook cannot be built; the message has the path.
    """
    from polynet.train.registry import HOOKS

    if replaced is not None and not isinstance(replaced, Mapping):
        message = f"default_hooks is a mapping such as dict(checkpoint=dict(interval=5)), not {replaced!r:.80}."
        raise ConfigTypeError(message)
    for key, config in _wanted(replaced or {}, log_processor).items():
        if key in NEED_FOLDER and not has_folder and key not in (replaced or {}):
            continue
        yield _named(HOOKS.build, config, "default_hooks", key)
    yield from custom_hooks_of(custom)
    if _has_tensorboard(visualizer):
        yield HOOKS.build("TensorBoardHook")


def custom_hooks_of(configs: Any) -> Iterator[Hook]:
    """Hooks of one's own: a list of them or of their configs; `None` for none.

    Raises:
        ConfigTypeError: It is no list.
        PolyNetError: A hook cannot be built; the message has the path.
    """
    from polynet.train.registry import HOOKS

    if configs is not None and not isinstance(configs, (list, tuple)):
        message = f"custom_hooks is a list of hooks or of their configs, not {type(configs).__name__} {configs!r:.60}."
        raise ConfigTypeError(message)
    for index, config in enumerate(configs or ()):
        yield _named(HOOKS.build, config, "custom_hooks", str(index))


def _wanted(replaced: Mapping[str, Any], log_processor: Mapping[str, Any] | None) -> dict[str, Any]:
    wanted: dict[str, Any] = {}
    for key, default in {**DEFAULT_HOOKS, **{key: None for key in replaced if key not in DEFAULT_HOOKS}}.items():
        config = replaced.get(key, default)
        if config is None:
            if default is None and (near := suggest(key, DEFAULT_HOOKS)):
                message = f"default_hooks.{key}=None leaves nothing out: no hook has that key.{near}"
                raise ConfigKeyError(message)
            continue
        if isinstance(config, Mapping) and not {"type", "name"} & config.keys():
            if default is None:
                message = f"default_hooks.{key} needs `type`.{suggest(key, DEFAULT_HOOKS)}"
                raise ConfigKeyError(message)
            config = {**default, **config}
        wanted[key] = config
    check_keys("log_processor", log_processor, LOG_PROCESSOR)
    window = (log_processor or {}).get("window_size")
    if window is not None and isinstance(wanted.get("logger"), Mapping):
        wanted["logger"] = {"interval": window, **wanted["logger"]}
    return wanted


def _named(build: Any, config: Any, *path: str) -> Any:
    try:
        return build(config)
    except PolyNetError as error:
        error.within(*path)
        raise


def _has_tensorboard(visualizer: Any) -> bool:
    return visualizer is not None and re.search("tensorboard", repr(visualizer), re.IGNORECASE) is not None
