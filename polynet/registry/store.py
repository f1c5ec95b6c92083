"""The one store behind all registries: what is registered, what is indexed but not yet imported, and the lock.

Two layers hold the entries. What an indexed module registers under its own indexed names is *built in* and stays for
the life of the process, because a module is imported once. Everything else lies above it, and can be put back.
"""

from __future__ import annotations

import contextlib
import importlib
import sys
import threading
import warnings
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from polynet.errors import ConfigTypeError, DuplicateNameError, OptionError, UnknownNameError, suggest

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

KINDS = ("network", "backbone", "neck", "head", "loss", "metric", "tokenizer", "tuner", "target")
ENTRY_POINT_GROUP = "polynet.models"

Index = Mapping[str, Mapping[str, Iterable[str]]]


class Key(NamedTuple):
    """Where an entry is kept; `backend` is None for a neutral class or function."""

    kind: str
    name: str
    backend: str | None


class BuiltIn(NamedTuple):
    """An entry registered by the module which the index announces for its name."""

    module: str
    target: Any


_lock = threading.RLock()
_built_in: dict[Key, BuiltIn] = {}
_added: dict[Key, Any] = {}
_indexed: dict[tuple[str, str], str] = {}
_loaded_sources: set[str] = set()


def check_kind(kind: object) -> str:
    """Return a kind unchanged.

    Raises:
        UnknownNameError: There is no such kind.
    """
    if isinstance(kind, str) and kind in KINDS:
        return kind
    message = f"There is no kind {kind!r}; the kinds are {', '.join(KINDS)}.{suggest(kind, KINDS)}"
    raise UnknownNameError(message)


def identity(target: object) -> str:
    """The name a class or function is known by across re-executions of its definition: module and qualified name."""
    return f"{getattr(target, '__module__', '?')}:{getattr(target, '__qualname__', repr(target))}"


def add_index(index: Index) -> None:
    """Announce names that modules will register when imported, without importing them.

    Args:
        index: `{kind: {module: (name, …)}}`. A third-party package may pass its own, or point an entry point of the
            group `polynet.models` at such a mapping.

    Raises:
        ConfigTypeError: It is not such a mapping.
        UnknownNameError: It names a kind that does not exist.
        DuplicateNameError: A name is already announced for another module. Nothing is then added.

    Example:
        >>> from polynet.registry import HEADS, temporary
        >>> with temporary():
        ...     add_index({"head": {"my_package.heads": ("MyHead",)}})
        ...     "MyHead" in HEADS
        True
    """
    new: dict[tuple[str, str], str] = {}
    with _lock:
        _load_own_index()
        for kind, name, module in _index_rows(index):
            known = new.get((kind, name), _indexed.get((kind, name), module))
            if known != module:
                message = f"The {kind} {name!r} is announced by module {known} already; {module} cannot announce it."
                raise DuplicateNameError(message)
            new[(kind, name)] = module
        _indexed.update(new)


def _index_rows(index: Index) -> Iterator[tuple[str, str, str]]:
    """Every (kind, name, module) of an index, its form checked."""
    if not isinstance(index, Mapping):
        message = f"An index is a mapping {{kind: {{module: (names…)}}}}, not {type(index).__name__}."
        raise ConfigTypeError(message)
    for kind, modules in index.items():
        check_kind(kind)
        if not isinstance(modules, Mapping):
            message = f"The index of kind {kind!r} must map modules to names, not be {type(modules).__name__}."
            raise ConfigTypeError(message)
        for module, names in modules.items():
            if isinstance(names, str) or not isinstance(names, Iterable) or not isinstance(module, str):
                message = f"The index of kind {kind!r} must map a module's name to a tuple of names, at {module!r}."
                raise ConfigTypeError(message)
            for name in names:
                yield kind, check_name(name), module


def check_name(name: object) -> str:
    """Return a name unchanged.

    Raises:
        OptionError: It is not a string, is empty, or has blanks at its ends.
    """
    if isinstance(name, str) and name and name == name.strip():
        return name
    message = f"A registered name must be a string that is not empty and has no blanks at its ends, not {name!r}."
    raise OptionError(message)


def _load_own_index() -> None:
    """Read the index of what ships with PolyNet, once."""
    if "polynet" in _loaded_sources:
        return
    _loaded_sources.add("polynet")
    from polynet.models.index import INDEX

    for kind, name, module in _index_rows(INDEX):
        _indexed[(kind, name)] = module


def load_plugins() -> None:
    """Read the entry points of the group `polynet.models`, once: each an index, or a module that registers on import.

    A plug-in that fails is reported as a warning: one broken package must not take the others' names away.
    """
    with _lock:
        if "plug-ins" in _loaded_sources:
            return
        _loaded_sources.add("plug-ins")
    import importlib.metadata

    # Outside the lock: a thread that imports a plug-in holds its import lock while it registers.
    for point in importlib.metadata.entry_points(group=ENTRY_POINT_GROUP):
        _load_plugin(point)


def _load_plugin(point: EntryPoint) -> None:
    try:
        found = point.load()
        if isinstance(found, Mapping):
            add_index(found)
    except Exception as error:  # noqa: BLE001 - a plug-in may fail in any way
        message = f"The plug-in {point.name!r} ({point.value}) of group {ENTRY_POINT_GROUP} was left out: {error}"
        warnings.warn(message, RuntimeWarning, stacklevel=2)


