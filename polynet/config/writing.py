"""Writing configs as YAML or JSON."""

from __future__ import annotations

import contextlib
import enum
import json
import os
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from polynet.config.limits import check_structure
from polynet.config.references import ClassReference
from polynet.errors import ConfigError, ConfigFileError, ConfigTypeError

FORMATS = ("yaml", "json")


def dump(config: Mapping[Any, Any], path: str | os.PathLike[str] | None = None, format: str | None = None) -> str:
    """Write a config as text.

    Tuples and sets become lists, and a class or function becomes the string `"module:Name"`. Strings that would be
    read back as something else are quoted.

    Args:
        config: What to write.
        path: A file to write as well. It appears whole or not at all: a reader never sees half of it.
        format: `"yaml"` or `"json"`; by default what the path's ending says, else YAML.

    Returns:
        The text.

    Raises:
        ConfigTypeError: A value cannot be written, such as a tensor; the message says where it is.
        ConfigError: The format is unknown.
        ConfigFileError: The file cannot be written.

    Example:
        >>> print(dump({"name": "resnet18", "sizes": (224, 224), "lr": "1e-3"}), end="")
        name: resnet18
        sizes:
        - 224
        - 224
        lr: '1e-3'
    """
    if format is None:
        suffix = Path(path).suffix.lower() if path is not None else ""
        format = {"": "yaml", ".yml": "yaml"}.get(suffix, suffix.removeprefix("."))
    if format not in FORMATS:
        message = f"A config is written as {' or '.join(FORMATS)}, not {format!r}."
        raise ConfigError(message)
    check_structure(config)
    data = _writable(config, ())
    text = _yaml(data) if format == "yaml" else json.dumps(data, indent=2) + "\n"
    if path is not None:
        _write_atomically(Path(path), text)
    return text


def _writable(value: Any, path: tuple[str, ...]) -> Any:
    """A value in what every format can hold."""
    if value is None or type(value) in (bool, int, float, str):
        return value
    if isinstance(value, Mapping):
        return {key: _writable(item, (*path, str(key))) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_writable(item, (*path, str(number))) for number, item in enumerate(value)]
    if isinstance(value, (set, frozenset)):
        return [_writable(item, path) for item in sorted(value, key=lambda item: (type(item).__name__, repr(item)))]
    if isinstance(value, ClassReference):
        return value.path
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if callable(value) and hasattr(value, "__qualname__"):
        return f"{value.__module__}:{value.__qualname__}"
    if isinstance(value, enum.Enum):
        return _writable(value.value, path)
    for kind in (int, float, str):
        if isinstance(value, kind):
            return kind(value)  # what derives from them, such as numpy's float64
    if hasattr(value, "tolist") and getattr(value, "ndim", None) == 0:  # a numpy scalar
        return _writable(value.tolist(), path)
    place = f" at {'.'.join(path)!r}" if path else ""
    message = f"A {type(value).__module__}.{type(value).__qualname__} cannot be written to a config{place}."
    raise ConfigTypeError(message)


def _yaml(data: Any) -> str:
    import yaml

    from polynet.config.yaml_schema import Dumper

    try:
        return str(yaml.dump(data, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=120))
    except yaml.YAMLError as error:
        message = f"The config cannot be written as YAML: {error}"
        raise ConfigError(message) from error


def _write_atomically(path: Path, text: str) -> None:
    """Write beside the file, then put the whole in its place."""
    try:
        path = path.resolve()
        beside = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}.part")
        try:
            with beside.open("x", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            beside.replace(path)
        finally:
            with contextlib.suppress(OSError):
                beside.unlink()
    except (OSError, ValueError) as error:
        message = f"The config could not be written to {path}: {error}"
        raise ConfigFileError(message) from error
