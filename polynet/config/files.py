"""Reading config files: `.py` (data only), YAML, JSON and TOML, and the bases they name."""

from __future__ import annotations

import collections
import json
import os
import stat
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from polynet.config.limits import MAX_BYTES, check_structure
from polynet.config.merging import merged
from polynet.config.plain import plain
from polynet.errors import ConfigError, ConfigFileError, ConfigTypeError, suggest_file

BASE_KEYS = ("_base_", "_BASE", "_BASE_MODEL", "_BASE_RUN")
"""How MMEngine and Scepter call the files that a file is laid over, the later over the earlier."""


def read(path: str | os.PathLike[str]) -> dict[Any, Any]:
    """Read a config file and everything it is based on. Nothing in it is executed.

    `_base_: other.yaml` (or a list) names files, relative to this one, over which this one is laid; of several bases
    the later one wins. A `.py` file with a `_cfg` is read as BaseCls reads it: over the defaults of the class that
    its `Cfg` derives from. A `.py` file without one is read as MMEngine reads it: its public names are the config, with
    those of the files it imports in `with read_base():`.

    Args:
        path: The file; its ending says what it is.

    Returns:
        A fresh nested dict.

    Raises:
        ConfigFileError: A file is missing, unreadable, not UTF-8, too large, or of an unknown kind.
        ConfigTypeError: What it holds is not a mapping.
        ConfigError: It cannot be read as its kind, or bases lead back to a file; the message gives the place or the
            chain.
    """
    if not isinstance(path, (str, os.PathLike)) or not isinstance(os.fspath(path), str):
        message = f"A config file is given by its path, not by {type(path).__name__} {path!r:.80}."
        raise ConfigTypeError(message)
    result: dict[Any, Any] = plain(_read(Path(path), (), {}))
    return result


def _read(path: Path, chain: tuple[Path, ...], done: dict[Path, dict[Any, Any]]) -> dict[Any, Any]:
    """One file over its bases; `chain` is how it was reached, `done` what was read before."""
    resolved = _resolved(path)
    if resolved in chain:
        way = " -> ".join(str(step) for step in (*chain[chain.index(resolved) :], resolved))
        message = f"The bases of a config lead back to it: {way}."
        raise ConfigError(message)
    if resolved in done:
        return done[resolved]
    try:
        values = _parse(path, read_text(path))
    except RecursionError as error:
        message = f"{path}: nested too deep to be read."
        raise ConfigError(message) from error
    if not isinstance(values, Mapping):
        message = f"{path}: a config file holds a mapping, not {type(values).__name__}."
        raise ConfigTypeError(message)
    try:
        check_structure(values)
        done[resolved] = _over_bases(path, dict(values), (*chain, resolved), done)
        check_structure(done[resolved])
    except ConfigError as error:
        if chain or str(path) in str(error):
            raise
        message = f"{path}: {error}"
        raise type(error)(message) from error
    return done[resolved]


def _over_bases(
    path: Path, values: dict[Any, Any], chain: tuple[Path, ...], done: dict[Path, dict[Any, Any]]
) -> dict[Any, Any]:
    """Lay a file's values over those of the files it names."""
    below: dict[Any, Any] = {}
    for key in BASE_KEYS:
        for base in _base_names(path, key, values.pop(key, ())):
            below = merged(below, _read_base(path, base, chain, done))
    return merged(below, values)


def _read_base(path: Path, base: str, chain: tuple[Path, ...], done: dict[Path, dict[Any, Any]]) -> dict[Any, Any]:
    try:
        return _read(path.parent / base, chain, done)
    except ConfigFileError as error:
        message = f"{path}: its base {base!r} cannot be read: {error}"
        raise ConfigFileError(message) from error


def _base_names(path: Path, key: str, bases: Any) -> list[str]:
    names = [bases] if isinstance(bases, str) else bases
    if not isinstance(names, (list, tuple)) or not all(isinstance(name, str) and name for name in names):
        message = f"{path}: `{key}` is a path or a list of paths, not {bases!r:.80}."
        raise ConfigTypeError(message)
    return list(names)


def _resolved(path: Path) -> Path:
    try:
        return path.resolve()
    except (OSError, ValueError, RuntimeError) as error:
        message = f"{str(path)!r} is no path of a file: {error}"
        raise ConfigFileError(message) from error


def read_text(path: Path) -> str:
    """The text of a regular file of bearable size.

    Raises:
        ConfigFileError: It is missing, unreadable, no regular file, too large or not UTF-8.
    """
    try:
        with path.open("rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                message = f"{path} is not a regular file."
                raise ConfigFileError(message)
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError as error:
        message = f"There is no config file {path}.{_suggest_file(path)}"
        raise ConfigFileError(message) from error
    except ConfigFileError:
        raise
    except (OSError, ValueError) as error:
        message = f"The config file {path} cannot be read: {error}"
        raise ConfigFileError(message) from error
    if len(data) > MAX_BYTES:
        message = f"The config file {path} is larger than {MAX_BYTES} bytes."
        raise ConfigFileError(message)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        message = f"{path}:{line}: the file is not UTF-8 text: {error.reason}."
        raise ConfigFileError(message) from error


def _suggest_file(path: Path) -> str:
    try:
        return suggest_file(path.name, (other.name for other in path.parent.iterdir()))
    except OSError:
        return ""


def _parse(path: Path, text: str) -> Any:
    """The data in a file's text."""
    parsers = {".py": _python, ".yaml": _yaml, ".yml": _yaml, ".json": _json, ".toml": _toml}
    parser = parsers.get(path.suffix.lower())
    if parser is None:
        message = f"A config file ends in {', '.join(parsers)}; {path} does not."
        raise ConfigFileError(message)
    return parser(path, text)


def _python(path: Path, text: str) -> Any:
    from polynet.config.python_file import read_python

    return read_python(text, str(path))


def _yaml(path: Path, text: str) -> Any:
    import yaml

    from polynet.config.yaml_schema import Loader

    try:
        values = yaml.load(text, Loader=Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f":{mark.line + 1}:{mark.column + 1}" if mark else ""
        message = f"{path}{place}: not YAML: {error.problem or error.context}."
        raise ConfigError(message) from error
    except (yaml.YAMLError, ValueError, TypeError, LookupError, AttributeError) as error:
        # PyYAML lets errors of its own scanning and converting escape for some texts.
        message = f"{path}: not YAML: {error}"
        raise ConfigError(message) from error
    return {} if values is None else values


def _json(path: Path, text: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_object)
    except json.JSONDecodeError as error:
        message = f"{path}:{error.lineno}:{error.colno}: not JSON: {error.msg}."
        raise ConfigError(message) from error
    except ValueError as error:
        message = f"{path}: not JSON: {error}"
        raise ConfigError(message) from error


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object in which every key is given once."""
    values = dict(pairs)
    if len(values) < len(pairs):
        counts = collections.Counter(key for key, _ in pairs)
        twice = next(key for key, count in counts.items() if count > 1)
        message = f"the key {twice!r} is given twice."
        raise ValueError(message)
    return values


def _toml(path: Path, text: str) -> Any:
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib

    try:
        return _without_dates(tomllib.loads(text))
    except ValueError as error:
        message = f"{path}: not TOML: {error}."
        raise ConfigError(message) from error


def _without_dates(value: Any) -> Any:
    """TOML's dates and times as the text they were, so that every format gives the same kinds of values."""
    if isinstance(value, dict):
        return {key: _without_dates(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_dates(item) for item in value]
    return value.isoformat() if hasattr(value, "isoformat") else value
