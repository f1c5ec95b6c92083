"""Scopes: one name that means different classes to different libraries.

MMPretrain's `ClsHead` takes a loss and BaseCls's takes a width; Scepter's `ResNet` gives a map and MMPretrain's a tuple
of maps. Such a class is registered under a scoped name too, `mmpretrain.ClsHead`, which may be written anywhere. A bare
name is looked up in the scope of the registry that is asked; or else in that of the registry which is building what
asks; or else in that of the spelling: `type` is OpenMMLab's and `NAME` is Scepter's. What a user registered comes
before what ships.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar
from typing import TYPE_CHECKING

from polynet.registry import store

if TYPE_CHECKING:
    from polynet.registry.view import Registry

SCOPES_OF_SELECTORS: dict[str, tuple[str, ...]] = {"name": (), "type": ("mmpretrain",), "NAME": ("scepter",)}

_INHERITED: ContextVar[tuple[str, ...]] = ContextVar("polynet_inherited_scopes", default=())


@contextlib.contextmanager
def inheriting(scopes: tuple[str, ...]) -> Iterator[None]:
    """Look bare names up in these scopes first, inside a `with` block, where a registry has none of its own."""
    token = _INHERITED.set(scopes or _INHERITED.get())
    try:
        yield
    finally:
        _INHERITED.reset(token)


def registered_name(registry: Registry, name: str, selector: str = "name") -> str:
    """The name under which a registry knows what a config calls `name`; the name itself where it is unknown.

    Args:
        registry: The registry asked; its own scopes come before those of the spelling.
        name: The name in the config.
        selector: The key it stood under.

    Example:
        >>> from polynet.registry import HEADS, temporary
        >>> with temporary():
        ...     _ = HEADS.register(dict, name="mmpretrain.Scoped")
        ...     registered_name(HEADS, "Scoped", "type"), registered_name(HEADS, "Scoped", "name")
        ('mmpretrain.Scoped', 'Scoped')
    """
    candidates = _candidates(registry, name, selector)
    for candidate in candidates:
        if any(store.is_added(kind, candidate) for kind in registry.kinds):
            return candidate
    return next((candidate for candidate in candidates if candidate in registry), name)


def is_kindless(registry: Registry, name: str, selector: str = "name") -> bool:
    """Whether a user registered a name in a dialect whose registry knows no kinds, and none of a registry's own kind.

    OpenMMLab's `MODELS.register_module()` takes backbones, heads and whole networks alike. What was registered so is
    kept under its scoped name as a network, and comes before what ships under that name as a part.

    Args:
        registry: The registry of one kind.
        name: The name in the config.
        selector: The key it stood under.
    """
    candidates = _candidates(registry, name, selector)
    if any(store.is_added(kind, candidate) for candidate in candidates for kind in registry.kinds):
        return False
    return any("." in candidate and store.is_added("network", candidate) for candidate in candidates)


def _candidates(registry: Registry, name: str, selector: str) -> list[str]:
    """The registered names that a name may stand for, the likeliest first."""
    scopes = registry.scopes or _INHERITED.get() or SCOPES_OF_SELECTORS.get(selector, ())
    return [*(f"{scope}.{name}" for scope in scopes), name]
