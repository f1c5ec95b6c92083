"""From a config to what builds the network: its name or class, and its keyword arguments.

The rules are those of BaseCls's `build_model` (basecls/models/build.py), made to hold for every spelling PolyNet reads:

* `model.name` selects the network; every other key of `model` is an argument.
* The config's `num_classes`, unless None, fills `model.head.w_out`, unless the head says its width itself (`w_out`,
  or its synonym `num_classes`), is None, or the model has an argument `num_classes` of its own.
* A head that is given without a name, such as the `{"w_out": 10}` that comes of this, is passed on as it is: networks
  merge it into their default head. `build_head`, which has no default, makes none of it.
* `num_classes=0` means no classifier: the head is None, unless the config names one or gives its width.
"""

from __future__ import annotations

import operator
import os
from collections.abc import Mapping
from typing import Any

from polynet.config.limits import check_structure
from polynet.config.normal_form import SELECTORS, check_selector, normalise
from polynet.config.plain import plain
from polynet.config.references import ClassReference, is_class_like
from polynet.config.top_level import check_top_level
from polynet.errors import ConfigError, ConfigTypeError, suggest

SUFFIXES = (".py", ".yaml", ".yml", ".json", ".toml")
WIDTHS = ("w_out", "num_classes")


def model_arguments(
    config: Any, options: Mapping[str, Any] | None = None, *, resolve: bool = True
) -> tuple[Any, dict[str, Any]]:
    """What to construct, and with which arguments.

    Args:
        config: A config with `model`; a model mapping with `name` (or `type`, or `NAME`); a registered name; the path
            of a config file; or a class or constructor function.
        options: Merged over the model's arguments. An option `num_classes` also takes the place of the width that the
            config gives the head, unless the options give a head.
        resolve: Import the classes that the config refers to. Without it they stay `ClassReference`s.

    Returns:
        The name, class or function, and fresh keyword arguments that share no container with the config.

    Raises:
        ConfigError: There is no model, it has no name, or `num_classes` is no number of classes.
        ConfigKeyError: A key beside `model` is `num_classes` or `device` misspelt.
        ConfigTypeError: Something has the wrong type.

    Example:
        >>> model_arguments({"num_classes": 10, "model": {"name": "resnet18", "head": {"dropout_prob": 0.1}}})
        ('resnet18', {'head': {'dropout_prob': 0.1, 'w_out': 10}})
        >>> model_arguments("resnet18", {"num_classes": 10})
        ('resnet18', {'num_classes': 10})
    """
    options = _checked_options(options)
    model, num_classes = _split(config)
    selector = next((key for key in SELECTORS if key in model), "name")
    model = normalise(model)
    name = model.pop("name", None)
    if name is None:
        message = f"Model name is missing: `model.name` says which network to build.{_hint(model, ('name', 'type'))}"
        raise ConfigError(message)
    name = _scoped(name, selector)
    if "head" in model:
        model["head"] = _head(model["head"], selector)
    arguments = _with_options(model, options, selector)
    if "num_classes" not in arguments and num_classes is not None:
        _fill_head(arguments, num_classes)
    elif arguments.get("num_classes") is not None:
        arguments["num_classes"] = _class_count(arguments["num_classes"], "num_classes")
    if resolve:
        return _resolved(name), {key: _resolved(value) for key, value in arguments.items()}
    return name, arguments


def _scoped(name: Any, selector: str) -> Any:
    """A name as the registry has it: `type` is OpenMMLab's word, `NAME` Scepter's, and each has classes of its own."""
    if not isinstance(name, str) or selector == "name":
        return name
    from polynet.registry import MODELS
    from polynet.registry.scopes import registered_name

    return registered_name(MODELS, name, selector)


def _scoped_head(name: Any, selector: str) -> Any:
    """A head's name as the registries have it, since the key that selected it is lost in the normal form."""
    if not isinstance(name, str) or selector == "name":
        return name
    from polynet.registry import HEADS, MODELS
    from polynet.registry.scopes import is_kindless, registered_name

    return registered_name(MODELS if is_kindless(HEADS, name, selector) else HEADS, name, selector)


def _hint(config: Mapping[Any, Any], wanted: tuple[str, ...]) -> str:
    """The end of a message about a missing key: one that may be meant for it."""
    return next((f" Is {key!r} meant for it?" for key in config if suggest(key, wanted)), "")


def _split(config: Any) -> tuple[Any, int | None]:
    """The model's own mapping, and the number of classes that the config gives beside it."""
    if isinstance(config, os.PathLike) or (isinstance(config, str) and config.endswith(SUFFIXES)):
        from polynet.config.files import read

        config = read(config)
    if isinstance(config, str) or (is_class_like(config) and not isinstance(config, Mapping)):
        return {"name": check_selector(config)}, None
    if not isinstance(config, Mapping):
        message = f"A config is a mapping, a registered name, a path or a class, not {type(config).__name__}."
        raise ConfigTypeError(message)
    check_structure(config)
    if "model" not in config and "NAME" not in config and (found := _scepter_model(config)) is not None:
        return found, None
    if "model" not in config:
        if not config.keys() & {"name", "type", "NAME"}:
            hint = _hint(config, ("model", "name", "type"))
            message = f"Model name is missing: the config has neither `model` nor `name`.{hint}"
            raise ConfigError(message)
        return config, None
    check_top_level(config)
    num_classes = config.get("num_classes")
    model = config["model"]
    if isinstance(model, str) or is_class_like(model):
        model = {"name": check_selector(model, "model")}
    if model is None:
        model = {}
    if not isinstance(model, Mapping):
        message = f"`model` is a mapping with `name`, or a name, not {type(model).__name__} {model!r:.80}."
        raise ConfigTypeError(message)
    return model, None if num_classes is None else _class_count(num_classes, "num_classes")


