"""EssentialMC2's solvers under their own signature; the work is the engine's."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from polynet.backend import backend_of, use_backend
from polynet.errors import ConfigError, ConfigKeyError, UnsupportedError
from polynet.nn.arguments import integer
from polynet.train.distributed import Processes
from polynet.train.engine import Engine
from polynet.train.limits import Limits
from polynet.train.solver.evaluation import CollectingEvaluator
from polynet.train.solver.hooks import BASE_HOOKS, clipping_of, hooks_from
from polynet.train.solver.task import SolverTask
from polynet.types import NativeModule


class EvaluationSolver:
    """Evaluates a network: in evaluation mode and without gradients, its results collected and measured at the end.

    Args:
        model: The network, called with those entries of a batch that it takes, by name.
        optimizer: For `TrainValSolver`: a config such as `dict(type="SGD", lr=0.1)`, or a config of an optimiser's
            wrapper.
        lr_scheduler: A config, or several, of schedules; see `polynet.train.SCHEDULES`.
        resume_from: A checkpoint to go on from; `"auto"` for the newest in `work_dir`.
        work_dir: Where checkpoints, logs and collected data go.
        logger: Kept as `logger`; the engine logs to `polynet.train`.
        envs: Kept as `envs`.
        max_epochs: How many epochs to train.
        num_folds: Has to be 1. There an epoch repeats the data so often and counts as so many; here each pass over the
            data is an epoch of its own, and `max_epochs` alone says how many there are.
        hooks: Configs of hooks, or hooks: those of EssentialMC2 by their names there, and any of `polynet.train.HOOKS`.
        eval_interval: Epochs between evaluations; the last is always evaluated.
        do_final_eval: Measure with `eval_metric_cfg` what an evaluation collects.
        save_eval_data: Write what it collects to `work_dir/eval_EPOCH.npz`.
        eval_metric_cfg: `dict(metric=dict(type="accuracy"), keys=("logits", "gt_label"))`, or several.
        extra_keys: Further entries to collect: `"meta.path"` for one within another.
        seed: Seed of everything that is drawn while training.
        device: Where the network goes; by default it stays where it is.
        processes: The processes that train together, started.

    Attributes:
        engine: The engine.
        epoch_outputs: After an evaluation, its figures.

    Raises:
        ConfigError: `save_eval_data` is set without `work_dir`.
        OptionError: `max_epochs`, `num_folds` or `eval_interval` is no whole number of at least 1.
        UnsupportedError: `num_folds` is above 1; the message says what to write.
        PolyNetError: A part cannot be built.

    Source: EssentialMC2, `EvaluationSolver`.

    Example:
        >>> parts = {"backbone": {"name": "MLP", "in_dim": [6, 8], "out_dim": 5}}
        >>> parts["head"] = {"name": "ClassifierHead", "dim": 5, "num_classes": 4}
        >>> net = polynet.build({"name": "Classifier", **parts}, backend="torch")
        >>> metric = {"metric": {"type": "accuracy"}, "keys": ("logits", "gt_label")}
        >>> solver = EvaluationSolver(net, do_final_eval=True, eval_metric_cfg=metric)
        >>> solver.solve({"eval": [{"img": np.ones((2, 6), np.float32), "gt_label": np.array([0, 1])}]})
        >>> sorted(solver.epoch_outputs)
        ['acc@1']
    """

    def __init__(
        self,
        model: NativeModule,
        optimizer: Mapping[str, Any] | None = None,
        lr_scheduler: Any = None,
        resume_from: str | Path | None = None,
        work_dir: str | Path | None = None,
        logger: Any = None,
        envs: Mapping[str, Any] | None = None,
        max_epochs: int = 1,
        num_folds: int = 1,
        hooks: Sequence[Any] | None = None,
        eval_interval: int = 1,
        do_final_eval: bool = False,
        save_eval_data: bool = False,
        eval_metric_cfg: Any = None,
        extra_keys: Iterable[str] | None = None,
        *,
        seed: int = 0,
        device: str | None = None,
        processes: Processes | None = None,
    ) -> None:
        if save_eval_data and work_dir is None:
            message = "save_eval_data=True writes into work_dir, which is not given."
            raise ConfigError(message)
        for name, value in (("max_epochs", max_epochs), ("num_folds", num_folds), ("eval_interval", eval_interval)):
            integer(type(self).__name__, name, value, lowest=1)
        if num_folds > 1:
            message = (
                f"{type(self).__name__}: num_folds={num_folds} makes epochs that repeat the data {num_folds} times and "
                f"count as {num_folds}. Here each pass is an epoch: leave num_folds out, and max_epochs={max_epochs} "
                "passes the data as often; schedules and eval_interval follow each pass."
            )
            raise UnsupportedError(message)
        self.logger, self.envs = logger, dict(envs or {})
        self.max_epochs, self.eval_interval = max_epochs, eval_interval
        self.epoch_outputs: dict[str, Any] = {}
        with use_backend(backend_of(model)):
            task = SolverTask(model)
        keep = functools.partial(self._kept_file) if save_eval_data else None
        collects = do_final_eval or save_eval_data
        measured = eval_metric_cfg if do_final_eval else ()
        self.engine = Engine(
            task,
            work_dir=work_dir,
            val_evaluator=CollectingEvaluator(measured, (extra_keys or ()) if collects else (), keep),
            seed=seed,
            device=device,
            processes=processes,
        )
        for hook in hooks_from(hooks, BASE_HOOKS):
            self.engine.register_hook(hook)
        self.engine.resume_from = resume_from
        self._set_optimisation(optimizer, lr_scheduler, hooks)

    @property
    def model(self) -> NativeModule:
        """The network."""
        return self.engine.weights_module()

    @property
    def epoch(self) -> int:
        """Epochs done."""
        return self.engine.epoch

    def solve(self, data_loaders: Mapping[str, Any]) -> None:
        """Run over the data.

        Args:
            data_loaders: `{"eval": loader}`; for training `"train"`, and `"eval"` if it is to be evaluated.

        Raises:
            ConfigKeyError: The loader that is needed is missing.
        """
        self._take(data_loaders, ("eval",))
        self.epoch_outputs = self.engine.val()

    def _take(self, data_loaders: Mapping[str, Any], needed: Sequence[str]) -> None:
        for name in needed:
            if name not in data_loaders:
                have = ", ".join(data_loaders) or "none"
                message = f"{type(self).__name__}.solve needs the loader {name!r}; it was given {have}."
                raise ConfigKeyError(message)
        self.engine.train_dataloader = data_loaders.get("train")
        self.engine.val_dataloader = data_loaders.get("eval")

    def _set_optimisation(self, optimizer: Any, lr_scheduler: Any, hooks: Sequence[Any] | None) -> None:
        if optimizer is None:
            return
        from polynet.train.optim_wrapper import build_optim_wrapper
        from polynet.train.runner_parts import build_schedules

        config = dict(optimizer) if "optimizer" in optimizer else {"optimizer": dict(optimizer)}
        self.engine.optim_wrapper = build_optim_wrapper(self.engine.model, {**config, **clipping_of(hooks)})
        self.engine.param_schedulers = build_schedules(lr_scheduler, self.engine)

    def _kept_file(self) -> Path | None:
        folder = self.engine.work_dir
        return folder / f"eval_{self.engine.epoch:05d}.npz" if folder is not None and self.engine.is_main else None


class TrainValSolver(EvaluationSolver):
    """Trains a network and evaluates it every `eval_interval` epochs, and after the last.

    In training mode the network returns a dictionary: gradients are taken of its `loss`, then the optimiser steps; the
    other scalars are logged, averaged with the weight `batch_size`.

    Source: EssentialMC2, `TrainValSolver`.

    Example:
        >>> parts = {"backbone": {"name": "MLP", "in_dim": [6, 8], "out_dim": 5}}
        >>> parts["head"] = {"name": "ClassifierHead", "dim": 5, "num_classes": 4}
        >>> net = polynet.build({"name": "Classifier", **parts}, backend="torch")
        >>> batch = {"img": np.ones((2, 6), np.float32), "gt_label": np.array([0, 1])}
        >>> solver = TrainValSolver(net, optimizer={"type": "SGD", "lr": 0.1}, max_epochs=2)
        >>> solver.solve({"train": [batch, batch]})
        >>> solver.epoch
        2
    """

    def solve(self, data_loaders: Mapping[str, Any]) -> None:
        """Train, and evaluate if there is a loader for it.

        Raises:
            ConfigKeyError: There is no loader `"train"`.
            ModeError: There is no optimiser.
        """
        self._take(data_loaders, ("train",))
        self.engine.limits = Limits(max_epochs=self.max_epochs, val_interval=self.eval_interval)
        self.engine.train()
        evaluator = self.engine.val_evaluator
        assert isinstance(evaluator, CollectingEvaluator)
        if self.engine.val_dataloader is not None:
            if not self.engine.limits.is_validated(epochs=self.engine.epoch, iterations=self.engine.iter):
                self.engine.val()
            self.epoch_outputs = dict(evaluator.figures)
