"""MegEngine's optimisers behind the face that every framework's have."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import megengine
import megengine.functional as F
import numpy as np

from polynet.errors import FrameworkMismatchError, InputError, OptionError
from polynet.optimizer import Optimizer
from polynet.slots import Slot
from polynet.train.rules import find_rule
from polynet.train.rules.grouping import PlannedGroup, plan_groups
from polynet.train.rules.rule import Rule
from polynet.types import Tensor
from polynet_megengine.ops.conversion import no_grad
from polynet_megengine.state import slots
from polynet_megengine.training import composed
from polynet_megengine.training.recording import Recording

_NATIVE: dict[str, Callable[..., composed.ComposedOptimizer]] = {
    "sgd": composed.SGD,
    "adam": composed.Adam,
    "adamw": composed.AdamW,
    "rmsprop": composed.RMSprop,
    "adagrad": composed.Adagrad,
    "adadelta": composed.Adadelta,
    "lars": composed.LARS,
    "lamb": composed.LAMB,
}


def optimizer(
    name: str, module: Any, groups: Iterable[Mapping[str, Any]] | None = None, **options: Any
) -> MegEngineOptimizer:
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
    return MegEngineOptimizer(rule, planned, _NATIVE[rule.name](native_groups))


class MegEngineOptimizer(Optimizer):
    """A `megengine.optimizer.Optimizer` with what training needs around it.

    Attributes:
        after_backward: Called with the optimiser after each `backward`; averages gradients over processes.
    """

    native: composed.ComposedOptimizer
    after_backward: Callable[[Optimizer], None] | None = None

    def __init__(self, rule: Rule, planned: Sequence[PlannedGroup], native: composed.ComposedOptimizer) -> None:
        super().__init__(rule, planned, native)
        self._tensors = [slot.tensor for slot in self._slots.values()]
        self._recording = Recording(self._tensors)

    def recording(self) -> contextlib.AbstractContextManager[None]:
        """A context in which a `GradManager` records, and which leaves it open; see `recording.Recording`."""
        return self._recording.block()

    def forget(self) -> None:
        """Stop recording."""
        self._recording.forget()

    def backward(self, loss: Tensor, scale: float = 1.0) -> None:
        """`GradManager.backward` with the scale as the loss's own gradient."""
        if not isinstance(loss, megengine.Tensor):
            message = f"The loss must be a megengine.Tensor, not {type(loss).__module__}.{type(loss).__qualname__}."
            raise FrameworkMismatchError(message)
        if math.prod(loss.shape) != 1:
            message = f"The loss must be one number, and has the shape {list(loss.shape)}. Take its mean or sum."
            raise InputError(message)
        seed = None
        if scale != 1.0:
            seed = megengine.Tensor(np.full(tuple(loss.shape), scale, loss.dtype), device=loss.device)
        self._recording.differentiate(loss, seed)
        if self.after_backward is not None:
            self.after_backward(self)

    def zero_grad(self) -> None:
        """Set all gradients to `None`; what was recorded stays, so that it may come between forward and backward."""
        for tensor in self._tensors:
            tensor.grad = None

    def _gradients(self) -> list[Tensor]:
        return [gradient for tensor in self._tensors if (gradient := tensor.grad) is not None]

    def _change(self, change: Callable[[Tensor], Tensor]) -> None:
        with no_grad():
            for tensor in self._tensors:
                gradient = tensor.grad
                if gradient is not None:
                    tensor.grad = change(gradient)

    def clip_gradients_by_norm(self, max_norm: float, norm_type: float = 2.0) -> float:
        """As `torch.nn.utils.clip_grad_norm_` defines it; the factor is computed on the host, which has the norm."""
        max_norm, norm_type = float(max_norm), float(norm_type)
        if norm_type <= 0:
            message = f"norm_type must be above 0, not {norm_type!r}."
            raise OptionError(message)
        with no_grad():
            norm = self._norm(norm_type)
        factor = max_norm / (norm + 1e-6)
        if not factor >= 1.0:
            self.scale_gradients(factor)
        return norm

    def _norm(self, order: float) -> float:
        """The joint norm of all gradients; one number is read for each device."""
        found: dict[Any, list[Tensor]] = {}
        for gradient in self._gradients():
            if order == 2.0:
                share = F.sum(gradient * gradient)
            elif math.isinf(order):
                share = F.max(F.abs(gradient))
            else:
                share = F.sum(F.abs(gradient) ** order)
            found.setdefault(gradient.device, []).append(F.reshape(share, (1,)))
        if not found:
            return 0.0
        shares = np.concatenate([F.concat(parts).numpy() for parts in found.values()]).astype(np.float64)
        return float(shares.max()) if math.isinf(order) else float(shares.sum() ** (1.0 / order))

    def clip_gradients_by_value(self, lower: float, upper: float) -> None:
        """Clip every gradient; MegEngine's own `clip` would make NaN a number."""
        lower, upper = float(lower), float(upper)
        self._change(lambda gradient: F.where(gradient == gradient, F.clip(gradient, lower, upper), gradient))

    def scale_gradients(self, factor: float) -> None:
        """Multiply every gradient."""
        factor = float(factor)
        self._change(lambda gradient: gradient * factor)

    def gradients_are_finite(self) -> bool:
        """Whether `0 * gradient` is 0 everywhere: one number is read for each device."""
        found: dict[Any, list[Tensor]] = {}
        with no_grad():
            for gradient in self._gradients():
                found.setdefault(gradient.device, []).append(F.reshape(F.sum(gradient * 0.0), (1,)))
            return all(bool(np.isfinite(F.concat(parts).numpy()).all()) for parts in found.values())

    def _step(self) -> None:
        self.native.step()
        self._recording.restart()

    def _settled(self, loss: Tensor) -> float:
        megengine._full_sync()
        return float(loss.numpy())

    def _read(self, slot: Slot) -> dict[str, Any] | None:
        native = self.native._state.get(slot.tensor)
        if not native:
            return None
        return {key: value if key == "step" else slot.canonical(value) for key, value in native.items()}

    def _write(self, slot: Slot, entry: Mapping[str, Any] | None, group: Mapping[str, Any]) -> None:
        parameter = slot.tensor
        if entry is None:
            self.native._state.pop(parameter, None)
            return
        native: dict[str, Any] = {"step": int(entry["step"])} if "step" in entry else {}
        for key, value in entry.items():
            if key != "step":
                array = np.ascontiguousarray(value, dtype=np.float32).reshape(parameter.shape)
                native[key] = megengine.Tensor(array, device=parameter.device)
        self.native._state[parameter] = native
