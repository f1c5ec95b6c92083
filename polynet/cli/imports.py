"""`--import`: modules of the user's own, imported so that what they register is known to a command."""

from __future__ import annotations

import contextlib
import difflib
import importlib
import importlib.util
import re
import sys
from collections.abc import Iterator, Sequence
from importlib.machinery import SourceFileLoader
from pathlib import Path

from polynet.backend import get_backend
from polynet.errors import ConfigError, ConfigFileError, UnknownNameError

_NEAR = re.compile(r"'([^']+)' is not registered in .*?Did you mean '([^']+)'", re.DOTALL)
_SLIP = 0.9
"""How alike, as `difflib` counts, a name must be to one that is known to be taken for a slip."""

HINT = "If a module of your own registers or holds it, name that module or its file: --import my_module."


@contextlib.contextmanager
def imported(names: Sequence[str], config: str | None = None, backends: Sequence[str] = ()) -> Iterator[None]:
    """Import modules, and let them and the config import their neighbours while the block runs.

    A module is looked for where Python looks, then in the current directory, then in the config's: what is installed
    is never hidden by a file that happens to lie there.

    Args:
        names: Modules (`my_package.nets`) or files (`nets/mine.py`).
        config: The config's path, if there is one; any other text is taken for a registered name.
        backends: Backends that the command needs anyway. They are loaded first, since their adapters know how to import
            a framework without the notices that a module which imports it itself would have printed.

    Raises:
        BackendError: A backend is unknown, not installed, or cannot work here.
        ConfigFileError: There is no such file.
        ConfigError: A module is not found, or fails while it is imported; its own error is the cause.
    """
    if not names:
        yield
        return
    for backend in backends:
        get_backend(backend)
    folders = [Path.cwd()]
    if config is not None and Path(config).is_file():
        folders.append(Path(config).resolve().parent)
    files = [_found(name, folders) for name in names if name.endswith(".py")]
    places = [str(folder) for folder in (*folders, *(file.parent for file in files))]
    sys.path.extend(places)
    try:
        for name in names:
            if name.endswith(".py"):
                _import_file(name, _found(name, folders))
            else:
                _import_module(name, folders)
        yield
    finally:
        for place in places:
            _drop_last(place)


def explained(error: Exception) -> str:
    """An error's message, with a word on `--import` where a name or a module was not found."""
    missing = isinstance(error, UnknownNameError) and "is not registered in" in str(error)
    if (missing and not _is_slip(str(error))) or isinstance(error.__cause__, ModuleNotFoundError):
        return f"{str(error).rstrip('.')}{'' if str(error).endswith('?') else '.'} {HINT}"
    return str(error)


def _is_slip(message: str) -> bool:
    """Whether a name that was not found is a slip, or another library's, so that no module of one's own has it."""
    near = _NEAR.search(message)
    return ": build '" in message or (
        near is not None and difflib.SequenceMatcher(None, near[1], near[2]).ratio() >= _SLIP
    )


def _drop_last(place: str) -> None:
    """Take a place off Python's path: the last of its like, since it was added at the end."""
    if place in sys.path:
        del sys.path[len(sys.path) - 1 - sys.path[::-1].index(place)]


def _import_module(name: str, folders: Sequence[Path]) -> None:
    if not all(part.isidentifier() for part in name.split(".")):
        message = f"--import takes a module such as my_package.nets, or a file such as nets/mine.py, not {name!r}."
        raise ConfigError(message)
    try:
        importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{name}.".startswith(f"{error.name}."):
            raise _failed(name, error) from error
        message = (
            f"--import {name}: there is no module {error.name!r}, neither installed nor in "
            f"{' or '.join(map(str, dict.fromkeys(folders)))}."
        )
        raise ConfigError(message) from error
    except (Exception, SystemExit) as error:  # a user's module may fail in any way
        raise _failed(name, error) from error


def _found(name: str, folders: Sequence[Path]) -> Path:
    """The first file of that name."""
    found = next((folder / name for folder in folders if (folder / name).is_file()), None)
    if found is None:
        message = f"--import {name}: there is no such file in {' or '.join(map(str, dict.fromkeys(folders)))}."
        raise ConfigFileError(message)
    return found.resolve()


def _import_file(name: str, path: Path) -> None:
    """Import a file as the module it would be for its neighbours, so that a config which imports it gets this one."""
    present = sys.modules.get(path.stem)
    if present is not None:
        if getattr(present, "__file__", None) == str(path):
            return
        message = f"--import {name}: a module called {path.stem!r} is there already; give the file another name."
        raise ConfigError(message)
    loader = SourceFileLoader(path.stem, str(path))
    specification = importlib.util.spec_from_file_location(path.stem, path, loader=loader)
    assert specification is not None, "a loader was given"
    module = importlib.util.module_from_spec(specification)
    sys.modules[path.stem] = module
    try:
        loader.exec_module(module)
    except (Exception, SystemExit) as error:  # a user's module may fail in any way
        del sys.modules[path.stem]
        raise _failed(name, error) from error


def _failed(name: str, error: BaseException) -> ConfigError:
    return ConfigError(f"--import {name} failed: {type(error).__name__}: {error}")
