"""A registry: a view of the store that sees one kind, or all of them."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar, cast, overload

from polynet.errors import OptionError, UnknownNameError, suggest
from polynet.registry import store
from polynet.registry.checks import check_target
from polynet.registry.choice import backend_name, backend_of, choose
from polynet.registry.listing import location, matching, natural_order

if TYPE_CHECKING:
    from polynet.backend import Backend

Registrable = TypeVar("Registrable", bound=Callable[..., Any])
Names = str | list[str] | tuple[str, ...]


class Registry:
    """Names of one kind, or of all kinds, and what they stand for.

    Args:
        name: What the registry is called in messages.
        kind: The kind it sees; None for all, networks first.
        scopes: Where `build` looks a bare name up first: with `("mmpretrain",)` `ClsHead` means `mmpretrain.ClsHead`.
            Without any, the spelling of the config decides.
        replace: Register over another object of the same name with a warning, as Scepter does, rather than refuse; and
            over a name that ships, within the first scope.

    Example:
        >>> from polynet.registry import HEADS, temporary
        >>> with temporary():
        ...     @HEADS.register(name="TinyHead")
        ...     class Head: ...
        ...     HEADS.get("TinyHead") is Head
        True
    """

    def __init__(
        self, name: str, kind: str | None = None, *, scopes: tuple[str, ...] = (), replace: bool = False
    ) -> None:
        self.name = name
        self.kind = None if kind is None else store.check_kind(kind)
        self.scopes = scopes
        self.replace = replace

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds this registry sees."""
        return store.KINDS if self.kind is None else (self.kind,)

    @overload
    def register(self, target: Registrable, /, **options: Any) -> Registrable: ...

    @overload
    def register(self, target: Names | None = None, /, **options: Any) -> Callable[[Registrable], Registrable]: ...

    def register(self, target: Any = None, /, **options: Any) -> Any:
        """Register a class or a constructor function: as a decorator, bare or called, or directly.

        Args:
            target: The object itself, or its name (several names: the first and its aliases).
            **options: `name` (default: the object's own), `aliases`, `force` (replace another object of that name),
                `backend` (default: decided by the class; a neutral or plain class serves all), `kind` (for a registry
                of all kinds; default "network"), `module` (the object, as MMEngine spells it).

        Returns:
            The object unchanged, or a decorator.

        Raises:
            DuplicateNameError: Another object has that name. The same module-qualified one (a notebook cell run
                again) is replaced silently.
            OptionError: Not something that can be registered, or a network whose constructor has a parameter `name`.
            UnknownNameError: There is no such kind or backend.

        Example:
            >>> from polynet.registry import NETWORKS, temporary
            >>> with temporary():
            ...     @NETWORKS.register("my_net", aliases=["my-net"])
            ...     def build_net(width=8): ...
            ...     NETWORKS.get("my-net") is build_net
            True
        """
        return self._decorate("register", target, **options)

    @overload
    def register_module(self, target: Registrable, /, **options: Any) -> Registrable: ...

    @overload
    def register_module(self, target: Names | None = None, /, **options: Any) -> Callable[..., Any]: ...

    def register_module(self, target: Any = None, /, **options: Any) -> Any:
        """`register` under its MMEngine name; `register_module(module=cls)` too."""
        return self._decorate("register_module", target, **options)

    @overload
    def register_class(self, target: Registrable, /, **options: Any) -> Registrable: ...

    @overload
    def register_class(self, target: Names | None = None, /, **options: Any) -> Callable[..., Any]: ...

    def register_class(self, target: Any = None, /, **options: Any) -> Any:
        """`register` under its Scepter name; takes classes alone."""
        return self._decorate("register_class", target, **options)

    @overload
    def register_function(self, target: Registrable, /, **options: Any) -> Registrable: ...

    @overload
    def register_function(self, target: Names | None = None, /, **options: Any) -> Callable[..., Any]: ...

    def register_function(self, target: Any = None, /, **options: Any) -> Any:
        """`register` for functions alone."""
        return self._decorate("register_function", target, **options)

    def _decorate(
        self,
        decorator: str,
        target: Any,
        *,
        name: Names | None = None,
        aliases: Iterable[str] = (),
        force: bool = False,
        backend: str | Backend | None = None,
        kind: str | None = None,
        module: Any = None,
        **unknown: Any,
    ) -> Any:
        """What the four public decorators share; `decorator` is the one that was used."""
        if unknown:
            allowed = ("name", "aliases", "force", "backend", "kind", "module")
            given = next(iter(unknown))
            message = f"{decorator} has no option {given!r}; it has {', '.join(allowed)}.{suggest(given, allowed)}"
            raise OptionError(message)
        if isinstance(target, (str, list, tuple)):
            if name is not None:
                message = f"{decorator} was given two names, {target!r} and {name!r}."
                raise OptionError(message)
            name, target = cast("Names", target), None
        if module is not None:
            if target is not None:
                message = f"{decorator} was given two objects, {target!r} and module={module!r}."
                raise OptionError(message)
            target = module
        if isinstance(aliases, str):
            message = f"aliases must be a list of names, not the string {aliases!r}."
            raise OptionError(message)
        add = functools.partial(
            self._add, decorator, name=name, aliases=tuple(aliases), force=force, backend=backend, kind=kind
        )
        return add if target is None else add(target)

    def _add(
        self,
        decorator: str,
        target: Registrable,
        *,
        name: Names | None,
        aliases: tuple[str, ...],
        force: bool,
        backend: str | Backend | None,
        kind: str | None,
    ) -> Registrable:
        """Check one object and store it under its names."""
        kind = self._kind_to_register(kind)
        check_target(target, kind=kind, decorator=decorator)
        given = (name,) if isinstance(name, str) else tuple(name or ())
        if not given:
            given = (getattr(target, "__name__", None),)  # type: ignore[assignment]  # check_name refuses a missing name
        bound_to = backend_of(target, backend)
        keys = [store.Key(kind, store.check_name(one), bound_to) for one in dict.fromkeys((*given, *aliases))]
        if self.replace:
            keys = [self._own_key(key, target) for key in keys]
        store.put(keys, target, force=force or self.replace)
        return target

    def _own_key(self, key: store.Key, target: Any) -> store.Key:
        """The key that a registry which replaces uses: within its scope where the name ships; it warns of either."""
        if store.indexed_module(key.kind, key.name) is not None and self.scopes:
            key = key._replace(name=f"{self.scopes[0]}.{key.name}")
        holder = store.entries().get(key)
        if holder is not None and store.identity(holder) != store.identity(target):
            message = f"The {key.kind} {key.name!r}, {store.identity(holder)}, is replaced by {store.identity(target)}."
            warnings.warn(message, UserWarning, stacklevel=5)
        return key

    def _kind_to_register(self, kind: str | None) -> str:
        if kind is None:
            return self.kind or "network"
        if store.check_kind(kind) not in self.kinds:
            message = f"The registry {self.name!r} holds the kind {self.kind!r}; it cannot register a {kind!r}."
            raise OptionError(message)
        return kind

    def get(self, name: str, backend: str | Backend | None = None) -> Any:
        """What a name stands for, its module imported if need be.

        Args:
            name: The registered name, case and all.
            backend: The backend it is wanted for: its native class is preferred, then the neutral one. Without it the
                neutral one, or the only native one.

        Returns:
            The class or constructor function.

        Raises:
            UnknownNameError: Nothing has that name here, or not for this backend; the message says which backends have
                it or which names lie near. Also where the name belongs to several kinds and none is "network".

        Example:
            >>> from polynet.registry import HEADS, temporary
            >>> with temporary():
            ...     _ = HEADS.register(dict, name="Plain", backend="torch")
            ...     HEADS.get("Plain", "megengine")
            Traceback (most recent call last):
            ...
            polynet.errors.UnknownNameError: The head 'Plain' exists for torch only, not for megengine.
        """
        wanted = None if backend is None else backend_name(backend)
        kinds = self._kinds_of_asked(name)
        for kind in kinds:
            store.import_indexed(kind, name)
        by_kind = {kind: store.registered(kind, name) for kind in kinds}
        usable = [kind for kind in kinds if wanted is None or None in by_kind[kind] or wanted in by_kind[kind]]
        if not usable:
            have = sorted({str(key) for choices in by_kind.values() for key in choices})
            message = f"The {' and '.join(kinds)} {name!r} exists for {' and '.join(have)} only, not for {wanted}."
            raise UnknownNameError(message)
        if len(usable) > 1 and usable[0] != "network":
            message = (
                f"{name!r} is ambiguous among {self.name}: it is a {' and a '.join(usable)}. "
                f"Look it up in the registry of one kind."
            )
            raise UnknownNameError(message)
        return choose(usable[0], name, by_kind[usable[0]], wanted)

    def build(self, config: Any, logger: Any = None, **options: Any) -> Any:
        """Build a component from its config, on the active backend.

        Args:
            config: A mapping in which `name` (or `type`, or `NAME` with upper-case keys) selects the class, by a
                registered name or as the class itself, and the rest are its arguments; or a name or class alone. It is
                not changed.
            logger: Handed to a constructor that takes it, and in any case to be found as the component's `logger`.
            **options: Merged over the config's arguments.

        Returns:
            What the constructor gives. One whose first parameter is called `cfg` is given the whole config as a
            `Config`. Afterwards weights named by `PRETRAINED_MODEL` or `pretrain` are loaded.

        Raises:
            ConfigTypeError: The config is no mapping, name or class.
            ConfigKeyError: The config selects nothing.
            UnknownNameError: Nothing has that name here, or not for the active backend.
            OptionError: The constructor has no such argument, or lacks one.
            ComponentError: The constructor failed; the cause is chained.

        Example:
            >>> from polynet.registry import HEADS
            >>> with polynet.use_backend("torch"):
            ...     head = HEADS.build({"name": "ClsHead", "w_in": 8, "w_out": 2})
            >>> head.fc, head.logger
            (Linear(in_features=8, out_features=2, bias=True), None)
        """
        from polynet.registry.building import build_component

        return build_component(self, config, logger, **options)

    def para_dict(self, name: str) -> dict[str, dict[str, Any]]:
        """What the config of a component may hold: key to its `value` (the default), `description` and `type`.

        Raises:
            UnknownNameError: Nothing has that name here.
        """
        from polynet.registry.template import component_parameters

        return component_parameters(self, name)

    def get_config_template(self, name: str, selector: str | None = None) -> str:
        """A config of a component as commented YAML, which builds as it is; see `polynet.registry.template`.

        Args:
            name: The registered name.
            selector: How the config names the component: `"name"`, `"type"`, or `"NAME"` with upper-case keys; by
                default as this registry's library does.

        Raises:
            UnknownNameError: Nothing has that name here.
        """
        from polynet.registry.template import config_template

        return config_template(self, name, selector)

    def _kinds_of_asked(self, name: object) -> tuple[str, ...]:
        """The kinds that have a name; the plug-ins are asked only where nothing else has it."""
        kinds = self.kinds_of(name)
        if not kinds:
            store.load_plugins()
            kinds = self.kinds_of(name)
        if kinds:
            return kinds
        from polynet.models.other_names import other_name_hint, tag_hint

        what = self.kind or "name"
        known = sorted({key for _, key in store.names(self.kinds)})
        networks = "network" in self.kinds
        theirs = (other_name_hint(name) or tag_hint(name, known)) if networks else ""
        message = f"The {what} {name!r} is not registered in {self.name}.{theirs or suggest(name, known)}"
        elsewhere = [kind for kind, other in store.names(store.KINDS) if other == name]
        if elsewhere:
            message += f" There is a {' and a '.join(elsewhere)} of that name."
        if not known:
            message += " Nothing is registered there yet."
        else:
            message += f" `polynet list{'' if networks else f' --kind {self.kind}'}` lists the names."
        raise UnknownNameError(message)

    def kinds_of(self, name: object) -> tuple[str, ...]:
        """The kinds, of those this registry sees, in which a name is registered; networks first."""
        return tuple(kind for kind in self.kinds if isinstance(name, str) and store.is_known(kind, name))

    def list(
        self,
        pattern: str | Iterable[str] = "*",
        *,
        exclude: str | Iterable[str] = (),
        backend: str | Backend | None = None,
        kind: str | None = None,
    ) -> list[str]:
        """Registered names, in natural order; no model file is imported.

        Args:
            pattern: Wildcards (`*`, `?`, `[ab]`), one or several; a name is listed that fits any. Case counts.
            exclude: Wildcards of names to leave out.
            backend: Only names that have a class for this backend, native or neutral.
            kind: Only names of this kind.

        Example:
            >>> from polynet.registry import NETWORKS, temporary
            >>> with temporary():
            ...     for depth in (101, 18):
            ...         _ = NETWORKS.register(dict, name=f"listed{depth}")
            ...     NETWORKS.list("listed*")
            ['listed18', 'listed101']
        """
        store.load_plugins()
        kinds = self.kinds if kind is None else tuple(k for k in self.kinds if k == store.check_kind(kind))
        wanted = None if backend is None else backend_name(backend)
        found = {
            name
            for (_, name), backends in store.names(kinds).items()
            if wanted is None or None in backends or wanted in backends
        }
        return sorted(matching(found, pattern, exclude), key=natural_order)

    def where(self, name: str) -> str:
        """Where a name is defined, as `path:line`, found without importing it.

        Raises:
            UnknownNameError: It is not registered.
        """
        kind = self._kinds_of_asked(name)[0]
        choices = store.registered(kind, name)
        if choices:
            return location(next(iter(choices.values())))
        return location(f"{store.indexed_module(kind, name)}:{name}")

    def __contains__(self, name: object) -> bool:
        """Whether a name is registered, by any package imported or announced."""
        return bool(self.kinds_of(name))

    def __iter__(self) -> Iterator[str]:
        """The names, in natural order."""
        return iter(self.list())

    def __len__(self) -> int:
        """How many names there are."""
        return len(self.list())

    def __bool__(self) -> bool:
        """A registry is true though it be empty."""
        return True

    def __repr__(self) -> str:
        names = {name for _, name in store.names(self.kinds)}
        return f"<Registry {self.name}: {len(names)} {'name' if len(names) == 1 else 'names'}>"

    def __str__(self) -> str:
        """The names, a kind a line."""
        lines = [f"{kind}: {', '.join(names)}" for kind in self.kinds if (names := self.list(kind=kind))]
        return "\n".join([repr(self), *lines])
