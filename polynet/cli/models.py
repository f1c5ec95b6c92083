"""What the commands that take a network share."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from polynet.errors import ConfigError, ConfigKeyError, suggest


def read_model(model: str, options: Sequence[str]) -> tuple[Any, dict[str, Any]]:
    """Read `NAME|CONFIG` and its `KEY=VALUE` options.

    Args:
        model: A registered name, or the path of a config file.
        options: For a name, the model's options: `num_classes=10`, `head.dropout_prob=0.2`. For a file, dotted keys of
            the whole config: `model.head.dropout_prob=0.2`.

    Returns:
        What `polynet.build` takes, and its keyword arguments.

    Raises:
        ConfigError: An option has no `=`, or the file is unusable.
        ConfigKeyError: An option of a file is a key that the file has not and building does not read.
    """
    for option in options:
        if "=" not in option:
            message = f"An option is written KEY=VALUE, not {option!r}."
            raise ConfigError(message)
    from polynet.config import Config

    if Path(model).suffix in (".py", ".yaml", ".yml", ".json", ".toml"):
        config = Config.fromfile(model)
        for option in options:
            _check_key(option, config)
            config.override(option)
        return config, {}
    chosen = Config()
    for option in options:
        chosen.override(option)
    return model, chosen.to_dict()


def _check_key(option: str, config: Mapping[Any, Any]) -> None:
    """Refuse an option of a config file that would land beside the model, where nothing reads it."""
    from polynet.config.top_level import READ

    key = option.partition("=")[0].strip()
    first = key.partition(".")[0]
    if first not in config and first != "model" and first not in READ:
        message = (
            f"The config has no key {first!r} to replace.{suggest(first, [*config, *READ])} "
            f"An argument of its model is written model.{option}."
        )
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
