"""torch's optimisers behind the face that every framework's have."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import torch

from polynet.errors import FrameworkMismatchError, InputError, ModeError, OptionError
from polynet.optimizer import Optimizer
from polynet.slots import Slot
from polynet.train.rules import find_rule
from polynet.train.rules.grouping import PlannedGroup, plan_groups
from polynet.train.rules.rule import Rule
from polynet_torch.sharding import spread_like, whole
from polynet_torch.state import slots
from polynet_torch.training import fused
from polynet_torch.training.composed import LAMB, LARS, ComposedOptimizer

_NATIVE: dict[str, Callable[..., torch.optim.Optimizer]] = {
    "sgd": torch.optim.SGD,
    "adam": torch.optim.Adam,
    "adamw": torch.optim.AdamW,
    "rmsprop": torch.optim.RMSprop,
    "adagrad": torch.optim.Adagrad,
    "adadelta": torch.optim.Adadelta,
    "lars": LARS,
    "lamb": LAMB,
}

_NOTHING: contextlib.nullcontext[None] = contextlib.nullcontext()


def optimizer(
    name: str, module: torch.nn.Module, groups: Iterable[Mapping[str, Any]] | None = None, **options: Any
) -> TorchOptimizer:
    """An optimiser over a module's trainable parameters.

    Args:
        name: One of `polynet.train.rules.rule_names()`, in whatever case.
        module: Whose parameters to step.
        groups: Which parameters have settings of their own; see `polynet.train.rules.grouping.plan_groups`.
        **options: As `torch.optim` has them.

    Raises:
        UnknownNameError: There is no such optimiser.
        OptionError: It has no such option or cannot use its value, a group is wrong, or there is nothing to optimise.
    """
    rule = find_rule(name)
    planned = plan_groups(rule, slots(module), groups, options)
    native_groups = [
        {**group.settings, "params": [slot.tensor for slot in group.parameters.values()]} for group in planned
    ]
    try:
        native = _NATIVE[rule.name](native_groups)
    except (TypeError, ValueError) as error:
        message = f"Optimiser {rule.name!r} cannot be made with {options}: {error}"
        raise OptionError(message) from error
    return TorchOptimizer(rule, planned, native)


class TorchOptimizer(Optimizer):
    """A `torch.optim.Optimizer` with what training needs around it."""

    native: torch.optim.Optimizer

    def __init__(self, rule: Rule, planned: Sequence[PlannedGroup], native: torch.optim.Optimizer) -> None:
        super().__init__(rule, planned, native)
        # Memory given back to the system before the forward pass would have to be got from it again, page by page: a
        # twentieth of a ResNet-18's step. So gradients on a CPU are let go where a loop by hand does, before backward.
        self._kept: list[torch.Tensor] = []
        self._initial_sum = rule.name == "adagrad"
        if self._initial_sum:
            # torch starts all sums with the first group's value.
            for group, members in zip(self.groups, self._members, strict=True):
                for slot in members.values():
                    self._write(slot, None, group)

    def recording(self) -> contextlib.AbstractContextManager[None]:
        """Nothing: torch records wherever gradients are on."""
        return _NOTHING

    def forget(self) -> None:
        """Nothing: what torch recorded lives as long as the loss."""

    def backward(self, loss: torch.Tensor, scale: float = 1.0) -> None:
        """`(loss * scale).backward()`."""
        if not isinstance(loss, torch.Tensor):
            message = f"The loss must be a torch.Tensor, not {type(loss).__module__}.{type(loss).__qualname__}."
            raise FrameworkMismatchError(message)
        if loss.numel() != 1:
            message = f"The loss must be one number, and has the shape {list(loss.shape)}. Take its mean or sum."
            raise InputError(message)
        if not loss.requires_grad:
            message = (
                "The loss depends on no trainable parameter: it was detached or computed without gradients, or "
                "everything it depends on is frozen."
            )
            raise ModeError(message)
        self._kept.clear()
        loss = loss.sum() if loss.ndim else loss
        own = list(self.parameters.values()) if self.shares_model else None
        (loss if scale == 1.0 else loss * scale).backward(inputs=own)

    def zero_grad(self) -> None:
        """Set all gradients to `None`; what the native `zero_grad` does, without the profiler it tells of it."""
        kept = []
        for group in self.native.param_groups:
            for parameter in group["params"]:
                if parameter.grad is not None and parameter.is_cpu:
                    kept.append(parameter.grad)
                parameter.grad = None
        self._kept = kept  # in place of the last ones, which a loss of somebody's own `backward()` left here

    def _gradients(self) -> list[torch.Tensor]:
        return [
            parameter.grad
            for group in self.native.param_groups
            for parameter in group["params"]
            if parameter.grad is not None
        ]

    def clip_gradients_by_norm(self, max_norm: float, norm_type: float = 2.0) -> float:
        """`torch.nn.utils.clip_grad_norm_`, and the norm as a number."""
        parameters = [parameter for group in self.native.param_groups for parameter in group["params"]]
        return float(whole(torch.nn.utils.clip_grad_norm_(parameters, max_norm, norm_type)))

    def clip_gradients_by_value(self, lower: float, upper: float) -> None:
        """Clamp every gradient in place."""
        gradients = self._gradients()
        if gradients:
            torch._foreach_clamp_min_(gradients, lower)
            torch._foreach_clamp_max_(gradients, upper)

    def scale_gradients(self, factor: float) -> None:
        """Multiply every gradient in place."""
        gradients = self._gradients()
        if gradients:
            torch._foreach_mul_(gradients, float(factor))

    def gradients_are_finite(self) -> bool:
        """Whether the largest magnitude is finite: one number to wait for."""
        return bool(torch.isfinite(whole(torch.nn.utils.get_total_norm(self._gradients(), norm_type=math.inf))))

    def _step(self) -> None:
        fused.step(self.native)

    def _settled(self, loss: torch.Tensor) -> float:
        return float(loss.detach())

    def _read(self, slot: Slot) -> dict[str, Any] | None:
        # Not `state[parameter]`, which would make an entry.
        native = self.native.state.get(slot.tensor)
        if not native or ("step" in native and int(native["step"]) == 0):
            return None
        entry: dict[str, Any] = {
            key: slot.canonical(value)
            for key, value in native.items()
            if key != "step" and isinstance(value, torch.Tensor)
        }
        if "step" in native:
            entry["step"] = int(native["step"])
        return entry or None

    def _write(self, slot: Slot, entry: Mapping[str, Any] | None, group: Mapping[str, Any]) -> None:
        parameter = slot.tensor
        if entry is not None:
            native = {key: _like(parameter, value) for key, value in entry.items() if key != "step"}
            if "step" in entry:
                native["step"] = self._counter(entry["step"])
            self.native.state[parameter] = native
        elif self._initial_sum:
            # torch makes Adagrad's state with the optimiser, and not with the first step.
            start = torch.full_like(parameter.detach(), group["initial_accumulator_value"])
            self.native.state[parameter] = {"step": self._counter(0), "sum": start}
        else:
            self.native.state.pop(parameter, None)

    def _counter(self, step: int) -> Any:
        """The number of steps, as torch's own optimisers keep it."""
        if isinstance(self.native, ComposedOptimizer):
            return int(step)
        return torch.tensor(float(step), dtype=torch.float32)  # as fused steps count, whatever the default type is


def _like(parameter: torch.Tensor, array: np.ndarray[Any, Any]) -> torch.Tensor:
    """A tensor of these numbers in the parameter's type, memory format and place."""
    made = torch.empty_like(parameter.detach(), memory_format=torch.preserve_format)
    return made.copy_(spread_like(torch.from_numpy(np.require(array, requirements=("C", "W"))), made))
