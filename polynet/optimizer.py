"""What an optimiser offers on every framework.

Each backend gives a subclass over its framework's own optimiser object, `native`. A hand-written step reads:

    optimizer.zero_grad()
    with optimizer.recording():
        loss = network(images)["loss"]
        optimizer.backward(loss)
    optimizer.step()
"""

from __future__ import annotations

import abc
from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, overload

from polynet.backend import backend_of
from polynet.errors import OptionError, WeightsError, suggest
from polynet.slots import Slot
from polynet.types import Tensor

if TYPE_CHECKING:
    import numpy as np

    from polynet.train.rules.grouping import PlannedGroup
    from polynet.train.rules.rule import Rule


class Group(MutableMapping[str, Any]):
    """The parameters that share their settings, and the settings, which may be changed at any time.

    Reading gives the native group's values; assigning checks the value and sets it natively, so that the next step
    uses it. Names that are no option are kept too (`"initial_lr"`), and saved with the state where they are plain.

    Attributes:
        name: What the group is called; also under the key `"name"`.
        parameters: Canonical names of its parameters; also under the key `"parameters"`.
    """

    __slots__ = ("_hidden", "_native", "_rule", "name", "parameters")

    def __init__(self, planned: PlannedGroup, native: MutableMapping[str, Any], rule: Rule) -> None:
        self.name = planned.name
        self.parameters = tuple(planned.parameters)
        self._native = native
        self._rule = rule
        self._hidden = frozenset(native) - frozenset(rule.options)

    def __getitem__(self, key: str) -> Any:
        """A setting's value."""
        if key in ("name", "parameters"):
            return getattr(self, key)
        if key in self._hidden:
            raise KeyError(key)
        return self._native[key]

    def __setitem__(self, key: str, value: Any) -> None:
        """Set a setting natively.

        Raises:
            OptionError: It cannot have this value, or cannot be changed.
        """
        option = self._rule.options.get(key)
        if option is not None:
            self._native[key] = option.checked(self._rule.name, key, value)
        elif key in ("name", "parameters") or key in self._hidden:
            message = f"{key!r} of a group of optimiser {self._rule.name!r} cannot be changed."
            raise OptionError(message)
        else:
            self._native[key] = value

    def __delitem__(self, key: str) -> None:
        """Forget a further value; settings stay."""
        if key in self._rule.options or key in self._hidden or key in ("name", "parameters"):
            message = f"{key!r} of a group of optimiser {self._rule.name!r} cannot be removed."
            raise OptionError(message)
        del self._native[key]

    def __iter__(self) -> Iterator[str]:
        """`"name"`, `"parameters"`, and the settings."""
        yield "name"
        yield "parameters"
        for key in self._native:
            if key not in self._hidden:
                yield key

    def __len__(self) -> int:
        """How many keys there are."""
        return sum(1 for _ in self)

    def __repr__(self) -> str:
        """Show the settings, and how many parameters there are."""
        settings = ", ".join(f"{key}={self[key]!r}" for key in self if key not in ("name", "parameters"))
        return f"<group {self.name!r} of {len(self.parameters)} parameters: {settings}>"


