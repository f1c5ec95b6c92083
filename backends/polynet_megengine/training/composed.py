"""MegEngine optimisers that step by update rules, with torch's meaning of every option.

They are MegEngine's own optimisers to whoever asks: SGD, Adam, AdamW, Adagrad and Adadelta derive from MegEngine's
classes of those names, all from `megengine.optimizer.Optimizer`, and `param_groups`, `state_dict`, `load_state_dict`,
`step` and `clear_grad` do what they do there. What differs, and why the native `_updates` are not used:

* Nesterov's momentum is one setting for all groups there, Adagrad's `eps` stands under the root, LAMB cannot be made,
  RMSprop and LARS are missing, and so are `dampening`, `amsgrad` and `maximize`.
* Adam's corrections `1 - beta ** step` are computed in float32 there, wrong by up to 3e-5.
* The native steps take twice as long, Adam's three times: a pass over the memory for each operation, and a general
  power where a square root is meant.
* The state is made when a parameter is first stepped, as in torch, on the parameter's own device; there it is made with
  the optimiser, on the default device, so that a module elsewhere cannot be stepped.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, MutableMapping
from typing import Any, ClassVar

import megengine
import megengine.optimizer
import numpy as np

from polynet.errors import OptionError, WeightsError
from polynet.train.rules import find_rule
from polynet.train.rules.rule import Rule
from polynet_megengine.ops.conversion import no_grad
from polynet_megengine.training.arithmetic import MegEngineArithmetic


class ComposedOptimizer(megengine.optimizer.Optimizer):
    """An optimiser that steps by an update rule.

    Args:
        params: Parameters, or groups of them, as for every MegEngine optimiser.
        **options: The rule's.

    Raises:
        OptionError: There is no such option, its value cannot be used, or there is no parameter.
    """

    rule: ClassVar[Rule]

    def __init__(self, params: Iterable[Any], **options: Any) -> None:
        try:
            megengine.optimizer.Optimizer.__init__(self, params, self.rule.settings(options))
        except (TypeError, ValueError, AssertionError) as error:
            message = f"Optimiser {self.rule.name!r} cannot be made: {error}"
            raise OptionError(message) from error
        # The operations below are all between tensors, so that nothing needs converting.
        self._disable_type_convert = True

    def _create_state(self, param_group: MutableMapping[str, Any]) -> None:
        """Nothing yet: a parameter has state once it is stepped."""

    def step(self) -> ComposedOptimizer:
        """Step every parameter that has a gradient; no `GradManager` records it."""
        with no_grad():
            super().step()
        return self

    def _updates(self, param_group: MutableMapping[str, Any]) -> None:
        rule = self.rule
        arithmetics: dict[Any, MegEngineArithmetic] = {}
        for parameter in param_group["params"]:
            gradient = parameter.grad
            if gradient is None:
                continue
            device = parameter.device
            arithmetic = arithmetics.get(device)
            if arithmetic is None:
                arithmetic = arithmetics[device] = MegEngineArithmetic(device)
            state = self._state.get(parameter)
            if state is None:
                state = self._state[parameter] = {"step": 0} if rule.counts else {}
            parameter._reset(rule.update(arithmetic, parameter, gradient, state, param_group))

    def state_dict(self, keep_var: bool = False) -> dict[str, Any]:
        """Groups and state by the parameters' numbers, as MegEngine's optimisers give them; steps as arrays."""
        counted = {parameter: state["step"] for parameter, state in self._state.items() if "step" in state}
        for parameter, step in counted.items():
            self._state[parameter]["step"] = megengine.Tensor(step, dtype="float32")
        try:
            saved: dict[str, Any] = super().state_dict(keep_var)
        finally:
            for parameter, step in counted.items():
                self._state[parameter]["step"] = step
        return saved

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state_dict` gave.

        Raises:
            WeightsError: It is of other groups or parameters.
        """
        saved_groups = state["param_groups"]
        if [len(group["params"]) for group in saved_groups] != [len(group["params"]) for group in self.param_groups]:
            message = "The optimiser's state is of other groups of parameters."
            raise WeightsError(message)
        for group, saved in zip(self.param_groups, saved_groups, strict=True):
            group.update({key: value for key, value in saved.items() if key != "params"})
            for parameter, number in zip(group["params"], saved["params"], strict=True):
                entry = state["state"].get(number)
                if entry is None:
                    self._state.pop(parameter, None)
                else:
                    self._state[parameter] = {key: _loaded(parameter, key, value) for key, value in entry.items()}


def _loaded(parameter: Any, key: str, value: Any) -> Any:
    """A value of a saved state: a tensor on the parameter's device, or the number of steps."""
    array = np.asarray(value.numpy() if isinstance(value, megengine.Tensor) else value)
    return int(array) if key == "step" else megengine.Tensor(array, device=parameter.device)


class SGD(ComposedOptimizer, megengine.optimizer.SGD):
    """Stochastic gradient descent; see `polynet.train.rules.sgd.SGD`.

    Example:
        >>> import megengine
        >>> optimizer = SGD(megengine.module.Linear(2, 1).parameters(), lr=0.1, momentum=0.9)
        >>> isinstance(optimizer, megengine.optimizer.SGD)
        True
    """

    rule = find_rule("sgd")


class Adam(ComposedOptimizer, megengine.optimizer.Adam):
    """Adam; see `polynet.train.rules.adam.Adam`."""

    rule = find_rule("adam")


class AdamW(ComposedOptimizer, megengine.optimizer.AdamW):
    """AdamW; see `polynet.train.rules.adam.AdamW`."""

    rule = find_rule("adamw")


class Adagrad(ComposedOptimizer, megengine.optimizer.Adagrad):
    """Adagrad; see `polynet.train.rules.adagrad.Adagrad`."""

    rule = find_rule("adagrad")


class Adadelta(ComposedOptimizer, megengine.optimizer.Adadelta):
    """Adadelta; see `polynet.train.rules.adadelta.Adadelta`."""

    rule = find_rule("adadelta")


class RMSprop(ComposedOptimizer):
    """RMSprop; see `polynet.train.rules.rmsprop.RMSprop`."""

    rule = find_rule("rmsprop")


class LARS(ComposedOptimizer):
    """LARS; see `polynet.train.rules.lars.LARS`."""

    rule = find_rule("lars")


class LAMB(ComposedOptimizer):
    """LAMB; see `polynet.train.rules.lamb.LAMB`."""

    rule = find_rule("lamb")
