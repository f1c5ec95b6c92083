"""Named variants: a row of options under which a network class is known."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Mapping
from typing import Any

from polynet.errors import OptionError, suggest
from polynet.models.heads.build import find_head, parameters_of
from polynet.registry.view import Registry


class Variant:
    """A constructor function made from a network class and a row of options; see `variant`."""

    def __init__(
        self, name: str, module: str, network: Callable[..., Any], row: Mapping[str, Any], doc: str | None
    ) -> None:
        self.network = network
        self.row = dict(row)
        self.__name__ = self.__qualname__ = name
        self.__module__ = module
        self.__doc__ = doc or f"{network.__name__}({', '.join(f'{k}={_shown(v)}' for k, v in row.items())})."
        self.__signature__ = _signature(network, self.row)

    def __call__(self, **options: Any) -> Any:
        """Build the network, `options` merged over the row: mappings key by key, anything else as a whole.

        Raises:
            OptionError: The network has no such option.
        """
        parameters = self.__signature__.parameters
        for key in options:
            if key not in parameters:
                from polynet.models.common_options import unknown_option

                known = unknown_option(self.network, key, list(parameters))
                message = f"{self.__name__} has no option {key!r}.{known}"
                raise OptionError(message)
        merged = merge(self.row, options)
        _drop_inherited(merged, self.row.get("head"), options.get("head"))
        return self.network(**merged)

    def __reduce__(self) -> str:
        """Pickle by name, as functions do."""
        return self.__qualname__

    def __repr__(self) -> str:
        return f"<variant {self.__module__}.{self.__name__}{self.__signature__}>"


def variant(
    registry: Registry,
    name: str,
    network: Callable[..., Any],
    *,
    base: Variant | None = None,
    doc: str | None = None,
    module: str | None = None,
    **row: Any,
) -> Any:
    """Register a constructor function under a name, and return it.

    Args:
        registry: Where it is registered.
        name: Its name; assign the result to a module-level variable of the same name, so that it pickles.
        network: The class it builds.
        base: A variant whose row this one extends.
        doc: Its docstring; its row by default.
        module: The module that holds the result; the caller's by default.
        **row: Options of `network`.

    Returns:
        A function that takes the network's options by keyword and merges them into the row, recursively.

    Raises:
        OptionError: The row has an option that the network has not.

    Example:
        >>> from polynet.models.networks.resnet import resnet18
        >>> with polynet.use_backend("torch"):
        ...     resnet18(head={"dropout_prob": 0.5}, num_classes=10).head.fc
        Linear(in_features=512, out_features=10, bias=True)
    """
    home = module or sys._getframe(1).f_globals["__name__"]
    made = Variant(name, home, network, merge(base.row, row) if base else row, doc)
    registry.register(made, name=name)
    return made


def merge(row: Mapping[str, Any], options: Mapping[str, Any]) -> dict[str, Any]:
    """A new mapping: `options` over `row`, recursively where both sides are mappings; `None` replaces a mapping.

    Example:
        >>> merge({"head": {"name": "ClsHead"}, "depth": 1}, {"head": {"w_out": 10}})
        {'head': {'name': 'ClsHead', 'w_out': 10}, 'depth': 1}
    """
    merged = dict(row)
    for key, value in options.items():
        known = merged.get(key)
        both = isinstance(known, Mapping) and isinstance(value, Mapping)
        merged[key] = merge(known, value) if both else value  # type: ignore[arg-type]  # `both` says they are mappings
    return merged


def _drop_inherited(merged: dict[str, Any], row: Any, given: Any) -> None:
    """Where another head was chosen, leave out those of the row's head options that it does not take."""
    if not isinstance(row, Mapping) or not isinstance(given, Mapping) or given.get("name") in (None, row.get("name")):
        return
    accepted = parameters_of(find_head(given["name"]))
    if any(parameter.kind == parameter.VAR_KEYWORD for parameter in accepted.values()):
        return
    merged["head"] = {key: value for key, value in merged["head"].items() if key in given or key in accepted}


def _signature(network: Callable[..., Any], row: Mapping[str, Any]) -> inspect.Signature:
    """The network's options, by keyword, the row's values as defaults.

    Raises:
        OptionError: The row has an option that the network has not.
    """
    parameters = parameters_of(network)
    unknown = [key for key in row if key not in parameters]
    if unknown:
        message = f"{network.__name__} has no option {unknown[0]!r}.{suggest(unknown[0], parameters)}"
        raise OptionError(message)
    return inspect.Signature(
        [
            parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY, default=row.get(key, parameter.default))
            for key, parameter in parameters.items()
        ]
    )


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else getattr(value, "__name__", None) or repr(value)
