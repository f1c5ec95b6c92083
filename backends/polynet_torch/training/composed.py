"""torch optimisers made of update rules, for what `torch.optim` does not have.

They are `torch.optim.Optimizer`s in full: parameter groups, `state_dict`, hooks and `torch.optim.lr_scheduler` work.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, ClassVar

import torch

from polynet.train.rules import find_rule
from polynet.train.rules.rule import Rule
from polynet_torch.training.arithmetic import TorchArithmetic

_ARITHMETIC = TorchArithmetic()


class ComposedOptimizer(torch.optim.Optimizer):
    """An optimiser that steps by an update rule.

    Args:
        params: Parameters, or groups of them, as for every `torch.optim.Optimizer`.
        **options: The rule's.

    Raises:
        OptionError: There is no such option, or its value cannot be used.
    """

    rule: ClassVar[Rule]

    def __init__(self, params: Iterable[Any], **options: Any) -> None:
        super().__init__(params, self.rule.settings(options))

    @torch.no_grad()  # type: ignore[untyped-decorator]  # torch leaves it untyped
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Step every parameter that has a gradient.

        Args:
            closure: Computes the loss, and its gradients, anew.

        Returns:
            The closure's loss; `None` without one.
        """
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        rule, state = self.rule, self.state
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is None:
                    continue
                entry = state[parameter]
                if rule.counts and not entry:
                    entry["step"] = 0
                parameter.copy_(rule.update(_ARITHMETIC, parameter, parameter.grad, entry, group))
        return loss


class LARS(ComposedOptimizer):
    """Layer-wise adaptive rate scaling; its options are those of `polynet.train.rules.lars.LARS`.

    Example:
        >>> import torch
        >>> optimizer = LARS(torch.nn.Linear(2, 1).parameters(), lr=0.1, momentum=0.9, weight_decay=1e-4)
        >>> isinstance(optimizer, torch.optim.Optimizer)
        True
    """

    rule = find_rule("lars")


class LAMB(ComposedOptimizer):
    """Layer-wise adaptive moments; its options are those of `polynet.train.rules.lamb.LAMB`."""

    rule = find_rule("lamb")
