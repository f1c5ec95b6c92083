"""What a public function or class says when it is called with an option it does not have."""

from __future__ import annotations

import abc
import difflib
import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any, ParamSpec, TypeVar

from polynet.errors import OptionError, PolyNetError, suggest

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

NEAR = 0.8
"""How alike, as `difflib` counts, an option that is passed on must be to one of the function's own to be mentioned."""


def explains_options(function: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """Have a function answer a misspelt option with `OptionError` and the nearest of its own.

    A function that passes options on (`**options`) cannot tell at once; there, whatever refuses the option says so, and
    the nearest option of the function is mentioned beside.

    Args:
        function: The function; only calls that fail take longer.

    Example:
        >>> @explains_options
        ... def resize(image, *, size=224, mode="bilinear"): ...
        >>> resize(None, sise=3)
        Traceback (most recent call last):
        ...
        polynet.errors.OptionError: resize has no option 'sise'. Did you mean 'size'? Its options are image, size, mode.
    """

    @functools.wraps(function)
    def explained(*arguments: Arguments.args, **options: Arguments.kwargs) -> Result:
        try:
            return function(*arguments, **options)
        except PolyNetError as error:
            _mention_own(function, options, error)
            raise
        except TypeError as error:
            _explain(function, arguments, options, error)
            raise

    return explained


class ExplainsOptions(abc.ABCMeta):
    """Metaclass of plain classes that answer a misspelt option with `OptionError` and the nearest that they have.

    Modules need none of it: theirs does the same. It derives from `ABCMeta`, so that a class may be abstract as well.

    Example:
        >>> class Ranked(metaclass=ExplainsOptions):
        ...     def __init__(self, rank=8): ...
        >>> Ranked(rnak=4)
        Traceback (most recent call last):
        ...
        polynet.errors.OptionError: Ranked: unknown option 'rnak'. Did you mean 'rank'? Its options are: rank.
    """

    @property
    def __signature__(cls) -> inspect.Signature:
        """The constructor's signature, which `inspect` would otherwise take from `__call__`."""
        signature = inspect.signature(inspect.getattr_static(cls, "__init__"))
        return signature.replace(parameters=list(signature.parameters.values())[1:])

    def __call__(cls, *arguments: Any, **options: Any) -> Any:
        """Make an instance."""
        try:
            return super().__call__(*arguments, **options)
        except TypeError as error:
            from polynet.nn.explain import explain_call

            explain_call(cls, arguments, options, error)
            raise


def _explain(
    function: Callable[..., Any], arguments: tuple[Any, ...], options: Mapping[str, Any], error: TypeError
) -> None:
    """Raise `OptionError` where the call does not fit the function's signature."""
    try:
        inspect.signature(function).bind(*arguments, **options)
    except TypeError as mismatch:
        names, passes_on = options_of(function)
        unknown = [name for name in options if name not in names]
        if passes_on:
            unknown = [name for name in unknown if _nearest(name, names)]
        problem = f"has no option {unknown[0]!r}" if unknown else f"was called wrongly: {mismatch}"
        near = suggest(unknown[0], names) if unknown else ""
        message = f"{function.__name__} {problem}.{near} Its options are {', '.join(names)}."
        raise OptionError(message) from error


def _mention_own(function: Callable[..., Any], options: Mapping[str, Any], error: PolyNetError) -> None:
    """Add the nearest option of the function to an error about one passed on, or about what is then missing."""
    names, passes_on = options_of(function)
    if not passes_on or not error.args or not isinstance(error.args[0], str):
        return
    for name in options:
        near = None if name in names else _nearest(name, names)
        if near and (repr(name) in error.args[0] or f"{near}=" in error.args[0]):
            error.args = (f"{error.args[0]} Is {name!r} meant for {near!r}, an option of {function.__name__}?",)
            return


def options_of(function: Callable[..., Any]) -> tuple[list[str], bool]:
    """Names of a function's parameters, and whether it passes further options on."""
    parameters = inspect.signature(function).parameters.values()
    variadic = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    names = [parameter.name for parameter in parameters if parameter.kind not in variadic]
    return names, any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in parameters)


def _nearest(name: str, names: list[str]) -> str | None:
    return next(iter(difflib.get_close_matches(name.casefold(), names, n=1, cutoff=NEAR)), None)
