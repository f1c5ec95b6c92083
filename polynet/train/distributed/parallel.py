"""A model that trains in several processes together: each takes its own batch, all take the same step."""

from __future__ import annotations

import abc
import contextlib
from collections.abc import Iterator
from typing import Any, ClassVar

from polynet.backend import Backend, backend_of
from polynet.errors import DistributedError, FrameworkMismatchError, ModeError, OptionError, UnsupportedError, suggest
from polynet.train.distributed.collectives import Collectives
from polynet.train.distributed.processes import Processes

STRATEGIES = {"replicate": "replicate", "ddp": "replicate", "shard": "shard", "fsdp": "shard"}
"""How a model is spread over processes, under the names users know it by."""


class Strategy(abc.ABC):
    """How a backend lets a model's own `train_step` run in all processes together.

    Attributes:
        model: The model.
        collectives: The processes' communication.
        is_sharded: Whether a process holds only a part of each parameter.
    """

    is_sharded: ClassVar[bool] = False

    def __init__(self, model: Any, collectives: Collectives) -> None:
        self.model = model
        self.collectives = collectives

    @abc.abstractmethod
    def step(self, optim_wrapper: Any, reduces: bool) -> contextlib.AbstractContextManager[None]:
        """A context for one `train_step`.

        Args:
            optim_wrapper: What steps the parameters.
            reduces: Whether gradients are averaged over processes; not where they only accumulate.
        """

    @abc.abstractmethod
    def synchronise_buffers(self) -> None:
        """Give every process the buffers of rank 0: running statistics, say."""


class ParallelModel:
    """A model whose training steps are taken by all processes together.

    A loss is the mean over the samples of a process's batch, and gradients are averaged over processes: with batches of
    one size, a step is the one that a single process takes with all of them as one batch.

    Attributes:
        model: The model itself. It is the same object that was given, so whatever reads or saves it goes on to.
        strategy: How it is spread, or `None` in a run of one process.

    Example:
        >>> class Mean(polynet.train.BaseModel):
        ...     def __init__(self):
        ...         super().__init__()
        ...         self.fc = nn.Linear(2, 1)
        ...     def forward(self, x, y, mode="tensor"):
        ...         return {"loss": ops.mse_loss(self.fc(x), y)} if mode == "loss" else self.fc(x)
        >>> net = polynet.build(Mean, backend="torch", seed=0)
        >>> with Processes.find("none").start("torch") as processes:
        ...     parallel = processes.parallelise(net)
        ...     wrapper = polynet.train.build_optim_wrapper(net, {"optimizer": {"type": "SGD", "lr": 0.1}})
        ...     batch = (np.ones((4, 2), np.float32), np.zeros((4, 1), np.float32))
        ...     sorted(parallel.train_step(batch, optim_wrapper=wrapper))
        ['loss']
    """

    def __init__(self, model: Any, strategy: Strategy | None) -> None:
        self.model = model
        self.strategy = strategy
        self._held = False

    def __repr__(self) -> str:
        """Show the model's class and how it is spread."""
        how = "one process" if self.strategy is None else type(self.strategy).__name__
        return f"<{type(self.model).__name__} trained by {how}>"

    @property
    def is_sharded(self) -> bool:
        """Whether a process holds only a part of each parameter: all must take part in reading and in evaluating."""
        return self.strategy is not None and self.strategy.is_sharded

    def train_step(self, data: Any, optim_wrapper: Any) -> Any:
        """The model's own `train_step`, with gradients averaged over processes.

        Raises:
            DistributedError: A process is lost, or did not come in time.
        """
        if self.strategy is None:
            return self.model.train_step(data, optim_wrapper=optim_wrapper)
        reduces = not self._held and is_synchronised(optim_wrapper)
        with (
            self.strategy.collectives.explaining("taking a training step"),
            self.strategy.step(optim_wrapper, reduces),
        ):
            return self.model.train_step(data, optim_wrapper=optim_wrapper)

    def val_step(self, data: Any) -> Any:
        """The model's own `val_step`."""
        return self.model.val_step(data)

    def test_step(self, data: Any) -> Any:
        """The model's own `test_step`."""
        return self.model.test_step(data)

    def weights_module(self) -> Any:
        """The module whose weights are saved."""
        find = getattr(self.model, "weights_module", None)
        return self.model if find is None else find()

    @contextlib.contextmanager
    def no_sync(self) -> Iterator[None]:
        """Within it, training steps leave each process's gradients to itself, to accumulate.

        Not needed with an optimiser wrapper, which says by itself which steps accumulate.
        """
        before, self._held = self._held, True
        try:
            yield
        finally:
            self._held = before

    def synchronise_buffers(self) -> None:
        """Give every process the buffers of rank 0, as before validating or saving.

        Raises:
            DistributedError: A process is lost, or did not come in time.
        """
        if self.strategy is not None:
            with self.strategy.collectives.explaining("sharing buffers"):
                self.strategy.synchronise_buffers()


