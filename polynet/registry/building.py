"""From a component's config to the component: `REGISTRY.build(config)`, and `build_part` for what is inside another.

Three spellings are read (`name`, `type`, `NAME`) and two forms of constructors are called: with keyword arguments, or,
where the first parameter is called `cfg`, with one `Config` (Scepter's form). Whatever goes wrong says which class
could not be built, where in the config, and why.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from polynet.config.normal_form import SELECTORS, normalise
from polynet.config.plain import plain
from polynet.config.references import ClassReference, is_class_like
from polynet.errors import ComponentError, ConfigKeyError, ConfigTypeError, PolyNetError, suggest
from polynet.registry.scopes import inheriting, is_kindless, registered_name
from polynet.registry.store import KINDS, is_added

if TYPE_CHECKING:
    from polynet.registry.view import Registry


def build_component(registry: Registry, config: Any, logger: Any = None, **options: Any) -> Any:
    """What `Registry.build` does; its docstring says it all."""
    if isinstance(config, str) or (is_class_like(config) and not isinstance(config, Mapping)):
        config = {"name": config}
    if not isinstance(config, Mapping):
        message = f"The config of a component is a mapping with `name`, not {type(config).__name__} {config!r:.80}."
        raise ConfigTypeError(message)
    arguments = normalise(config)
    selector = next((key for key in SELECTORS if key in config), None)
    if selector is None or arguments["name"] is None:
        near = next((f" Is {key!r} meant for it?" for key in config if suggest(key, SELECTORS)), "")
        message = f"A component's config needs `name` (or `type`, or `NAME`); it is {_shown(config)}.{near}"
        raise ConfigKeyError(message)
    chosen = arguments.pop("name")
    target = _target(registry, chosen, selector)
    arguments = {key: _resolved(value) for key, value in {**arguments, **plain(options)}.items()}
    with inheriting(registry.scopes):
        if _takes_config(target):
            return _constructed_from_config(target, {**plain(config), **plain(options)}, logger)
        return _constructed(target, arguments, logger)


def build_part(kind: str, config: Any, path: str, *, logger: Any = None, **defaults: Any) -> Any:
    """Build what is inside another component, whose config stands under a key of the outer one's.

    Args:
        kind: The kind wanted: `"backbone"`, `"loss"` … A name that no component of this kind has is looked for among
            all kinds, since OpenMMLab's `MODELS.register_module()` knows no kinds; but, unless a backbone is wanted,
            not among what ships.
        config: Its config, a name or class; the part itself, which is returned as it is; or `None` for none.
        path: The key under which it stands, for messages: they read `head.loss: …`.
        logger: Handed to the component.
        **defaults: Arguments that the config may override, given where the constructor takes them.

    Returns:
        The component, or `None`.

    Raises:
        PolyNetError: As `Registry.build`, with the path in the message.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     build_part("head", {"name": "ClsHead", "w_in": 8, "w_out": 2}, "head").fc
        Linear(in_features=8, out_features=2, bias=True)
    """
    from polynet.registry.view import Registry

    if config is None:
        return None
    if not (isinstance(config, (Mapping, str)) or is_class_like(config)):
        return config
    view = Registry(f"{kind}es" if kind.endswith("s") else f"{kind}s", kind)
    try:
        target = _named(config)
        if isinstance(target, str) and _is_elsewhere(view, target, config):
            view = Registry("models")
        if defaults:
            config = {**defaults_taken(view, config, defaults), **_mapping(config)}
        return build_component(view, config, logger)
    except PolyNetError as error:
        error.within(path)
        raise


def defaults_taken(registry: Registry, config: Any, defaults: Mapping[str, Any]) -> dict[str, Any]:
    """Those of the defaults that the component's constructor has parameters for, spelt as the config spells keys."""
    mapping = _mapping(config)
    selector = next((key for key in SELECTORS if key in mapping), "name")
    target = _target(registry, mapping.get(selector), selector)
    given = {key.lower() if selector == "NAME" else key for key in mapping}
    upper = selector == "NAME"
    accepted = parameters_of(target)
    return {
        key.upper() if upper else key: value
        for key, value in defaults.items()
        if key not in given and (key in accepted or _takes_config(target))
    }


def parameters_of(target: Any) -> dict[str, inspect.Parameter]:
    """What a class's constructor, or a function, takes by name; nothing where it has no signature."""
    try:
        return dict(inspect.signature(target).parameters)
    except (TypeError, ValueError):
        return {}


def _named(config: Any) -> Any:
    mapping = _mapping(config)
    return next((mapping[key] for key in SELECTORS if key in mapping), None)


def _is_elsewhere(registry: Registry, name: str, config: Any) -> bool:
    """Whether what a config calls `name` is to be found among all kinds and not in the registry of one."""
    from polynet.registry.view import Registry

    selector = next((key for key in SELECTORS if key in _mapping(config)), "name")
    if is_kindless(registry, name, selector):
        return True
    everything = Registry("models")
    elsewhere = registered_name(everything, name, selector)
    if registered_name(registry, name, selector) in registry or elsewhere not in everything:
        return False
    # Any module gives features; of a head, a loss and so on more is asked than what ships as another kind has.
    return registry.kind == "backbone" or any(is_added(kind, elsewhere) for kind in KINDS)