def _scepter_model(config: Mapping[Any, Any]) -> Any:
    """The model of a config of Scepter's, which stands under `MODEL`, often within `SOLVER`; `None` where it has none.

    Raises:
        ConfigTypeError: It is no mapping.
    """
    solver = config.get("SOLVER")
    holder = solver if "MODEL" not in config and isinstance(solver, Mapping) else config
    if "MODEL" not in holder:
        return None
    if not isinstance(holder["MODEL"], Mapping):
        message = f"`MODEL` is a mapping with `NAME`, not {type(holder['MODEL']).__name__} {holder['MODEL']!r:.80}."
        raise ConfigTypeError(message)
    from polynet.config.scepter import read_values

    return read_values(holder["MODEL"])


def given_model(config: Any, options: Mapping[str, Any] | None = None) -> dict[Any, Any]:
    """The model's own mapping as a config has it, its keys as they are written, with options over it; a copy.

    Example:
        >>> given_model({"MODEL": {"NAME": "Net", "DEPTH": 18}}, {"WIDTH": 3})
        {'NAME': 'Net', 'DEPTH': 18, 'WIDTH': 3}
    """
    return {key: plain(value) for key, value in {**_split(config)[0], **(options or {})}.items()}


def _checked_options(options: Mapping[str, Any] | None) -> dict[str, Any]:
    if options is None:
        return {}
    if not isinstance(options, Mapping):
        message = f"The options are a mapping, not {type(options).__name__}."
        raise ConfigTypeError(message)
    check_structure(options)
    for key in options:
        if not isinstance(key, str):
            message = f"The options' keys are names of arguments, not {key!r}."
            raise ConfigTypeError(message)
        if key == "name":
            message = "`name` selects the network and is not an option of it."
            raise ConfigError(message)
    return {key: plain(value) for key, value in options.items()}


def _with_options(model: dict[str, Any], options: dict[str, Any], selector: str) -> dict[str, Any]:
    """The model's arguments with the caller's over them."""
    from polynet.config.merging import merged

    if "head" in options:
        options = {**options, "head": _head(options["head"], selector)}
    elif options.get("num_classes") is not None and isinstance(model.get("head"), dict):
        model = {**model, "head": {key: value for key, value in model["head"].items() if key not in WIDTHS}}
    return merged(model, options)


def _head(head: Any, selector: str) -> dict[str, Any] | None:
    """A head's config in the normal form; None for no head. A name or class alone stands for its config.

    Where model and head are selected by the same key, the head's name is one of the library that spells it so.
    """
    if head is None:
        return None
    if isinstance(head, str) or (is_class_like(head) and not isinstance(head, Mapping)):
        return {"name": check_selector(head, "head")}
    if not isinstance(head, Mapping):
        message = f"`model.head` is a mapping, a name, a class or None, not {type(head).__name__} {head!r:.80}."
        raise ConfigTypeError(message)
    normal = normalise(head)
    if selector in head:
        normal["name"] = _scoped_head(normal["name"], selector)
    for width in WIDTHS:
        if normal.get(width) is not None:
            normal[width] = _class_counts(normal[width], f"model.head.{width}")
    if normal.get("w_out") is not None:
        normal.pop("num_classes", None)
    return normal


def _fill_head(arguments: dict[str, Any], num_classes: int) -> None:
    """Give the head its width, unless it has one or there is to be no head."""
    head = arguments.setdefault("head", {})
    if head is None or any(head.get(width) is not None for width in WIDTHS):
        return
    if num_classes:
        head["w_out"] = num_classes
    elif head.get("name") is None:
        arguments["head"] = None


def _class_counts(value: Any, where: str) -> Any:
    """A number of classes, or one for each of several labels."""
    if isinstance(value, (list, tuple)) and value:
        return [_class_count(each, f"{where}[{place}]") for place, each in enumerate(value)]
    return _class_count(value, where)


def _class_count(value: Any, where: str) -> int:
    """A number of classes."""
    message = f"`{where}` is a number of classes, 0 or more, not {value!r:.80}."
    if isinstance(value, bool):
        raise ConfigTypeError(message)
    try:
        number = operator.index(value)
    except TypeError as error:
        raise ConfigTypeError(message) from error
    if number < 0:
        raise ConfigError(message)
    return number


def _resolved(value: Any) -> Any:
    """A value with every reference in it replaced by the class it names."""
    if isinstance(value, ClassReference):
        return value.resolve()
    if isinstance(value, dict):
        return {key: _resolved(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_resolved(item) for item in value]
    if type(value) is tuple:
        return tuple(_resolved(item) for item in value)
    return value
