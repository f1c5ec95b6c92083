"""Weight decay by an ordered list of rules, as BaseCls has it."""

from __future__ import annotations

import inspect
import re
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import attrs

from polynet.config.references import ClassReference
from polynet.errors import OptionError, suggest
from polynet.nn.arguments import number
from polynet.train.parameter_groups import Parameter

NORM_TYPES = "NORM_TYPES"
"""Stands for all normalisations, as BaseCls's tuple of that name."""


@attrs.frozen
class DecayRule:
    """Which parameters have which weight decay.

    Attributes:
        decay: The weight decay; below 0, the last rule's.
        pattern: As it was written.
        matches: Whether a parameter is meant.
    """

    decay: float
    pattern: Any
    matches: Callable[[Parameter], bool]


OPTIONAL = frozenset({"abs_pos_embed"})
"""Parameters that a family has with one of its options alone, and that its recipe names all the same."""


class DecayPolicy:
    """The rules, the first that fits deciding.

    Args:
        policy: A weight decay for all; or a list of rules `(weight decay, which parameters)`, and at the end the weight
            decay of all others. Which parameters is a regular expression, searched for in a parameter's name; the name
            of its layer's class, or of a base of it; such a class, or several; or `"NORM_TYPES"`, all normalisations.

    Raises:
        OptionError: It is nothing of the kind, a weight decay is negative, or an expression is none.

    Source: BaseCls, `get_param_groups`.

    Example:
        >>> from polynet.train.parameter_groups import trained_parameters
        >>> with polynet.use_backend("torch"):
        ...     net = polynet.nn.Sequential(polynet.nn.Conv2d(3, 4, 1), polynet.nn.BatchNorm2d(4))
        >>> policy = DecayPolicy([(0, "bias"), (1e-5, "NORM_TYPES"), 1e-4])
        >>> {parameter.name: policy.decay(parameter) for parameter in trained_parameters(net)}
        {'0.weight': 0.0001, '0.bias': 0.0, '1.weight': 1e-05, '1.bias': 0.0}
    """

    def __init__(self, policy: Any) -> None:
        rules = list(policy) if isinstance(policy, Sequence) and not isinstance(policy, str) else [policy]
        if not rules or _is_rule(rules[-1]):
            message = f"weight_decay: a list of rules ends with that of all others, such as 1e-4; not {policy!r:.120}."
            raise OptionError(message)
        self.default = float(number("weight_decay", "the default", rules[-1], lowest=0))
        self.rules = [_rule(rule) for rule in rules[:-1]]
        self._unmatched = list(self.rules)

    def decay(self, parameter: Parameter) -> float:
        """A parameter's weight decay."""
        fitting = [rule for rule in self.rules if rule.matches(parameter)]
        self._unmatched = [rule for rule in self._unmatched if rule not in fitting]
        if not fitting or fitting[0].decay < 0:
            return self.default
        return fitting[0].decay

    def warn(self, parameters: Sequence[Parameter]) -> None:
        """Warn of rules by name that fit no parameter; those by kind of layer are written for many networks."""
        parts = {part for parameter in parameters for part in parameter.name.split(".") if not part.isdigit()}
        kinds = {base.__name__ for parameter in parameters for base in type(parameter.owner).__mro__}
        for rule in self._unmatched:
            if isinstance(rule.pattern, str) and rule.pattern not in (NORM_TYPES, *OPTIONAL):
                near = suggest(rule.pattern, [*parts, *kinds, NORM_TYPES])
                message = (
                    f"weight_decay: {rule.pattern!r} is in no trainable parameter's name, and no layer's class.{near}"
                )
                warnings.warn(message, UserWarning, stacklevel=2)


def _is_rule(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _rule(rule: Any) -> DecayRule:
    if not _is_rule(rule) or len(rule) != 2:
        message = f"weight_decay: a rule is (weight decay, which parameters), such as (0, 'bias'); not {rule!r:.80}."
        raise OptionError(message)
    decay, pattern = rule
    return DecayRule(float(number("weight_decay", f"that of {pattern!r}", decay)), pattern, _matcher(pattern))


def _matcher(pattern: Any) -> Callable[[Parameter], bool]:
    if isinstance(pattern, ClassReference):
        package, name = pattern.path.partition(".")[0], pattern.path.rpartition(":")[2]
        # A config of BaseCls's imports its NORM_TYPES and layers; they are known by name where it is not installed.
        pattern = name if package == "basecls" else pattern.resolve()
    if pattern == NORM_TYPES:
        return lambda parameter: parameter.normalises
    if isinstance(pattern, str):
        return _by_name(pattern)
    kinds = tuple(pattern) if _is_rule(pattern) else (pattern,)
    if kinds and all(inspect.isclass(kind) for kind in kinds):
        return lambda parameter: isinstance(parameter.owner, kinds)
    if kinds and all(isinstance(kind, (str, ClassReference)) or inspect.isclass(kind) for kind in kinds):
        matchers = [_matcher(kind) for kind in kinds]
        return lambda parameter: any(matches(parameter) for matches in matchers)
    message = (
        "weight_decay: parameters are chosen by a regular expression on their names, by the class of their layer or "
        f"its name, or by {NORM_TYPES!r}; not by {pattern!r:.80}."
    )
    raise OptionError(message)


def _by_name(pattern: str) -> Callable[[Parameter], bool]:
    try:
        expression = re.compile(pattern)
    except re.error as error:
        message = f"weight_decay: {pattern!r} is no regular expression: {error}."
        raise OptionError(message) from error

    def matches(parameter: Parameter) -> bool:
        kinds = (base.__name__ for base in type(parameter.owner).__mro__)
        return expression.search(parameter.name) is not None or pattern in kinds

    return matches
