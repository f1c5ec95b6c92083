"""What may be registered: a class or a constructor function that a config can reach."""

from __future__ import annotations

from typing import Any

from polynet.errors import OptionError


def check_target(target: Any, *, kind: str, decorator: str) -> None:
    """Refuse what a registry cannot build.

    Raises:
        OptionError: Not a class or function; not a class, where the decorator takes classes alone; or a network whose
            constructor has a parameter `name`, which no config can fill.
    """
    if decorator == "register_class" and not isinstance(target, type):
        message = f"register_class takes a class, not {target!r}; register takes constructor functions too."
        raise OptionError(message)
    if decorator == "register_function" and (isinstance(target, type) or not callable(target)):
        message = f"register_function takes a function, not {target!r}; register takes classes too."
        raise OptionError(message)
    if not callable(target):
        message = f"{decorator} takes a class or a constructor function, not {target!r}."
        raise OptionError(message)
    if kind == "network":
        _check_name_parameter(target)


def _check_name_parameter(target: Any) -> None:
    """Refuse a constructor parameter `name`: in a config that key selects the network and is never passed on."""
    constructor = _own_constructor(target)
    if constructor is None:
        return
    import inspect  # slow to import, and needed only here

    try:
        parameter = inspect.signature(constructor).parameters.get("name")
    except (TypeError, ValueError):
        return  # written in C, without a signature: nothing to judge by
    if parameter is not None and parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
        message = (
            f"The constructor of {target.__qualname__} has a parameter called 'name', which no config can fill: "
            f"`model.name` selects the network and is not passed on. Call the parameter something else."
        )
        raise OptionError(message)


def _own_constructor(target: Any) -> Any:
    """The function that constructs it; None where that comes from another package.

    A class that defines no constructor inherits its framework's, and MegEngine's has a parameter `name`: that one is
    not the author's to change, and has a default.
    """
    if not isinstance(target, type):
        return target
    package = target.__module__.partition(".")[0]
    for base in target.__mro__:
        if "__init__" in vars(base):
            return vars(base)["__init__"] if base.__module__.partition(".")[0] == package else None
    return None
