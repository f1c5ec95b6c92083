"""From the `head` of a config to a head: BaseCls's rules, with its gaps closed."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from polynet.backend import Backend, active_backend, backend_of_class
from polynet.errors import FrameworkMismatchError, OptionError, PolyNetError, suggest
from polynet.nn.explain import option_names
from polynet.nn.module import Module, NeutralMeta, specialise

_SYNONYMS = {"w_in": "in_channels", "w_out": "num_classes"}


def build_head(
    w_in: int,
    head_args: Mapping[str, Any] | None = None,
    norm_name: str | Callable[..., Any] | None = "BN",
    act_name: str | Callable[..., Any] | None = "relu",
) -> Any:
    """Make a head on the active backend.

    Args:
        w_in: Width of the features it gets.
        head_args: `name` selects the head: a registered name, or a class or function; the rest are its arguments. Its
            constructor is also given `w_in`, and `norm_name` and `act_name` where `head_args` has none, as far as it
            takes them. `w_out` and `num_classes` mean the same, whichever of them it takes. The mapping is not changed.
        norm_name: Normalisation of the network.
        act_name: Activation of the network.

    Returns:
        The head; `None` where `head_args`, or its `name`, is `None`, or where it says nothing but a width: that is what
        the config's `num_classes` makes of a head which is not mentioned, in BaseCls too.

    Raises:
        UnknownNameError: No head of that name is registered for the active backend.
        OptionError: The head has no such option, or lacks one; what its name stands for makes no module; or `head_args`
            is no mapping, or has options and no `name`.
        FrameworkMismatchError: The class belongs to another framework.

    Source: BaseCls, `build_head`; there a head had to take `norm_name` and `act_name` to be usable at all.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     build_head(512, {"name": "ClsHead", "w_out": 10}).fc
        Linear(in_features=512, out_features=10, bias=True)
    """
    if head_args is None:
        return None
    options = _plain(head_args)
    if "name" not in options:
        _refuse_nameless(options)
    name = options.pop("name", None)
    if name is None:
        return None
    if options.get("w_in", w_in) != w_in:
        message = f"head.w_in is given by the network, {w_in} here; the config says {options['w_in']!r}. Leave it out."
        raise OptionError(message)
    try:
        return _made(name, {**options, "w_in": w_in}, {"norm_name": norm_name, "act_name": act_name})
    except PolyNetError as error:
        error.within("head")
        raise


def _made(name: Any, options: dict[str, Any], defaults: Mapping[str, Any]) -> Any:
    """The head, with those of the network's defaults that its constructor takes and the config has not."""
    head = find_head(name)
    accepted = parameters_of(head)
    _use_synonyms(options, accepted)
    for key, value in defaults.items():
        if _takes(accepted, key) and not _is_refused_further_up(head, key):
            options.setdefault(key, value)
    if not _takes(accepted, "w_in"):
        options.pop("w_in", None)
    check_options(head, options, accepted)
    made = head(**options)
    if made is not None and not isinstance(made, active_backend().native_module_type):
        raise OptionError(_no_module(head, f"gives {made!r:.80}, which is no module of {active_backend().name}"))
    return made


def _refuse_nameless(options: Mapping[str, Any]) -> None:
    """Refuse options that no head would get; a width alone comes of `num_classes` and asks for none."""
    from polynet.registry import HEADS

    given = [key for key in options if key not in _SYNONYMS and key not in _SYNONYMS.values()]
    if given:
        message = (
            f"head has options ({', '.join(map(str, given))}) and no name, so that no head would be made of them. "
            f"head.name is a registered name ({', '.join(HEADS.list())}) or a class; None for no head."
            f"{_nearest_to_name(given)}"
        )
        raise OptionError(message)


def _nearest_to_name(keys: list[str]) -> str:
    return next((f" Is {key!r} meant for it?" for key in keys if suggest(key, ("name", "type"))), "")


def find_head(name: Any) -> Callable[..., Any]:
    """The class or function a head's name stands for on the active backend.

    Raises:
        UnknownNameError: No head of that name is registered for the active backend.
        OptionError: Neither a name nor something that can be called, or a class of no modules.
        FrameworkMismatchError: The class belongs to another framework.
    """
    backend = active_backend()
    if isinstance(name, str):
        from polynet.registry import HEADS

        name = HEADS.get(name, backend=backend)
    if not callable(name):
        message = f"name must be the name of a head, or a class or function, not {name!r}."
        raise OptionError(message)
    _check_framework(name, backend)
    if (
        isinstance(name, type)
        and not isinstance(name, NeutralMeta)
        and not issubclass(name, backend.native_module_type)
    ):
        raise OptionError(_no_module(name, "is a class of no modules"))
    return specialise(name, backend) if isinstance(name, NeutralMeta) else name


