"""MMEngine's `Runner`: an engine made from what its constructor, or a config, describes."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from polynet.backend import Backend, use_backend
from polynet.config.top_level import refuse_slips
from polynet.errors import ConfigError, ConfigKeyError, suggest
from polynet.train.distributed import Processes
from polynet.train.engine import Engine
from polynet.train.limits import Limits
from polynet.train.paths import check_path
from polynet.train.precision import evaluation_dtype
from polynet.train.runner_parts import (
    PHASES,
    Parts,
    build_evaluator,
    build_loader,
    build_model,
    build_schedules,
    check_phase,
    default_hooks_of,
    model_wrapper_options,
    seed_in,
    start_processes,
)

FOREIGN = ("devices", "mode", "tta_cfg")
"""Keys of other tools' that lie near to a runner's."""


class Runner(Engine):
    """Trains, validates and tests from configs: each part is a config, or the part itself.

    Args:
        model: A model with `train_step`, `val_step` and `test_step`, or its config.
        work_dir: Where checkpoints and logs go.
        train_dataloader: A loader, or its config: `dict(batch_size=64, dataset=dict(type="FashionMNIST"), …)`.
        val_dataloader: The same for validation.
        test_dataloader: The same for tests.
        train_cfg: How long to train: `dict(by_epoch=True, max_epochs=5, val_interval=1)`; see `Limits`.
        val_cfg: `dict()`, or `dict(fp16=True)` to evaluate in half precision, where the framework can on the device.
        test_cfg: The same for tests.
        auto_scale_lr: `dict(base_batch_size=256, enable=True)` scales learning rates by the whole batch's size.
        optim_wrapper: A wrapper, or its config: `dict(optimizer=dict(type="SGD", lr=1e-3))`.
        param_scheduler: Schedules of the learning rate: a config or a list of them.
        val_evaluator: What measures a validation: an evaluator, a metric, its config, or a list of them.
        test_evaluator: The same for tests.
        default_hooks: Replaces hooks that every run has, by their keys: `dict(logger=dict(type="LoggerHook",
            interval=50))`; `None` for a key leaves that hook out.
        custom_hooks: Hooks, or their configs.
        data_preprocessor: Config of a preprocessor for a model whose config has none.
        load_from: A checkpoint to take weights from, where nothing is resumed.
        resume: Whether to go on from the newest checkpoint in `work_dir`, or from the one at `load_from`; or its path.
        launcher: `"none"`; or `"pytorch"` or `"slurm"`, which start processes that train together.
        env_cfg: Settings of MMEngine's environment; `dist_cfg` is handed to the processes, the rest is not needed.
        log_processor: `dict(window_size=10)`, for the logger's hook.
        log_level: Level of the log: `"INFO"`.
        visualizer: Config of a visualiser, of which `vis_backends` is read: `TensorboardVisBackend` adds that hook.
        default_scope: Not needed; kept for configs that have it.
        randomness: `dict(seed=0)`. Without a seed it is 0.
        experiment_name: A name, for logs.
        cfg: The whole config, kept in checkpoints.
        model_wrapper_cfg: How processes share the model: `dict(type="DistributedDataParallel",
            find_unused_parameters=True)`, or `dict(type="FullyShardedDataParallel")`.
        backend: The framework to build a model's config on; by default the active one.
        device: Where the model goes, by default the first GPU, or the CPU where there is none.

    Raises:
        ConfigError: A part is missing that another needs, or a config has a key that it cannot have.
        PolyNetError: A part cannot be built; the message says which.

    Source: MMEngine, `Runner`.

    Example:
        >>> data = dict(batch_size=64, dataset=dict(type="DigitsDataset"))
        >>> network = dict(name="ResNet", in_channels=1, depths=[1], widths=[8], strides=[1], stem_w=4, num_classes=10)
        >>> model = dict(type="ClassificationTask", network=network)
        >>> runner = Runner(
        ...     model=model,
        ...     train_dataloader=data,
        ...     train_cfg=dict(max_iters=3),
        ...     optim_wrapper=dict(optimizer=dict(type="SGD", lr=0.1)),
        ...     backend="torch",
        ...     default_hooks=dict(logger=None, progress=None, checkpoint=None),
        ... )
        >>> _ = runner.train()
        >>> runner.iter
        3
    """

    def __init__(
        self,
        model: Any,
        work_dir: str | Path | None = None,
        train_dataloader: Any = None,
        val_dataloader: Any = None,
        test_dataloader: Any = None,
        train_cfg: Any = None,
        val_cfg: Any = None,
        test_cfg: Any = None,
        auto_scale_lr: Mapping[str, Any] | None = None,
        optim_wrapper: Any = None,
        param_scheduler: Any = None,
        val_evaluator: Any = None,
        test_evaluator: Any = None,
        default_hooks: Mapping[str, Any] | None = None,
        custom_hooks: Any = None,
        data_preprocessor: Any = None,
        load_from: str | Path | None = None,
        resume: bool | str | Path = False,
        launcher: str = "none",
        env_cfg: Mapping[str, Any] | None = None,
        log_processor: Mapping[str, Any] | None = None,
        log_level: str = "INFO",
        visualizer: Any = None,
        default_scope: str = "mmengine",
        randomness: Mapping[str, Any] | None = None,
        experiment_name: str | None = None,
        cfg: Any = None,
        *,
        model_wrapper_cfg: Mapping[str, Any] | None = None,
        backend: str | Backend | None = None,
        device: str | None = "auto",
    ) -> None:
        train = {"train_dataloader": train_dataloader, "train_cfg": train_cfg, "optim_wrapper": optim_wrapper}
        check_phase(train)
        given = {"val": (val_dataloader, val_cfg, val_evaluator), "test": (test_dataloader, test_cfg, test_evaluator)}
        for phase in PHASES:
            loader, config, evaluator = given[phase]
            check_phase({f"{phase}_dataloader": loader, f"{phase}_evaluator": evaluator}, {f"{phase}_cfg": config})
        seed = seed_in(randomness)
        limits = None if train_cfg is None else Limits.read(train_cfg)
        processes = Processes.find(launcher)
        parts = Parts(seed=seed, rank=processes.rank, world_size=processes.world_size)
        model = build_model(model, data_preprocessor, backend, seed)
        if processes.world_size > 1:
            start_processes(processes, model, device, env_cfg)
            device = processes.device
        super().__init__(
            model,
            work_dir=work_dir,
            limits=limits,
            val_evaluator=build_evaluator(val_evaluator, "val"),
            test_evaluator=build_evaluator(test_evaluator, "test"),
            seed=seed,
            device=device,
            processes=processes,
            parallel=model_wrapper_options(model_wrapper_cfg, cfg),
        )
        with use_backend(self.backend):  # whose worker processes load
            self.train_dataloader = build_loader(train_dataloader, "train", parts)
            self.val_dataloader = build_loader(val_dataloader, "val", parts)
            self.test_dataloader = build_loader(test_dataloader, "test", parts)
        self.experiment_name = experiment_name or (Path(work_dir).name if work_dir else type(self.model).__name__)
        self.cfg = cfg
        self.log_level = log_level
        self.eval_dtype = evaluation_dtype(self, {"val_cfg": val_cfg, "test_cfg": test_cfg})
        self._set_optimisation(optim_wrapper, auto_scale_lr)
        self.param_schedulers = build_schedules(param_scheduler, self)
        for hook in default_hooks_of(default_hooks, custom_hooks, log_processor, visualizer, work_dir is not None):
            self.register_hook(hook)
        self._choose_start(load_from, resume)

    @classmethod
    def from_cfg(cls, cfg: Mapping[str, Any], **options: Any) -> Runner:
        """A runner from a whole config; keys of a config file that no runner has, and are no slips, are left alone.

        Args:
            cfg: The config; it is not changed.
            **options: What the constructor takes beside it: `backend`, `device`.

        Raises:
            ConfigKeyError: The config has no `model`, or a key is misspelt.
        """
        import inspect

        known = [name for name in inspect.signature(cls.__init__).parameters if name not in ("self", "cfg")]
        if "model" not in cfg:
            near = next((f" Is {key!r} meant for it?" for key in cfg if suggest(key, ["model"])), "")
            message = f"A runner's config has `model`; this one has {', '.join(map(str, cfg))}.{near}"
            raise ConfigKeyError(message)
        # Every variable of a config file is a key, so that one beside the right key is no slip.
        refuse_slips(cfg, [name for name in known if name not in cfg], (*known, *FOREIGN))
        taken = {key: value for key, value in cfg.items() if key in known and key not in options}
        return cls(**taken, cfg=cfg, **options)

    def _set_optimisation(self, config: Any, auto_scale_lr: Mapping[str, Any] | None) -> None:
        if config is None:
            return
        from polynet.train.optim_wrapper import build_optim_wrapper
        from polynet.train.scaled_rate import scale_learning_rate

        wrapper = build_optim_wrapper(self.model, config) if isinstance(config, Mapping) else config
        self.optim_wrapper = wrapper
        if auto_scale_lr:  # not enabled unless it says so, as in MMEngine
            scale_learning_rate(self, {"enable": False, **auto_scale_lr})

    def _choose_start(self, load_from: Any, resume: Any) -> None:
        is_word = isinstance(resume, str) and resume.lower() in ("yes", "no", "true", "false")
        if is_word or not isinstance(resume, (bool, str, os.PathLike)):
            message = f"resume is True, False or a checkpoint's path, not {resume!r}."
            raise ConfigError(message)
        check_path("load_from", load_from)
        if resume is True:
            self.resume_from = load_from or "auto"
        elif resume:
            self.resume_from = resume  # type: ignore[assignment]  # not a bool: neither True nor False
        else:
            self.load_from = load_from
