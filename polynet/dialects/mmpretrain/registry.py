"""MMPretrain's one registry of everything, and those of what is no part of a network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from polynet.data.registry import AUGMENTS as BATCH_AUGMENTS
from polynet.registry import METRICS as METRICS
from polynet.registry import Registry
from polynet.registry.scopes import registered_name

if TYPE_CHECKING:
    from polynet.backend import Backend

__all__ = ["BATCH_AUGMENTS", "METRICS", "MODELS", "KindlessRegistry"]

SCOPE = "mmpretrain"


class KindlessRegistry(Registry):
    """A registry of all kinds into which classes are registered without saying their kind.

    A class registered here comes before one that ships under the same name, in every config with `type`; a second class
    of a name is refused unless `force=True`.
    """

    def _add(
        self, decorator: str, target: Any, *, name: Any, aliases: tuple[str, ...], kind: str | None, **options: Any
    ) -> Any:
        given = (name,) if isinstance(name, str) else tuple(name or ())
        given = given or (getattr(target, "__name__", None),)
        if kind is None:
            aliases = (*aliases, *(f"{SCOPE}.{one}" for one in (*given, *aliases)))
        return super()._add(decorator, target, name=given, aliases=aliases, kind=kind, **options)

    def get(self, name: str, backend: str | Backend | None = None) -> Any:
        """What a name stands for in MMPretrain; see `Registry.get`."""
        return super().get(registered_name(self, name) if isinstance(name, str) else name, backend)


MODELS = KindlessRegistry("models", scopes=(SCOPE,))
