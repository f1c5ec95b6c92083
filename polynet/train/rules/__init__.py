"""Update rules: what each optimiser does to one parameter, once for every framework.

Example:
    >>> find_rule("SGD").name
    'sgd'
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from polynet.errors import UnknownNameError, suggest

if TYPE_CHECKING:
    from polynet.train.rules.rule import Rule

_HOMES = {
    "sgd": ("sgd", "SGD"),
    "adam": ("adam", "Adam"),
    "adamw": ("adam", "AdamW"),
    "rmsprop": ("rmsprop", "RMSprop"),
    "adagrad": ("adagrad", "Adagrad"),
    "adadelta": ("adadelta", "Adadelta"),
    "lars": ("lars", "LARS"),
    "lamb": ("lamb", "LAMB"),
}


def rule_names() -> tuple[str, ...]:
    """Names of all optimisers."""
    return tuple(_HOMES)


def rule_homes() -> dict[str, str]:
    """Where each optimiser's rule is defined, as `module:Class`, by the name that configs give it.

    Example:
        >>> rule_homes()["SGD"]
        'polynet.train.rules.sgd:SGD'
    """
    return {name: f"{__name__}.{module}:{name}" for module, name in _HOMES.values()}


def find_rule(name: str) -> Rule:
    """The rule of an optimiser.

    Args:
        name: The optimiser's name, in whatever case.

    Raises:
        UnknownNameError: There is no such optimiser.
    """
    home = _HOMES.get(name.lower()) if isinstance(name, str) else None
    if home is None:
        message = f"There is no optimiser {name!r}; there are {', '.join(_HOMES)}.{suggest(name, _HOMES)}"
        raise UnknownNameError(message)
    module, rule = home
    found: Rule = getattr(importlib.import_module(f"polynet.train.rules.{module}"), rule)()
    return found
