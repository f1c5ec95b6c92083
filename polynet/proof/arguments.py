"""Checks of what `polynet.parity` is given, before anything is built."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ParamSpec, TypeVar

from polynet.backend import backend_of_class
from polynet.errors import ConfigError, ConfigTypeError, InputError, OptionError
from polynet.nn.arguments import integer
from polynet.proof.tolerance import Tolerance

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

_WANTED = "a config, or two built networks as a pair, parity((first, second))"


def of_one_thing(function: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """Have `parity` say, where it is called with two networks side by side, that they are wanted as a pair."""

    @functools.wraps(function)
    def checked(*arguments: Arguments.args, **options: Arguments.kwargs) -> Result:
        if len(arguments) > 1:
            message = (
                f"parity takes one thing by position, and was given {len(arguments)}: give {_WANTED}; "
                f"options go by name."
            )
            raise OptionError(message)
        return function(*arguments, **options)

    return checked


def check_subject(given: Any) -> None:
    """Refuse what is no two networks, and nothing to build two from: one network, say.

    Raises:
        ConfigTypeError: It is a built network, or a list or tuple of something else than two of them.

    Example:
        >>> check_subject("resnet18")
    """
    if are_networks(given):
        return
    if isinstance(given, (tuple, list)):
        message = f"parity compares two builds: give {_WANTED}; not a {type(given).__name__} of {_kinds(given)}."
        raise ConfigTypeError(message)
    if _is_network(given):
        message = f"parity compares two builds: give {_WANTED}; not one network, {type(given).__name__}, alone."
        raise ConfigTypeError(message)


def are_networks(given: Any) -> bool:
    """Whether two built networks were given, rather than what to build."""
    return isinstance(given, (tuple, list)) and len(given) == 2 and all(map(_is_network, given))


def _is_network(value: Any) -> bool:
    return not isinstance(value, type) and backend_of_class(type(value)) is not None


def _kinds(given: Sequence[Any]) -> str:
    return ", ".join(type(each).__name__ for each in given) or "nothing"


def check_arguments(
    *, batch_size: Any, steps: Any, input_size: Any, optimizers: Any, tolerance: Any, backends: Any, options: Any
) -> None:
    """Refuse what a check cannot be made with: a check of fewer steps than none would pass whatever is compared.

    Raises:
        OptionError: `batch_size` or `steps` is no such number, or `backend` was given in place of `backends`.
        InputError: `input_size` is no shape.
        ConfigTypeError: `backends`, `optimizers` or `tolerance` is of another type.
        ConfigError: `backends` are not two.

    Example:
        >>> polynet.parity("resnet18", steps=-1)
        Traceback (most recent call last):
        ...
        polynet.errors.OptionError: parity: steps=-1 must be at least 0.
    """
    integer("parity", "batch_size", batch_size, lowest=1)
    integer("parity", "steps", steps)
    if "backend" in options:
        message = f"parity builds on two backends: give backends=('torch', 'megengine'), not {options['backend']!r}."
        raise OptionError(message)
    if isinstance(backends, str) or not isinstance(backends, Sequence):
        message = f"backends are two names, ('torch', 'megengine') say, not {backends!r}."
        raise ConfigTypeError(message)
    if len(backends) != 2:
        message = f"A parity check compares two backends, not {len(backends)}: {', '.join(map(str, backends))}."
        raise ConfigError(message)
    if not isinstance(tolerance, Tolerance):
        message = f"tolerance is a polynet.Tolerance, Tolerance(relative=1e-5) say, not {tolerance!r}."
        raise ConfigTypeError(message)
    if optimizers is not None and not _maps_to_mappings(optimizers):
        message = f"optimizers map names to options, {{'sgd': {{'lr': 0.01}}}} say; not {optimizers!r}."
        raise ConfigTypeError(message)
    if input_size is not None and not _is_shape(input_size):
        message = f"input_size is the input's shape without the batch, (3, 224, 224) say, not {input_size!r}."
        raise InputError(message)


def _maps_to_mappings(value: Any) -> bool:
    return isinstance(value, Mapping) and all(isinstance(options, Mapping) for options in value.values())


def _is_shape(value: Any) -> bool:
    if isinstance(value, str) or not isinstance(value, Sequence):
        return False
    try:
        return all(integer("parity", "input_size", length, lowest=1) for length in value)
    except OptionError:
        return False