class Optimizer(abc.ABC):
    """An optimiser over a module's trainable parameters, with torch's meaning of every option.

    Attributes:
        name: The optimiser's name, in lower case.
        native: The framework's own optimiser object.
        groups: The groups of parameters, with settings that may be changed.
        parameters: Native parameters by canonical name; frozen ones are left out.
        shares_model: Whether other optimisers step other parameters of the model, whose gradients `backward` must not
            touch. Set by what holds several optimisers.

    Example:
        >>> with polynet.use_backend("torch") as backend:
        ...     net = polynet.nn.Linear(2, 1)
        ...     optimizer = backend.optimizer("sgd", net, lr=0.1, momentum=0.9)
        >>> optimizer.groups[0]["lr"] = 0.01
        >>> optimizer.native.param_groups[0]["lr"]
        0.01
    """

    shares_model: bool = False

    def __init__(self, rule: Rule, planned: Sequence[PlannedGroup], native: Any) -> None:
        self.name = rule.name
        self.native = native
        self.groups = [
            Group(group, native_group, rule) for group, native_group in zip(planned, native.param_groups, strict=True)
        ]
        self._rule = rule
        self._members = [group.parameters for group in planned]
        self._slots: dict[str, Slot] = {name: slot for members in self._members for name, slot in members.items()}

    def __repr__(self) -> str:
        """Show the name and the groups."""
        return f"<optimizer {self.name}: {self.groups}>"

    @property
    def parameters(self) -> dict[str, Tensor]:
        """Native parameters by canonical name."""
        return {name: slot.tensor for name, slot in self._slots.items()}

    # Gradients

    @abc.abstractmethod
    def recording(self) -> AbstractContextManager[None]:
        """A context in which the forward pass runs, so that `backward` can differentiate it.

        `backward` may be called inside the block or after it. Entering it again before `backward` drops what was
        recorded; so do `step` after the block, `load_state`, `forget`, and an exception that leaves the block. A block
        inside another of the same optimiser is part of the outer one.
        """

    @abc.abstractmethod
    def forget(self) -> None:
        """Drop what was recorded and not differentiated; for frameworks that keep it."""

    @abc.abstractmethod
    def backward(self, loss: Tensor, scale: float = 1.0) -> None:
        """Add the gradients of `loss * scale` to those there are.

        Args:
            loss: A tensor with one number, computed inside `recording`.
            scale: A factor: 1 over the batches accumulated, or a loss scale.

        Raises:
            InputError: The loss is not one number.
            FrameworkMismatchError: It is no tensor of this framework.
            ModeError: It depends on no trainable parameter, or was not recorded.
        """

    @abc.abstractmethod
    def zero_grad(self) -> None:
        """Forget all gradients."""

    @abc.abstractmethod
    def clip_gradients_by_norm(self, max_norm: float, norm_type: float = 2.0) -> float:
        """Scale all gradients so that their joint norm is `max_norm` at most; as `torch.nn.utils.clip_grad_norm_`.

        Args:
            max_norm: The largest norm allowed.
            norm_type: Which norm; `inf` for the largest magnitude.

        Returns:
            The norm before, which may be infinite or NaN; 0 where there are no gradients.
        """

    @abc.abstractmethod
    def clip_gradients_by_value(self, lower: float, upper: float) -> None:
        """Bring every number of every gradient into a range; NaN stays."""

    @abc.abstractmethod
    def scale_gradients(self, factor: float) -> None:
        """Multiply all gradients by a number."""

    @abc.abstractmethod
    def gradients_are_finite(self) -> bool:
        """Whether no gradient holds an infinite number or NaN."""

    def gradients(self) -> dict[str, np.ndarray[Any, Any] | None]:
        """Copies of the gradients by canonical name and in the canonical shape; `None` where there is none."""
        found: dict[str, np.ndarray[Any, Any] | None] = {}
        for name, slot in self._slots.items():
            gradient = slot.tensor.grad
            found[name] = None if gradient is None else slot.canonical(gradient)
        return found

    def check_gradients(self, gradients: Mapping[str, np.ndarray[Any, Any] | None]) -> None:
        """Refuse gradients that `load_gradients` could not take.

        Raises:
            WeightsError: They are of other parameters.
        """
        for name, array in gradients.items():
            slot = self._slots.get(name)
            if slot is None:
                message = f"There is a gradient of {name!r}, which is not optimised.{suggest(name, self._slots)}"
                raise WeightsError(message)
            if array is not None and tuple(array.shape) != slot.shape:
                message = f"The gradient of {name!r} has the shape {list(array.shape)}, and it {list(slot.shape)}."
                raise WeightsError(message)

    def load_gradients(self, gradients: Mapping[str, np.ndarray[Any, Any] | None]) -> None:
        """Replace the gradients by copies of what `gradients` gave; a parameter that is left out has none.

        Raises:
            WeightsError: They are of other parameters; nothing is changed then.
        """
        self.check_gradients(gradients)
        self.zero_grad()
        for name, array in gradients.items():
            if array is not None:
                tensor = self._slots[name].tensor
                backend = backend_of(tensor)
                native = array.reshape(tuple(tensor.shape))
                tensor.grad = backend.tensor(native, dtype=self._slots[name].dtype, device=backend.device_of(tensor))

    # Steps

    @abc.abstractmethod
    def _step(self) -> None:
        """Step natively."""

    @overload
    def step(self, loss_function: None = None) -> None: ...

    @overload
    def step(self, loss_function: Callable[[], Tensor]) -> float: ...

    def step(self, loss_function: Callable[[], Tensor] | None = None) -> float | None:
        """Step every parameter that has a gradient.

        Args:
            loss_function: Where given, first forget the gradients, run it recorded, and differentiate what it returns.

        Returns:
            The loss before the step, where a function is given.
        """
        if loss_function is None:
            self._step()
            return None
        self.zero_grad()
        with self.recording():
            loss = loss_function()
            self.backward(loss)
        self._step()
        return self._settled(loss)

    @abc.abstractmethod
    def _settled(self, loss: Tensor) -> float:
        """A loss as a number, once everything submitted has run."""

    # State

    @abc.abstractmethod
    def _read(self, slot: Slot) -> dict[str, Any] | None:
        """A parameter's state, canonical; `None` where it was never stepped."""

    @abc.abstractmethod
    def _write(self, slot: Slot, entry: Mapping[str, Any] | None, group: Mapping[str, Any]) -> None:
        """Replace a parameter's state by a canonical one."""

    def state(self) -> dict[str, Any]:
        """Everything a later run needs to go on, in plain numbers and arrays: the same on every framework.

        Returns:
            `"name"`; `"groups"`, each with its `"name"`, the names of its `"parameters"`, and its settings; `"slots"`,
            by canonical parameter name, with torch's names for what is kept (`"momentum_buffer"`, `"exp_avg"`, …) and
            the number of steps under `"step"` where the optimiser counts them. A parameter that was never stepped is
            not in `"slots"`.
        """
        from polynet.train.rules.saved_state import is_plain

        groups = []
        for group in self.groups:
            values = {key: value for key, value in group.items() if is_plain(value)}
            groups.append({**values, "parameters": list(group.parameters)})
        entries = {name: entry for name, slot in self._slots.items() if (entry := self._read(slot)) is not None}
        return {"name": self.name, "groups": groups, "slots": entries}

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Go on from a saved state, which may come from another framework.

        Raises:
            WeightsError: It is of another optimiser or of other parameters; nothing is changed then.
        """
        from polynet.train.rules.saved_state import check_state

        checked = check_state(self._rule, self._members, state)
        self.forget()
        for group, members, (settings, further) in zip(self.groups, self._members, checked.groups, strict=True):
            group.update(settings)
            group.update(further)
            for name, slot in members.items():
                self._write(slot, checked.entries.get(name), group)