def indexed_module(kind: str, name: str) -> str | None:
    """The module announced for a name, if any."""
    with _lock:
        _load_own_index()
        return _indexed.get((kind, name))


def import_indexed(kind: str, name: str) -> None:
    """Import the module announced for a name, unless what it registers is here already.

    Raises:
        UnknownNameError: The module was imported and did not register the name.
    """
    module = indexed_module(kind, name)
    if module is None or _built_in_as(kind, name):
        return
    # Outside the lock: another thread may be importing this module and waiting to register.
    importlib.import_module(module)
    with _lock:
        if not registered(kind, name):
            message = f"Module {module} is announced to register the {kind} {name!r}, and does not."
            raise UnknownNameError(message)


def entries() -> dict[Key, Any]:
    """Everything imported and registered, the upper layer over the built-in one."""
    with _lock:
        _load_own_index()
        return _live() | _added


def registered(kind: str, name: str) -> dict[str | None, Any]:
    """What is imported and registered under one name, by backend; None is all of them."""
    with _lock:
        _load_own_index()
        added = {key.backend: target for key, target in _added.items() if key[1] == name and key[0] == kind}
        return _built_in_as(kind, name) | added


def _built_in_as(kind: str, name: str) -> dict[str | None, Any]:
    """What is built in under one name, by backend. It is looked up several times a build, and so not among `_live`."""
    with _lock:
        module = _indexed.get((kind, name))
        return {
            key.backend: own.target
            for key, own in _built_in.items()
            if key[1] == name and key[0] == kind and own.module == module
        }


def _live() -> dict[Key, Any]:
    """The built-in entries that the index, as it is now, announces."""
    with _lock:
        return {key: own.target for key, own in _built_in.items() if _indexed.get((key.kind, key.name)) == own.module}


def is_known(kind: str, name: str) -> bool:
    """Whether a name is imported or announced for a kind; what is built in is always announced."""
    with _lock:
        _load_own_index()
        return (kind, name) in _indexed or any(key[:2] == (kind, name) for key in _added)


def is_added(kind: str, name: str) -> bool:
    """Whether someone registered a name, beside or over what ships."""
    with _lock:
        return any(key[:2] == (kind, name) for key in _added)


def names(kinds: Iterable[str]) -> dict[tuple[str, str], set[str | None]]:
    """Every (kind, name) of these kinds, imported or announced, with the backends it is for; None is all of them."""
    wanted = set(kinds)
    with _lock:
        found: dict[tuple[str, str], set[str | None]] = {}
        for key in entries():
            if key.kind in wanted:
                found.setdefault((key.kind, key.name), set()).add(key.backend)
        imported = {key[:2] for key in _live()}
        for kind, name in _indexed:
            if kind in wanted and (kind, name) not in imported:
                found.setdefault((kind, name), set()).add(None)
        return found


def put(keys: Iterable[Key], target: Any, *, force: bool) -> None:
    """Store one class or function under several keys, or under none of them.

    Raises:
        DuplicateNameError: Another object holds one of the keys, and `force` is not set.
    """
    keys = list(keys)
    with _lock:
        _load_own_index()
        sources = {key: _announcing_module(key, target) for key in keys}
        if not force:
            for key in keys:
                _refuse_taken(key, target, own=sources[key] is not None)
        for key, module in sources.items():
            if module is not None:
                _built_in[key] = BuiltIn(module, target)
            else:
                _added[key] = target


def _announcing_module(key: Key, target: Any) -> str | None:
    """The module announced for this key, if it registers it now: it defines the object, or is being run."""
    module = _indexed.get((key.kind, key.name))
    if module is None:
        return None
    specification = getattr(sys.modules.get(module), "__spec__", None)
    if getattr(target, "__module__", None) == module or getattr(specification, "_initializing", False):
        return module
    return None


def _refuse_taken(key: Key, target: Any, *, own: bool) -> None:
    """Raise where another object holds a key. An indexed module never clashes with what was forced over its names."""
    holder = (_live() if own else entries()).get(key)
    if holder is not None:
        taken_by = None if identity(holder) == identity(target) else identity(holder)
    else:
        announced = None if own or key.backend is not None else _indexed.get((key.kind, key.name))
        taken_by = announced and f"{announced}, which ships it"
    if taken_by:
        backend = f" for {key.backend}" if key.backend else ""
        message = (
            f"The {key.kind} name {key.name!r}{backend} is taken by {taken_by}; {identity(target)} was not registered. "
            f"Give it another name (name=…), or replace the other with force=True."
        )
        raise DuplicateNameError(message)


@contextlib.contextmanager
def temporary() -> Iterator[None]:
    """Undo every registration and announcement made inside a `with` block, for tests and notebooks.

    Example:
        >>> from polynet.registry import NETWORKS
        >>> with temporary():
        ...     _ = NETWORKS.register(lambda **options: None, name="brief")
        >>> "brief" in NETWORKS
        False
    """
    load_plugins()  # what they announce must outlast the block
    with _lock:
        _load_own_index()
        added, indexed = dict(_added), dict(_indexed)
    try:
        yield
    finally:
        with _lock:
            _added.clear()
            _added.update(added)
            _indexed.clear()
            _indexed.update(indexed)