def _mapping(config: Any) -> Mapping[str, Any]:
    return config if isinstance(config, Mapping) else {"name": config}


def _target(registry: Registry, chosen: Any, selector: str) -> Any:
    """The class or function that a selector's value stands for, on the active backend if there is one."""
    if isinstance(chosen, ClassReference):
        return chosen.resolve()
    if not isinstance(chosen, str):
        return chosen
    from polynet.backend import active_name

    name = registered_name(registry, chosen, selector)
    return registry.get(name, backend=active_name())


def _takes_config(target: Any) -> bool:
    """Whether a constructor is of Scepter's form: its first parameter is called `cfg`."""
    return next(iter(parameters_of(target)), None) == "cfg"


def construct_whole(target: Any, arguments: Mapping[str, Any], given: Callable[[], Mapping[Any, Any]]) -> Any:
    """Construct a network outside a registry, in the form that its constructor has, and load weights that are named.

    Args:
        target: The class or function.
        arguments: Keyword arguments, in the normal form.
        given: Gives the same as the config has it, with upper-case keys where it writes them; for a constructor that
            takes `cfg`.

    Returns:
        What the constructor gives.
    """
    if _takes_config(target) and "cfg" not in arguments:
        return _constructed_from_config(target, given(), None)
    arguments = dict(arguments)
    weights = _take_weights(target, arguments)
    made = target(**arguments)
    for source in weights:
        _load(made, source)
    return made


def _take_weights(target: Any, arguments: dict[str, Any]) -> list[Any]:
    """Take what names weights out of a component's arguments, unless the constructor asks for it."""
    accepted = parameters_of(target)
    keys = [key for key in ("pretrained_model", "pretrain") if key in arguments and key not in accepted]
    return [source for source in [arguments.pop(key) for key in keys] if source is not None]


def _constructed_from_config(target: Any, config: Mapping[str, Any], logger: Any) -> Any:
    from polynet.config.scepter import ScepterConfig

    resolved = ScepterConfig({key: _resolved(value) for key, value in config.items()})
    accepted = parameters_of(target)
    options = {"logger": logger} if _takes(accepted, "logger") else {}
    made = _called(target, (resolved,), options)
    _give_logger(made, logger)
    weights = config.get("PRETRAINED_MODEL", config.get("pretrained_model"))
    if weights is not None:
        _load(made, weights)
    return made


def _constructed(target: Any, arguments: dict[str, Any], logger: Any) -> Any:
    from polynet.nn.explain import option_names

    weights = _take_weights(target, arguments)
    if logger is not None and "logger" not in arguments and "logger" in option_names(target):
        arguments["logger"] = logger
    made = _called(target, (), arguments)
    _give_logger(made, logger)
    for source in weights:
        _load(made, source)
    return made


def _takes(accepted: Mapping[str, inspect.Parameter], key: str) -> bool:
    return key in accepted or any(each.kind == each.VAR_KEYWORD for each in accepted.values())


def _called(target: Any, arguments: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """Call a constructor; whatever it raises comes out as an error that names it, the cause chained."""
    from polynet.nn.explain import explain_call

    try:
        return target(*arguments, **options)
    except PolyNetError:
        raise
    except MemoryError:
        raise
    except Exception as error:  # a user's constructor may fail in any way
        if isinstance(error, TypeError):
            explain_call(target, arguments, options, error)
        name = getattr(target, "__qualname__", repr(target))
        message = f"{name} could not be built: {type(error).__name__}: {error}{_on_bases(target, error)}"
        raise ComponentError(message) from error


def _on_bases(target: Any, error: Exception) -> str:
    """What to do about a constructor that hands its config on to a framework's own, which takes none."""
    from polynet.backend import backend_of_class

    refused = isinstance(error, TypeError) and "__init__() " in str(error)
    if not refused or not _takes_config(target) or backend_of_class(target) is None:
        return ""
    base = target.__mro__[1]
    return (
        f". Its base {base.__module__}.{base.__qualname__} takes no config: call super().__init__() without arguments, "
        f"or derive from polynet.dialects.scepter.BaseModel, which keeps cfg and logger."
    )


def _give_logger(made: Any, logger: Any) -> None:
    """Let a component have `logger`, if only None: code inside it may ask."""
    if not hasattr(made, "logger"):
        try:
            made.logger = logger
        except AttributeError:
            return  # a frozen component has none, and none of its code asks


def _load(made: Any, source: Any) -> None:
    from polynet.weights.pretrained import load_pretrained

    load_pretrained(made, source)


def _resolved(value: Any) -> Any:
    """A value with every reference in it replaced by the class it names."""
    if isinstance(value, ClassReference):
        return value.resolve()
    if isinstance(value, dict):
        return {key: _resolved(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)) and type(value) in (list, tuple):
        return type(value)(_resolved(item) for item in value)
    return value


def _shown(config: Mapping[Any, Any]) -> str:
    return f"{{{', '.join(f'{key}={config[key]!r:.40}' for key in list(config)[:6])}}}"
