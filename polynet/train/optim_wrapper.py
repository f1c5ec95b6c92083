"""What stands between a model's training step and its optimiser: accumulation, clipping, mixed precision."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator, Mapping, MutableMapping
from typing import Any

from polynet.backend import backend_of
from polynet.calls import ExplainsOptions
from polynet.errors import ConfigError, OptionError, UnsupportedError, suggest
from polynet.nn.arguments import integer
from polynet.optimizer import Optimizer
from polynet.train.gradient_clipping import GradientClipping
from polynet.train.loss_scale import LossScale
from polynet.types import NativeModule, Tensor

LOGGER = logging.getLogger("polynet.train")

HALVES = ("float16", "bfloat16")
DTYPES = (*HALVES, "float32")


class OptimWrapper(metaclass=ExplainsOptions):
    """Turns losses into steps: a few lines in `train_step`, whatever the recipe.

    A training step computes its loss inside `optim_context` and hands it to `update_params`, inside or afterwards.

    With `accumulative_counts=n` gradients of n losses are averaged before each step. Once `initialize_count_status`
    has said how many losses there will be, a remainder at the end is averaged over as many as it has, and stepped.
    Losses past that number begin a count of their own.

    Args:
        optimizer: Steps the parameters.
        accumulative_counts: Losses to a step.
        clip_grad: How gradients are clipped before a step: `dict(max_norm=1.0)`, `dict(type="value", clip_value=0.5)`.
        loss_scale: As `AmpOptimWrapper`; `None` for none.
        dtype: In which type the framework computes where that is safe: `"float16"`, `"bfloat16"`; `None` for float32.

    Attributes:
        last_grad_norm: The norm of the gradients before the last step, where it is clipped; else `None`.
        loss_scale: The loss scale, a `LossScale` or `None`.
        base_param_settings: What the settings would be without rules for single parameters, where there are such.

    Raises:
        OptionError: A value cannot be used.
        UnsupportedError: The framework cannot compute in that type on this device; the message says why.

    Source: MMEngine, `OptimWrapper`.

    Example:
        >>> with polynet.use_backend("torch") as backend:
        ...     net = polynet.nn.Linear(1, 1, bias=False)
        >>> wrapper = OptimWrapper(backend.optimizer("sgd", net, lr=0.5), clip_grad=dict(max_norm=1.0))
        >>> with wrapper.optim_context(net):
        ...     loss = (3 * net.weight).sum()
        >>> wrapper.update_params(loss)
        >>> wrapper.last_grad_norm
        3.0
    """

    def __init__(
        self,
        optimizer: Optimizer,
        accumulative_counts: int = 1,
        clip_grad: Mapping[str, Any] | None = None,
        loss_scale: Any = None,
        dtype: str | None = None,
    ) -> None:
        name = type(self).__name__
        if not isinstance(optimizer, Optimizer):
            made = "backend.optimizer(name, module, …) makes one"
            message = f"{name}: optimizer must be an optimiser of a backend ({made}), not {type(optimizer).__name__}."
            raise OptionError(message)
        self.optimizer = optimizer
        self.accumulative_counts = integer(name, "accumulative_counts", accumulative_counts, lowest=1)
        self.clip_grad = GradientClipping.read(clip_grad)
        self.loss_scale = LossScale.read(loss_scale)
        self.base_param_settings: MutableMapping[str, Any] | None = None
        self.last_grad_norm: float | None = None
        parameter = next(iter(optimizer.parameters.values()))
        self._backend = backend_of(parameter)
        self._device = self._backend.device_of(parameter)
        self.dtype = self._checked_dtype(dtype)
        self._inner_count = 0
        self._max_counts = -1
        self._pending = False

    def __repr__(self) -> str:
        """Show the optimiser and what is done around it."""
        extra = f", accumulative_counts={self.accumulative_counts}" if self.accumulative_counts > 1 else ""
        extra += f", clip_grad={self.clip_grad}" if self.clip_grad is not None else ""
        extra += f", dtype={self.dtype!r}" if self.dtype is not None else ""
        return f"{type(self).__name__}({self.optimizer}{extra})"

    def _checked_dtype(self, dtype: Any) -> str | None:
        """The type to compute in; `None` for float32."""
        if dtype is None:
            return None
        name = str(dtype).rpartition(".")[2]  # a framework's own type is taken as well
        if name not in DTYPES:
            message = (
                f"{type(self).__name__}: dtype is one of {', '.join(DTYPES)}, not {dtype!r}.{suggest(name, DTYPES)}"
            )
            raise OptionError(message)
        if name == "float32":
            return None
        reason = self._backend.why_no_autocast(self._device, name)
        if reason is not None:
            message = (
                f"{type(self).__name__}: {self._backend.name} cannot compute in {name} on {self._device}: {reason}"
            )
            raise UnsupportedError(message)
        return name

    # A step

    def optim_context(self, model: NativeModule) -> contextlib.AbstractContextManager[None]:
        """A context for the forward pass: recorded, in the chosen type, and, between steps, without exchange.

        Args:
            model: Where it has `no_sync`, as those shared by several processes have, gradients are exchanged only
                before a step.
        """
        if self.dtype is None and self.should_sync():
            return self.optimizer.recording()  # a generator around it takes as long as the rest of a small step's care
        return self._several_contexts(model)

    @contextlib.contextmanager
    def _several_contexts(self, model: NativeModule) -> Iterator[None]:
        with contextlib.ExitStack() as stack:
            if not self.should_sync() and hasattr(model, "no_sync"):
                stack.enter_context(model.no_sync())
            stack.enter_context(self.optimizer.recording())
            if self.dtype is not None:
                stack.enter_context(self._backend.autocast(self._device, self.dtype))
            yield

    def update_params(self, loss: Tensor, step_kwargs: Any = None, zero_kwargs: Any = None) -> None:
        """Take a loss into account, and step where enough have been.

        Args:
            loss: A tensor with one number.
            step_kwargs: Accepted as MMEngine has it; an optimiser here takes no options for a step.
            zero_kwargs: Accepted as MMEngine has it; gradients are always forgotten, not set to zero.

        Raises:
            PolyNetError: The loss cannot be differentiated, or the framework cannot step.
        """
        if step_kwargs:
            message = f"{type(self).__name__}: a step takes no options; {', '.join(map(str, step_kwargs))} was given."
            raise OptionError(message)
        self._differentiate(loss, 1.0 / self.loss_divisor())
        if self.should_update():
            self.step()
            self.zero_grad()

    def backward(self, loss: Tensor) -> None:
        """Add a loss's gradients to those there are; `update_params` does this and all that follows."""
        self._differentiate(loss, 1.0)

    def _differentiate(self, loss: Tensor, factor: float) -> None:
        scale = factor if self.loss_scale is None else factor * self.loss_scale.scale
        self.optimizer.backward(loss, scale)
        self._inner_count += 1
        self._pending = True

    def leave_out(self) -> None:
        """Count a loss that is not taken into account, one that is not finite say; a step due is taken without it."""
        self._inner_count += 1
        if self._pending and self.should_update():
            self.step()
            self.zero_grad()

    def step(self) -> None:
        """Unscale, clip and step; with a loss scale, only where all gradients are finite."""
        if self.loss_scale is not None:
            # Once for all that was accumulated: the scale does not change between two steps.
            self.optimizer.scale_gradients(1.0 / self.loss_scale.scale)
            finite = self.optimizer.gradients_are_finite()
            self.loss_scale.update(finite)
            if not finite:
                return
        if self.clip_grad is not None:
            self.last_grad_norm = self.clip_grad.apply(self.optimizer)
        self.optimizer.step()

    def zero_grad(self) -> None:
        """Forget the gradients."""
        self.optimizer.zero_grad()
        self._pending = False

    def scale_loss(self, loss: Tensor) -> Tensor:
        """A loss divided by the number of losses that its step averages."""
        return loss / self.loss_divisor()

    # Counting

    @property
    def inner_count(self) -> int:
        """Losses taken into account until now."""
        return self._inner_count

    def initialize_count_status(self, model: NativeModule, init_counts: int, max_counts: int) -> None:
        """Say how many losses there have been, and how many there will be.

        Args:
            model: The model; batch normalisation and accumulation together are worth a note in the log.
            init_counts: Losses until now: more than 0 in a run that is resumed.
            max_counts: Losses until the end of the run.
        """
        name = type(self).__name__
        self._inner_count = integer(name, "init_counts", init_counts)
        self._max_counts = integer(name, "max_counts", max_counts, lowest=-1)
        if self.accumulative_counts == 1:
            return
        if init_counts % self.accumulative_counts and not self._pending:
            LOGGER.warning(
                "The run goes on after %d iterations, between steps of %d each: gradients accumulated before are lost.",
                init_counts,
                self.accumulative_counts,
            )
        if _has_batch_norm(model):
            LOGGER.info("Batch normalisation takes its statistics from each batch, not from those accumulated.")

    def loss_divisor(self) -> int:
        """The number of losses that the step of the next one averages."""
        counts, most = self.accumulative_counts, self._max_counts
        if counts == 1 or most < 0 or self._inner_count >= most:
            return counts
        remainder = most % counts
        return counts if self._inner_count < most - remainder else remainder

    def should_update(self) -> bool:
        """Whether a step is due now, after the last loss."""
        return self._ends_step(self._inner_count)

    def should_sync(self) -> bool:
        """Whether a step is due after the next loss, so that processes must exchange its gradients."""
        return self._ends_step(self._inner_count + 1)

    def _ends_step(self, count: int) -> bool:
        if 0 <= self._max_counts < count:
            # MMEngine goes on with the old count here, and adds up gradients that it does not divide.
            return (count - self._max_counts) % self.accumulative_counts == 0
        return count % self.accumulative_counts == 0 or count == self._max_counts

    # Settings

    @property
    def param_groups(self) -> list[MutableMapping[str, Any]]:
        """The optimiser's groups of parameters, and `base_param_settings` where there are such, at the end."""
        base = [] if self.base_param_settings is None else [self.base_param_settings]
        return [*self.optimizer.groups, *base]

    def get_lr(self) -> dict[str, list[float]]:
        """The learning rates: under `"lr"` each group's, under `"base_lr"` the one that rules start from."""
        base = {} if self.base_param_settings is None else {"base_lr": [self.base_param_settings["lr"]]}
        return {**base, "lr": [group["lr"] for group in self.optimizer.groups]}

    def get_momentum(self) -> dict[str, list[float]]:
        """Each group's momentum: the first beta of Adam and its like, 0 where there is none."""
        return {"momentum": [_momentum(group) for group in self.optimizer.groups]}

    # State

    def state(self) -> dict[str, Any]:
        """Everything a later run needs to go on, in plain numbers and arrays: the same on every framework.

        Between two steps that includes the gradients accumulated.
        """
        state: dict[str, Any] = {"optimizer": self.optimizer.state(), "inner_count": self._inner_count}
        if self.loss_scale is not None:
            state["loss_scale"] = self.loss_scale.state()
        if self._pending:
            gradients = self.optimizer.gradients()
            state["gradients"] = {name: value for name, value in gradients.items() if value is not None}
        return state

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state` gave, here or on another framework.

        A state without a loss scale may be loaded where there is one, which then begins anew.

        Raises:
            ConfigError: It is no such state.
            WeightsError: It is of another optimiser or of other parameters; nothing is changed then.
        """
        if not isinstance(state, Mapping) or "optimizer" not in state:
            keys = ", ".join(map(str, state)) if isinstance(state, Mapping) else repr(state)[:80]
            message = f"The state of {type(self).__name__} has `optimizer`; this has {keys or 'nothing'}."
            raise ConfigError(message)
        count = integer(type(self).__name__, "inner_count of the state", state.get("inner_count", 0))
        loss_scale = self.loss_scale
        if loss_scale is not None and "loss_scale" in state:
            loss_scale = LossScale.read(loss_scale)
            assert loss_scale is not None
            loss_scale.load_state(state["loss_scale"])
        gradients = state.get("gradients") or {}
        self.optimizer.check_gradients(gradients)
        self.optimizer.load_state(state["optimizer"])
        self.optimizer.load_gradients(gradients)
        self.loss_scale = loss_scale
        self._pending = bool(gradients)
        self._inner_count = count

    def state_dict(self) -> dict[str, Any]:
        """`state`, under MMEngine's name."""
        return self.state()

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """`load_state`, under MMEngine's name."""
        self.load_state(state_dict)


def _momentum(group: Mapping[str, Any]) -> float:
    if "momentum" in group:
        return float(group["momentum"])
    return float(group["betas"][0]) if "betas" in group else 0.0


def _has_batch_norm(model: NativeModule) -> bool:
    backend = backend_of(model)
    names = ("BatchNorm1d", "BatchNorm2d", "BatchNorm3d", "SyncBatchNorm")
    kinds = tuple(kind for name in names for kind in backend.layer_instances(name))
    return any(isinstance(slot.owner, kinds) for slot in backend.slots(model).values())


def build_optim_wrapper(model: NativeModule, cfg: Any) -> OptimWrapper:
    """The optimiser wrapper of a model, from a config.

    Args:
        model: What to train.
        cfg: `dict(optimizer=dict(type="SGD", lr=0.1), type="OptimWrapper", accumulative_counts=1, clip_grad=None,
            paramwise_cfg=None, constructor="DefaultOptimWrapperConstructor")`, all but `optimizer` as by default; or
            for several optimisers a mapping of a part's name in the model to such a config, or to a wrapper that is
            made; or a wrapper that is made. It is not changed.

    Returns:
        The wrapper; an `OptimWrapperDict` for several.

    Raises:
        ConfigError: It is nothing of the kind.
        UnknownNameError: There is no such optimiser, wrapper or constructor; the nearest is named.
        OptionError: One has no such option, or cannot use its value.
        UnsupportedError: The framework cannot compute in the type asked for; the message says why.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     net = polynet.nn.Linear(2, 1)
        >>> build_optim_wrapper(net, {"optimizer": {"type": "SGD", "lr": 0.1}, "clip_grad": {"max_norm": 1}}).get_lr()
        {'lr': [0.1]}
        >>> build_optim_wrapper(net, {"optimizer": {"type": "SDG", "lr": 0.1}})
        Traceback (most recent call last):
        ...
        polynet.errors.UnknownNameError: optim_wrapper: There is no optimiser 'SDG'...Did you mean 'sgd'...
    """
    from polynet.train.optim_wrapper_constructor import construct

    return construct(model, cfg)
