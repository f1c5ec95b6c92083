"""Rules of initialisation by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from polynet.errors import DuplicateNameError, OptionError, UnknownNameError, suggest

Rule = TypeVar("Rule", bound=Callable[..., Any])


class InitialiserRegistry:
    """Names of rules, and the classes that carry them out.

    A rule of your own is a class called with the rule's arguments; what comes of that is called with the module.

    Example:
        >>> from polynet.models.init_cfg import WEIGHT_INITIALIZERS
        >>> "Kaiming" in WEIGHT_INITIALIZERS
        True
    """

    def __init__(self) -> None:
        self._rules: dict[str, Any] = {}

    def register_module(
        self, name: str | None = None, *, force: bool = False, module: Any = None
    ) -> Callable[[Rule], Rule]:
        """Register a class: `@WEIGHT_INITIALIZERS.register_module(name="Ones")`.

        Raises:
            DuplicateNameError: Another class has that name, and `force` is not set.
            OptionError: What is registered cannot be called.
        """

        def add(rule: Rule) -> Rule:
            if not callable(rule):
                message = f"A rule of initialisation is a class, not {rule!r}."
                raise OptionError(message)
            key = name or rule.__name__
            if not force and self._rules.get(key, rule) is not rule:
                message = (
                    f"The initialiser {key!r} is registered already: {self._rules[key]!r}. force=True replaces it."
                )
                raise DuplicateNameError(message)
            self._rules[key] = rule
            return rule

        return add if module is None else add(module)

    register = register_module

    def get(self, name: str) -> Any:
        """The class of a rule.

        Raises:
            UnknownNameError: There is no rule of that name.
        """
        if name not in self._rules:
            names = sorted(self._rules)
            message = f"There is no initialiser {name!r}; there are {', '.join(names)}.{suggest(name, names)}"
            raise UnknownNameError(message)
        return self._rules[name]

    def __contains__(self, name: object) -> bool:
        return name in self._rules


WEIGHT_INITIALIZERS = InitialiserRegistry()
