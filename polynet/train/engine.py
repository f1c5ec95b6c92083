"""The one loop: every face of training, whichever library's it is, comes down to this."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Generator, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from polynet.backend import backend_of, use_backend
from polynet.calls import ExplainsOptions
from polynet.errors import InputError, ModeError
from polynet.models.init_cfg import seeded
from polynet.train.batches import batches_of, batches_per_epoch
from polynet.train.distributed import ParallelModel, Processes
from polynet.train.evaluation import run_evaluation
from polynet.train.hook import Hook, check_hook, priority_of
from polynet.train.interruption import deferred_signals
from polynet.train.limits import Limits
from polynet.train.message_hub import MessageHub
from polynet.train.paths import check_path
from polynet.train.position import Position
from polynet.train.run_header import errors_logged
from polynet.train.seeds import seed_globally, seed_of
from polynet.train.steps import check_steps

LOGGER = logging.getLogger("polynet.train")


class Engine(metaclass=ExplainsOptions):
    """Trains, validates and tests a model on whichever framework it was built.

    The model has `train_step(data, optim_wrapper)`, `val_step(data)` and `test_step(data)`; everything else is done by
    hooks. A neutral `BaseModel` has these, and `ClassificationTask` gives them to any classifier.

    Args:
        model: What is trained.
        work_dir: Where checkpoints and logs go; it is made. `None` for nowhere.
        optim_wrapper: Steps the model's parameters.
        train_dataloader: Gives the batches of an epoch: PolyNet's own loader, a framework's, or anything iterable.
        limits: How long to train and when to validate, as `Limits` or MMEngine's `train_cfg`.
        param_schedulers: Schedules of learning rates, stepped by a hook.
        val_dataloader: Batches to validate with.
        val_evaluator: Measures the predictions of a validation.
        test_dataloader: Batches to test with.
        test_evaluator: Measures the predictions of a test.
        hooks: What happens beside the training.
        seed: Seed of everything that is drawn while training, by Python's and numpy's global generators too.
        device: Where to put the model, by its neutral name; `None` leaves it where it is.
        processes: The processes that train together, started; by default this one alone.
        parallel: How they share the model, options of `polynet.train.distributed.parallelise`. A model that is shared
            already, a `ParallelModel`, is taken as it is.
        eval_dtype: Element type to evaluate in, where the framework can: `"float16"` or `"bfloat16"`.

    Attributes:
        backend: The model's backend.
        trainee: What takes training steps: the model, or a `ParallelModel` that takes them in all processes.
        position: How far training has come.
        message: The latest figures by name, written by hooks: `lr`, `loss` … `message_hub`: in MMEngine's words.
        best: The best figures of validations so far, by name.
        stopping: Why training was asked to stop; `None` where it was not.
        cfg: The config that the run was made from, which checkpoints keep; `None` where there is none.
        epoch_generators: Generators' states when the epoch began, from which a framework's loader draws its order.

    Raises:
        OptionError: A part is missing or does not fit the others.

    Source: the loop and the names of hooks' points are MMEngine's `Runner`'s.

    Example:
        >>> class Mean(polynet.train.BaseModel):
        ...     def __init__(self):
        ...         super().__init__()
        ...         self.fc = nn.Linear(2, 1)
        ...     def forward(self, x, y, mode="tensor"):
        ...         return {"loss": ops.mse_loss(self.fc(x), y)} if mode == "loss" else self.fc(x)
        >>> net = polynet.build(Mean, backend="torch", seed=0)
        >>> wrapper = polynet.train.build_optim_wrapper(net, {"optimizer": {"type": "SGD", "lr": 0.1}})
        >>> batch = (np.ones((4, 2), np.float32), np.zeros((4, 1), np.float32))
        >>> engine = Engine(net, optim_wrapper=wrapper, train_dataloader=[batch], limits={"max_epochs": 30})
        >>> _ = engine.train()
        >>> engine.iter, abs(net.fc(ops.ones((1, 2))).item()) < 0.01
        (30, True)
    """

    def __init__(
        self,
        model: Any,
        *,
        work_dir: str | Path | None = None,
        optim_wrapper: Any = None,
        train_dataloader: Any = None,
        limits: Limits | Mapping[str, Any] | None = None,
        param_schedulers: Any = (),
        val_dataloader: Any = None,
        val_evaluator: Any = None,
        test_dataloader: Any = None,
        test_evaluator: Any = None,
        hooks: Iterable[Hook] = (),
        seed: int = 0,
        device: str | None = None,
        processes: Processes | None = None,
        parallel: Mapping[str, Any] | None = None,
        eval_dtype: str | None = None,
    ) -> None:
        check_steps(model)
        check_path("work_dir", work_dir)
        self.trainee = model
        self.model = model.model if isinstance(model, ParallelModel) else model
        self.backend = backend_of(self.model)
        self.processes = Processes() if processes is None else processes
        if device is not None and self.trainee is self.model:
            with use_backend(self.backend):
                self.backend.place(self.model, self.backend.resolve_device(device))
        if self.world_size > 1 and self.trainee is self.model:
            self._init_weights(seed)  # while every process still holds all of every parameter
            self.trainee = self.processes.parallelise(self.model, **(parallel or {}))
        self.work_dir = None if work_dir is None else Path(work_dir)
        self.logger = LOGGER
        self.optim_wrapper = optim_wrapper
        self.train_dataloader, self.limits = train_dataloader, None if limits is None else Limits.read(limits)
        self.param_schedulers = param_schedulers
        self.val_dataloader, self.val_evaluator = val_dataloader, val_evaluator
        self.test_dataloader, self.test_evaluator = test_dataloader, test_evaluator
        self.seed, self.eval_dtype = seed, eval_dtype
        self.position = Position()
        self.message: dict[str, Any] = {}
        self.message_hub = MessageHub(self)
        self.best: dict[str, Any] = {}
        self.stopping: str | None = None
        self.epoch_generators: Mapping[str, Any] | None = None
        self.cfg: Any = None
        self.resume_from: str | Path | None = None
        self.load_from: str | Path | None = None
        self.timestamp = time.strftime("%Y%m%d_%H%M%S")
        self._ranked: list[tuple[int, int, Hook]] = []
        self._calls: dict[str, list[Any]] = {}
        for hook in hooks:
            self.register_hook(hook)

    @property
    def epoch(self) -> int:
        """Epochs done, which is the number of the present one."""
        return self.position.epoch

    @property
    def iter(self) -> int:
        """Iterations done over all epochs, which is the number of the present one."""
        return self.position.iter

    @property
    def iter_in_epoch(self) -> int:
        """Iterations of this epoch that are done."""
        return self.position.iter_in_epoch

    @property
    def by_epoch(self) -> bool:
        """Whether the run is counted in epochs."""
        return self.limits is None or bool(self.limits.by_epoch)

    @property
    def max_epochs(self) -> int | None:
        """The epochs that the run lasts; `None` where it is counted in iterations."""
        return None if self.limits is None else self.limits.max_epochs

    @property
    def max_iters(self) -> int | None:
        """The iterations that the run lasts; `None` where nothing says how many an epoch has."""
        if self.limits is None:
            return None
        if self.limits.max_epochs is None:
            return self.limits.max_iters
        each = batches_per_epoch(self.train_dataloader)
        return None if each is None else each * self.limits.max_epochs

    @property
    def hooks(self) -> list[Hook]:
        """The hooks in the order in which they are called."""
        return [hook for _, _, hook in self._ranked]

    @property
    def rank(self) -> int:
        """Number of this process among those that train together."""
        return self.processes.rank

    @property
    def world_size(self) -> int:
        """How many processes train together."""
        return self.processes.world_size

    @property
    def is_main(self) -> bool:
        """Whether this process is the one that writes files and prints."""
        return self.rank == 0

    @property
    def is_sharded(self) -> bool:
        """Whether each process holds a part of each weight, so that all must take part when weights are read."""
        return self.trainee is not self.model and self.trainee.is_sharded

    def weights_module(self) -> Any:
        """The module whose weights are saved: the network itself where the model is wrapped around one."""
        find = getattr(self.model, "weights_module", None)
        return self.model if find is None else find()

    def register_hook(self, hook: Hook, priority: int | str | None = None) -> None:
        """Add a hook.

        Args:
            hook: The hook.
            priority: When it is called among others, in place of its own.

        Raises:
            OptionError: It is no hook, one of its methods cannot be called at its point, or there is no such priority.
        """
        check_hook(hook)
        rank = priority_of(hook.priority if priority is None else priority)
        self._ranked.append((rank, len(self._ranked), hook))
        self._ranked.sort(key=lambda entry: entry[:2])
        self._calls = {}
        for each in self.hooks:
            for point in each.points:
                self._calls.setdefault(point, []).append(getattr(each, point))

    def call_hook(self, point: str, **options: Any) -> None:
        """Call every hook that has something to do at this point."""
        for call in self._calls.get(point, ()):
            call(self, **options)

    def request_stop(self, reason: str) -> None:
        """End training after the present iteration, as if it were the last."""
        if self.stopping is None:
            self.stopping = reason
            self.logger.warning("Training stops after this iteration: %s.", reason)

    def save_checkpoint(self, path: str | Path) -> None:
        """Write everything that a run needs to go on from here.

        Raises:
            CheckpointError: The file cannot be written; one that stood there is as it was.
        """
        from polynet.train.checkpoint import save_checkpoint

        save_checkpoint(self, path)

    def train(self) -> Any:
        """Train to the end, or until a stop is asked for, and return the model.

        SIGINT (Ctrl-C) and SIGTERM let the present iteration end and hooks save what is to be saved; then the program
        ends as by the signal.

        Raises:
            ModeError: There is nothing to train with.
        """
        missing = [name for name in ("train_dataloader", "optim_wrapper", "limits") if getattr(self, name) is None]
        if missing:
            message = f"There is nothing to train with: {' and '.join(missing)} not given."
            raise ModeError(message)
        self.stopping = None
        telling = self.processes.telling_failures()
        with use_backend(self.backend), deferred_signals(self.request_stop) as interrupted, telling:
            seed = seed_of(self.seed, self.rank)
            seed_globally(seed)
            self.backend.seed(seed)
            with self._running():
                self.call_hook("before_train")
                self._run_epochs()
                self.call_hook("after_train")
            # A launcher ends all processes once one ends, and the main one may still be saving.
            self.processes.barrier()
        interrupted.raise_again()
        return self.model

    def val(self) -> dict[str, Any]:
        """Validate the model as it is, and return the figures.

        Raises:
            ModeError: There are no data or nothing that measures.
        """
        return self._evaluated("val")

    def test(self) -> dict[str, Any]:
        """Test the model as it is, and return the figures.

        Raises:
            ModeError: There are no data or nothing that measures.
        """
        return self._evaluated("test")

    def _evaluated(self, phase: str) -> dict[str, Any]:
        with use_backend(self.backend), self.processes.telling_failures(), self._running():
            return run_evaluation(self, phase)

    @contextlib.contextmanager
    def _running(self) -> Iterator[None]:
        """Prepare the run, and end it, also where an error does."""
        try:
            with errors_logged(self.logger):
                self._prepare()
                yield
        finally:
            self.call_hook("after_run")

    def _prepare(self) -> None:
        """Make the folder, initialise weights, and take up what an earlier run left."""
        if self.work_dir is not None and self.is_main:
            try:
                self.work_dir.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                message = f"work_dir {self.work_dir} cannot be made: {error}"
                raise InputError(message) from error
        self._init_weights(self.seed)
        self.call_hook("before_run")
        if self.resume_from is not None or self.load_from is not None:
            from polynet.train.checkpoint import begin_from

            begin_from(self)

    def _init_weights(self, seed: int) -> None:
        network = self.weights_module()
        if callable(getattr(network, "init_weights", None)) and not getattr(network, "is_init", False):
            with seeded(seed):
                network.init_weights()

    def _run_epochs(self) -> None:
        limits = self.limits
        assert limits is not None
        if hasattr(self.optim_wrapper, "initialize_count_status") and self.max_iters is not None:
            self.optim_wrapper.initialize_count_status(self.model, self.position.iter, self.max_iters)
        if self.position.validation_due:
            run_evaluation(self, "val")
        if self._is_done():
            self.logger.info("Nothing is left to train: epoch %d, iteration %d is done.", self.epoch, self.iter)
        while not self._is_done():
            self._run_epoch()

    def _is_done(self) -> bool:
        assert self.limits is not None
        if self.world_size > 1 and self.processes.all_reduce(self.stopping is not None, "max"):
            # A signal reaches processes at different iterations, and they must end at the same.
            self.stopping = self.stopping or "another process stops"
        return self.stopping is not None or self.limits.are_reached(epochs=self.epoch, iterations=self.iter)

    def _run_epoch(self) -> None:
        position = self.position
        self.call_hook("before_train_epoch")
        self.backend.set_training(self.model, True)
        batches = self._batches()
        for batch in batches:
            self._run_iteration(batch)
            if self._is_done():
                batches.close()  # ends a loader's processes
                return
        position.end_epoch()
        position.validation_due = self._is_validated() and self.by_epoch
        self.call_hook("after_train_epoch")
        position.begin_next()
        if position.validation_due:
            run_evaluation(self, "val")

    def _run_iteration(self, batch: Any) -> None:
        position = self.position
        index = position.iter_in_epoch
        self.call_hook("before_train_iter", batch_idx=index, data_batch=batch)
        seed = seed_of(self.seed, self.rank, position.iter)
        self.backend.seed(seed)
        seed_batch = getattr(self.model, "seed_batch", None)
        if callable(seed_batch):  # what augments whole batches draws from a generator of its own
            seed_batch(seed)
        outputs = self.trainee.train_step(batch, optim_wrapper=self.optim_wrapper)
        position.end_iteration()
        position.validation_due = self._is_validated() and not self.by_epoch
        self.call_hook("after_train_iter", batch_idx=index, data_batch=batch, outputs=outputs)
        position.begin_next()
        if position.validation_due:
            run_evaluation(self, "val")

    def _batches(self) -> Generator[Any, None, None]:
        """The batches of the epoch, or those that are left of it."""
        from polynet.train.checkpoint.generators import generator_states, rewound

        position = self.position
        if position.iter_in_epoch == 0:
            self.epoch_generators = generator_states(self.backend)
        place = position.epoch, position.iter_in_epoch
        aside = partial(rewound, self.backend, self.epoch_generators)
        return batches_of(self.train_dataloader, *place, self._seed_epoch, aside)

    def _seed_epoch(self) -> None:
        self.backend.seed(seed_of(self.seed, self.position.epoch, -1))

    def _is_validated(self) -> bool:
        """Whether a validation is due at the position that comes next."""
        assert self.limits is not None
        if self.val_dataloader is None:
            return False
        return self.limits.is_validated(epochs=self.position.next_epoch, iterations=self.position.next_iter)
