"""What the commands that take a network share."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from polynet.errors import ConfigError, ConfigKeyError, suggest

CONFIG_SUFFIXES = (".py", ".yaml", ".yml", ".json", ".toml")


def read_model(model: str, options: Sequence[str], more_keys: Sequence[str] = ()) -> Any:
    """Read `NAME|CONFIG` and its `KEY=VALUE` options.

    Args:
        model: A registered name, or the path of a config file.
        options: For a name, the model's options: `num_classes=10`, `head.dropout_prob=0.2`. For a file, dotted keys of
            the whole config: `model.head.dropout_prob=0.2`.
        more_keys: Keys that an option may set beside those of the file.

    Returns:
        What `polynet.build` takes. Options of a name become a config: as keyword arguments they could meet those of the
        function that is called, such as `seed`.

    Raises:
        ConfigError: An option has no `=`, or the file is unusable.
        ConfigKeyError: An option of a file is a key that the file has not and building does not read, or a number of
            classes that the head's own hides.
    """
    for option in options:
        if "=" not in option:
            message = f"An option is written KEY=VALUE, not {option!r}."
            raise ConfigError(message)
    from polynet.config import Config

    if Path(model).suffix in CONFIG_SUFFIXES:
        config = Config.fromfile(model)
        for option in options:
            _check_key(option, config, more_keys)
            config.override(option)
        _check_classes(options, config)
        return config
    chosen = Config()
    for option in options:
        chosen.override(option)
    return {**chosen.to_dict(), "name": model} if chosen else model


def read_recipe(model: str, options: Sequence[str]) -> Any:
    """Read `NAME|CONFIG` and its `KEY=VALUE` options as a recipe of training.

    Args:
        model: The path of a config file; or a registered name, which is trained by BaseCls's defaults.
        options: Dotted keys of the whole config: `solver.max_epoch=10`, `model.head.dropout_prob=0.2`.

    Raises:
        ConfigError: An option has no `=`, or the file is unusable.
        ConfigKeyError: An option's key is none of the config's, nor of BaseCls's.
        UnknownNameError: There is no network of that name.
    """
    from polynet.config import Config
    from polynet.config.basecls import BASE
    from polynet.train.faces import RUNNER_KEYS as RUNNER

    if Path(model).suffix in CONFIG_SUFFIXES:
        return read_model(model, options, (*BASE, *RUNNER, "custom_hooks"))
    from polynet.registry import MODELS

    MODELS.get(model, backend="shapes")
    config = Config({**BASE, "model": {"name": model}})
    for option in options:
        if "=" not in option:
            message = f"An option is written KEY=VALUE, not {option!r}."
            raise ConfigError(message)
        _check_key(option, config)
        config.override(option)
    return config


def _check_classes(options: Sequence[str], config: Mapping[Any, Any]) -> None:
    """Refuse a number of classes that changes nothing, since the head in the file has its own."""
    if not any(option.partition("=")[0].strip() == "num_classes" for option in options):
        return
    model = config.get("model")
    head = model.get("head") if isinstance(model, Mapping) else None
    own: Mapping[Any, Any] = head if isinstance(head, Mapping) else {}
    key = next((key for key in ("num_classes", "NUM_CLASSES") if key in own), None)
    if key is not None and own[key] != config["num_classes"]:
        message = (
            f"num_classes={config['num_classes']} does not reach the head, which says {key}={own[key]} itself: "
            f"write model.head.{key}={config['num_classes']}."
        )
        raise ConfigKeyError(message)


def _check_key(option: str, config: Mapping[Any, Any], more_keys: Sequence[str] = ()) -> None:
    """Refuse an option of a config file that would land beside the model, where nothing reads it."""
    from polynet.config.top_level import READ

    key = option.partition("=")[0].strip()
    first = key.partition(".")[0]
    known = [*config, *READ, *more_keys]
    if first not in known and first != "model":
        near = suggest(first, known)
        hint = "" if near else f" An argument of its model is written model.{option}."
        message = f"The config has no key {first!r} to replace.{near}{hint}"
        raise ConfigKeyError(message)


def read_size(text: str | None) -> tuple[int, ...] | None:
    """Read a shape such as `3x224x224`.

    Raises:
        ConfigError: It is none.

    Example:
        >>> read_size("3x32x32")
        (3, 32, 32)
    """
    if text is None:
        return None
    try:
        sizes = tuple(int(ast.literal_eval(part)) for part in text.lower().replace(",", "x").split("x"))
    except (ValueError, SyntaxError, TypeError) as error:
        message = f"A shape is written 3x224x224, not {text!r}."
        raise ConfigError(message) from error
    if any(size < 1 for size in sizes):
        message = f"Every size of a shape is at least 1: {text!r}."
        raise ConfigError(message)
    return sizes