def _no_module(head: Any, problem: str) -> str:
    label = getattr(head, "__qualname__", repr(head))
    return f"name must be a registered name, or a class or function that makes a module; {label} {problem}."


def _check_framework(head: Any, backend: Backend) -> None:
    bound = backend_of_class(head)
    if bound is not None and bound != backend.name:
        message = (
            f"Head {head.__qualname__} is written for backend {bound!r} and cannot be part of a network on "
            f"{backend.name!r}. Write it with polynet.nn for both, or register one class for each under one name."
        )
        raise FrameworkMismatchError(message)


def parameters_of(head: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    """What a head's constructor takes, by name."""
    constructor = head.__init__ if isinstance(head, type) else head  # type: ignore[misc]  # any class's own
    try:
        parameters = dict(inspect.signature(constructor).parameters)
    except (TypeError, ValueError):
        return {"options": inspect.Parameter("options", inspect.Parameter.VAR_KEYWORD)}
    if isinstance(head, type):
        parameters.pop(next(iter(parameters), ""), None)
    return parameters


def _takes(accepted: Mapping[str, inspect.Parameter], key: str) -> bool:
    parameter = accepted.get(key)
    if parameter is not None:
        return parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD, parameter.POSITIONAL_ONLY)
    return any(parameter.kind == parameter.VAR_KEYWORD for parameter in accepted.values())


def _is_refused_further_up(head: Callable[..., Any], key: str) -> bool:
    """Whether a class that passes options on (`**`) passes them to a base of its own that lacks this one."""
    if not isinstance(head, type) or key in option_names(head):
        return False
    native = active_backend().native_module_type
    bases = [base for base in head.__mro__ if "__init__" in vars(base) and not issubclass(native, base)]
    constructors = [vars(base)["__init__"] for base in bases if base is not Module]
    kinds = [{each.kind for each in inspect.signature(one).parameters.values()} for one in constructors]
    return not all(inspect.Parameter.VAR_KEYWORD in each for each in kinds)


def _use_synonyms(options: dict[str, Any], accepted: Mapping[str, inspect.Parameter]) -> None:
    """Spell widths as the head's constructor does.

    Raises:
        OptionError: Both spellings are given and differ.
    """
    for usual, other in _SYNONYMS.items():
        if usual in options and other in options and options[usual] != options[other]:
            message = f"{usual} and {other} mean the same and differ: {options[usual]!r}, {options[other]!r}."
            raise OptionError(message)
        wanted, unwanted = (other, usual) if other in accepted and usual not in accepted else (usual, other)
        if unwanted in options and unwanted not in accepted:
            options[wanted] = options.pop(unwanted)


def check_options(
    head: Callable[..., Any], options: Mapping[str, Any], accepted: Mapping[str, inspect.Parameter]
) -> None:
    """Refuse options that a constructor does not take, and the lack of those it needs.

    Raises:
        OptionError: As said; the message names the nearest option.
    """
    label = getattr(head, "__qualname__", repr(head))
    names = [key for key in accepted if _takes(accepted, key)]
    for key in options:
        if not _takes(accepted, key):
            message = f"{label} has no option {key!r}.{suggest(key, names)} Its options are: {', '.join(names)}."
            raise OptionError(message)
    needed = [key for key in names if accepted[key].default is inspect.Parameter.empty and key not in options]
    needed = [key for key in needed if accepted[key].kind != inspect.Parameter.VAR_KEYWORD]
    if needed:
        hint = " Give head.w_out or num_classes." if needed[0] in _SYNONYMS.values() or needed[0] in _SYNONYMS else ""
        message = f"{label} needs {', '.join(map(repr, needed))}.{hint}"
        raise OptionError(message)


def _plain(head_args: Any) -> dict[str, Any]:
    """A copy whose nested mappings and lists a head may change."""
    if not isinstance(head_args, Mapping):
        message = f"head must be a mapping such as {{'name': 'ClsHead'}}, or None, not {head_args!r}."
        raise OptionError(message)
    return {key: _copied(value) for key, value in head_args.items()}


def _copied(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _copied(item) for key, item in value.items()}
    return [_copied(item) for item in value] if isinstance(value, list) else value