def is_synchronised(optim_wrapper: Any) -> bool:
    """Whether a step's gradients are needed by an update, so that processes must agree on them."""
    wrappers = optim_wrapper.values() if hasattr(optim_wrapper, "values") else (optim_wrapper,)
    answers = [wrapper.should_sync() for wrapper in wrappers if hasattr(wrapper, "should_sync")]
    return any(answers) if answers else True


def parallelise(model: Any, processes: Processes, strategy: str = "replicate", **options: Any) -> ParallelModel:
    """Let a model train in all processes of a run together.

    It starts as it is in rank 0. Make the optimiser afterwards: sharding replaces parameters.

    Args:
        model: Has `train_step(data, optim_wrapper)`, which computes its loss by calling the model itself: `self(…)`. It
            is built alike in every process and lies on the process's device.
        processes: Started.
        strategy: `"replicate"` (also `"ddp"`): every process holds all of the model, by torch's
            DistributedDataParallel, or by MegEngine's own `distributed` on GPUs and through torch's gloo on a CPU.
            `"shard"` (also `"fsdp"`): every process holds a part of each parameter, by torch's FSDP2.
        **options: Of `"replicate"`: `broadcast_buffers=True` (before every step, buffers become those of rank 0),
            `find_unused_parameters=False` (parameters may be without gradient in a step), `sync_batch_norm=False`
            (batch normalisation takes its statistics from the batches of all processes), and on torch whatever else
            DistributedDataParallel takes. Of `"shard"`: `broadcast_buffers`, `sync_batch_norm`,
            `smallest_unit=100_000` (parameters of a block that is gathered by itself), and `fully_shard`'s `mp_policy`
            and `offload_policy`.

    Returns:
        The model with `train_step` for all processes; in a run of one process, the model as it is.

    Raises:
        ModeError: The processes are not started.
        FrameworkMismatchError: The model is of another framework than the processes.
        OptionError: There is no such strategy, or it has no such option.
        UnsupportedError: The framework cannot spread a model in this way.
        DistributedError: A process is lost, or was given a different model.
    """
    if strategy not in STRATEGIES:
        message = (
            f"A model is spread over processes by {', '.join(map(repr, STRATEGIES))}, not {strategy!r}."
            f"{suggest(strategy, STRATEGIES)}"
        )
        raise OptionError(message)
    backend = processes.backend
    if backend is None:
        message = "The processes are not started: call processes.start(backend) before parallelise()."
        raise ModeError(message)
    if backend_of(model) is not backend:
        message = f"The processes are started on {backend.name!r}, and the model is one of {backend_of(model).name!r}."
        raise FrameworkMismatchError(message)
    if not callable(getattr(model, "train_step", None)):
        message = (
            f"{type(model).__name__} has no train_step(), so nothing says how it is trained: derive it from "
            "polynet.train.BaseModel, or wrap it: polynet.train.ClassificationTask(network)."
        )
        raise UnsupportedError(message)
    collectives = processes.collectives
    if collectives is None:
        return ParallelModel(model, None)
    _check_alike(model, backend, collectives)
    with collectives.explaining("sharing the model's parameters"):
        return ParallelModel(model, backend.parallelise(model, collectives, STRATEGIES[strategy], **options))


def _check_alike(model: Any, backend: Backend, collectives: Collectives) -> None:
    """Refuse models of which the processes have different ones: they would wait for gradients that never come."""
    own = [(name, slot.shape, slot.dtype, slot.trainable) for name, slot in backend.slots(model).items()]
    for rank, members in enumerate(collectives.gather(own)):
        if members == own:
            continue
        first = next((each for each in (*members, *own) if each not in own or each not in members), own[0])
        message = (
            f"Process {rank} has another model than process {collectives.place.rank}: they differ in {first[0]!r}. "
            "Build the model from one config in every process."
        )
        raise DistributedError(message)
