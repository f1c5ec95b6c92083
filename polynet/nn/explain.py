"""What to say when a constructor does not have an option it was called with."""

from __future__ import annotations

import inspect
import re
import reprlib
from collections.abc import Mapping
from typing import Any, NoReturn

from polynet.errors import OptionError, PolyNetError, suggest

REFUSALS = (TypeError, ValueError, RuntimeError, AssertionError, ZeroDivisionError)
"""What the frameworks' layers raise at values they cannot use."""

_SLIPS = (*REFUSALS, IndexError, KeyError, AttributeError, OverflowError)
"""What Python raises where a network's constructor works with a value it did not expect."""

_VARIADIC = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
_REFUSED = re.compile(r"unexpected keyword argument '(\w+)'")


def explain_call(target: Any, arguments: tuple[Any, ...], options: dict[str, Any], error: TypeError) -> None:
    """Raise `OptionError` if a class or function was called with options it does not have; return otherwise.

    Args:
        target: The class or function called.
        arguments: Its positional arguments.
        options: Its keyword arguments.
        error: What the call raised; the cause of the error raised here.

    Raises:
        OptionError: The call does not fit the signature, or an option passed on by `**` was refused further up.

    Example:
        >>> try:
        ...     nn.LSTM(4, 3, batchfirst=True)
        ... except polynet.errors.OptionError as error:
        ...     print(str(error)[:66])
        LSTM: unknown option 'batchfirst'. Did you mean 'batch_first'? Its
    """
    if isinstance(error, OptionError):
        return
    functions = _functions(target)
    # A metaclass with `__call__` hides the constructor's signature from inspect.signature(target).
    bound = (None,) if isinstance(target, type) else ()
    allowed = _names(functions, len(bound))
    try:
        inspect.signature(functions[0]).bind(*bound, *arguments, **options)
    except TypeError as mismatch:
        unknown = [name for name in options if name not in allowed]
        if _passes_on(functions[-1]):  # what is open to the end may take it, unless it is nearly an option's name
            unknown = [name for name in unknown if suggest(name, allowed)]
        _refuse(target, unknown, str(mismatch), allowed, error)
    refused = _REFUSED.search(str(error))
    if refused and refused[1] in options and refused[1] not in allowed:
        _refuse(target, [refused[1]], "", allowed, error)


def explain_values(target: Any, arguments: tuple[Any, ...], options: dict[str, Any], error: Exception) -> None:
    """Raise `OptionError` if a framework's own layer refused the values it was given; return otherwise.

    Args:
        target: The layer's class.
        arguments: Its positional arguments.
        options: Its keyword arguments.
        error: What the constructor raised; the cause of the error raised here.

    Raises:
        OptionError: The constructor raised an error of a plain type, and not one of PolyNet's own.

    Example:
        >>> try:
        ...     explain_values(nn.Linear, (3,), {"bias": "no"}, ValueError("bias must be a bool"))
        ... except polynet.errors.OptionError as error:
        ...     print(error)
        Linear(3, bias='no') cannot be made: bias must be a bool
    """
    # A framework's derived types, such as running out of memory, say something else.
    if isinstance(error, PolyNetError) or type(error) not in REFUSALS:
        return
    given = [*map(_shown, arguments), *(f"{name}={_shown(value)}" for name, value in options.items())]
    message = f"{getattr(target, '__name__', target)}({', '.join(given)}) cannot be made: {error}"
    raise OptionError(message) from error


def explain_network(factory: Any, options: Mapping[str, Any], error: Exception) -> None:
    """Raise `OptionError` if one of PolyNet's own networks came to grief over options it was given; return otherwise.

    Args:
        factory: The network's class, or a variant of it.
        options: What it was called with.
        error: What the constructor raised; the cause of the error raised here.

    Raises:
        OptionError: There were options, and the error is Python's or a framework's own. A lack of memory is left.

    Example:
        >>> try:
        ...     polynet.build("swin_tiny_patch4_window7_224", backend="shapes", num_heads=5)
        ... except polynet.errors.OptionError as error:
        ...     print(error)
        swin_tiny_patch4_window7_224(num_heads=5) cannot be made: object of type 'int' has no len()
    """
    module = str(getattr(getattr(factory, "network", factory), "__module__", ""))
    if not options or type(error) not in _SLIPS or "memory" in str(error) or module.partition(".")[0] != "polynet":
        return
    given = ", ".join(f"{name}={_shown(value)}" for name, value in options.items())
    said = str(error) or type(error).__name__
    message = f"{getattr(factory, '__name__', factory)}({given}) cannot be made: {said}"
    raise OptionError(message) from error


def option_names(target: Any) -> list[str]:
    """The names of what a class or function takes; of a class, also what it passes on by `**` to its bases.

    Args:
        target: The class or function.

    Returns:
        The names, each once. What stays open to the end, since the last one called takes `**` as well, is not among
        them.

    Example:
        >>> class Narrow(nn.Linear):
        ...     def __init__(self, width, **options):
        ...         super().__init__(width, 1, **options)
        >>> "bias" in option_names(Narrow), "logger" in option_names(Narrow)
        (True, False)
    """
    try:
        return _names(_functions(target), 1 if isinstance(target, type) else 0)
    except (TypeError, ValueError):  # written in C, without a signature
        return []


def _shown(value: Any) -> str:
    plain = isinstance(value, int | float | str | tuple | list | type(None))
    return reprlib.repr(value) if plain else type(value).__name__


def _refuse(target: Any, unknown: list[str], mismatch: str, allowed: list[str], error: TypeError) -> NoReturn:
    near = "".join(suggest(name, allowed) for name in unknown)
    given = f"unknown option {', '.join(map(repr, unknown))}" if unknown else mismatch
    known = f"Its options are: {', '.join(allowed)}." if allowed else "It has no options."
    message = f"{getattr(target, '__qualname__', target)}: {given}.{near} {known}"
    raise OptionError(message) from error


def _functions(target: Any) -> list[Any]:
    """What is called in turn: a constructor, and those of its bases for as long as options are passed on by `**`."""
    if not isinstance(target, type):
        return [target]
    constructors = []
    for base in target.__mro__:
        if "__init__" in vars(base) and base is not object:
            constructors.append(vars(base)["__init__"])
            if not _passes_on(constructors[-1]):
                break
    return constructors or [object.__init__]


def _passes_on(function: Any) -> bool:
    """Whether a function takes options it does not name."""
    kinds = {parameter.kind for parameter in inspect.signature(function).parameters.values()}
    return inspect.Parameter.VAR_KEYWORD in kinds


def _names(functions: list[Any], skipped: int) -> list[str]:
    """Names of the parameters of functions, without the first `skipped` of each, and each name once."""
    found: dict[str, None] = {}
    for function in functions:
        parameters = list(inspect.signature(function).parameters.values())[skipped:]
        found.update((parameter.name, None) for parameter in parameters if parameter.kind not in _VARIADIC)
    return list(found)
