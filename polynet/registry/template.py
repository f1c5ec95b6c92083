"""What a component's config may hold, read from its constructor and its docstring, and printed as commented YAML.

Nothing is written down twice: names, types and defaults are the signature's, descriptions are the docstring's `Args:`,
and a value for an argument that has no default is the one its docstring's example uses, which the tests run.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from polynet.config.plain import plain
from polynet.registry.building import parameters_of
from polynet.registry.example_values import example_values
from polynet.registry.scopes import registered_name

if TYPE_CHECKING:
    from polynet.registry.view import Registry

_LEFT_OUT = ("self", "logger", "cfg")
_VARIADIC = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
_SELECTORS = {"scepter": "NAME", "essmc2": "type", "mmpretrain": "type"}
_ENTRY = re.compile(r"^(\s+)\*{0,2}(\w+)(?: \([^)]*\))?: (.*)$")


def parameters(target: Any) -> dict[str, dict[str, Any]]:
    """What the config of a class or function may hold, in Scepter's form of documentation.

    Args:
        target: The class or function. A `para_dict` of its own is taken as it is.

    Returns:
        `{"dim": {"value": 512, "description": "Width of the features.", "type": "int", "required": True}}` by key. The
        value is the default; for a required one that of the docstring's example, or `None` where that has none. Options
        of a base class, to which the constructor passes them on, have `"inherited": True`.

    Example:
        >>> from polynet.registry import HEADS
        >>> found = parameters(HEADS.get("ClassifierHead"))
        >>> found["dim"]
        {'value': 8, 'description': 'Width of the features.', 'type': 'int', 'required': True}
        >>> found["dropout_rate"]["value"]
        0.0
    """
    own = getattr(target, "para_dict", None)
    if own:
        return _as_documented(own)
    descriptions, examples = _descriptions(target), example_values(target)
    found: dict[str, dict[str, Any]] = {}
    for name, (parameter, inherited) in _arguments(target).items():
        required = parameter.default is inspect.Parameter.empty
        value = examples.get(name) if required else parameter.default
        found[name] = {
            "value": value,
            "description": descriptions.get(name, ""),
            "type": _type(parameter, value),
            "required": required,
        }
        if inherited and not required:
            found[name]["inherited"] = True
    return found


def component_parameters(registry: Registry, name: str) -> dict[str, dict[str, Any]]:
    """`parameters` of what a registry knows by a name."""
    return parameters(registry.get(registered_name(registry, name)))


def config_template(registry: Registry, name: str, selector: str | None = None) -> str:
    """A config of a component as commented YAML.

    Each argument has its description, type and default in Scepter's form of comment. One that has no default, or whose
    default is `None` where the documented example gives another value, has the example's value, so that the text builds
    as it is.

    Args:
        registry: Where the component is registered.
        name: Its name there.
        selector: `"name"`, `"type"`, or `"NAME"` with upper-case keys; by default as the registry's library does.

    Raises:
        UnknownNameError: Nothing has that name there.

    Example:
        >>> from polynet.registry import NECKS
        >>> print(config_template(NECKS, "GlobalAveragePooling", "NAME"), end="")  # doctest: +ELLIPSIS
        # necks: GlobalAveragePooling
        # Averages features over their positions.
        NAME: GlobalAveragePooling
        # DIM DESCRIPTION: How many axes positions have: 1 for sequences, 2 for images, ... TYPE: int default: 2
        DIM: 2
    """
    selector = selector or next((_SELECTORS[scope] for scope in registry.scopes if scope in _SELECTORS), "name")
    target = registry.get(registered_name(registry, name, selector))
    examples = example_values(target, name)
    lines = [f"# {registry.name}: {name}", *_summary(target), f"{selector}: {name}"]
    known = parameters(target)
    for key, entry in known.items():
        shown = key.upper() if selector == "NAME" and key.upper().lower() == key else key
        value = examples.get(key) if entry["value"] is None else entry["value"]
        kind = "required" if entry["required"] else f"default: {entry['value']!r}"
        lines.append(f"# {shown} DESCRIPTION: {entry['description']} TYPE: {entry['type']} {kind}")
        # The constructor may give its base some of the options that it would pass on.
        line = _line(shown, value)
        lines.append(f"# {line}" if entry.get("inherited") and key not in examples and line[0] != "#" else line)
    lines += [_line(key, value) for key, value in examples.items() if key not in known and key not in _LEFT_OUT]
    return "\n".join(lines) + "\n"


def _line(key: str, value: Any) -> str:
    """One key of YAML; commented out where its value is no plain data, and its default then holds."""
    import yaml

    value = _listed(plain(value))
    if not _is_plain(value):
        return f"# {key}: {getattr(value, '__name__', value)}"
    text = yaml.safe_dump(value, default_flow_style=True, sort_keys=False, width=10_000)
    return f"{key}: {str(text).removesuffix(chr(10)).removesuffix('...').rstrip()}"


def _listed(value: Any) -> Any:
    """A value with tuples as lists and read-only mappings as dicts, as YAML knows them."""
    if isinstance(value, Mapping):
        return {key: _listed(item) for key, item in value.items()}
    return [_listed(item) for item in value] if isinstance(value, (list, tuple)) else value


def _is_plain(value: Any) -> bool:
    if isinstance(value, dict):
        return all(isinstance(key, str) and _is_plain(item) for key, item in value.items())
    if isinstance(value, list):
        return all(map(_is_plain, value))
    return value is None or type(value) in (str, int, float, bool)


def _as_documented(given: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """A `para_dict`, which Scepter sometimes puts into a list."""
    rows = given.items() if isinstance(given, Mapping) else [row for each in given for row in each.items()]
    found = {}
    for key, entry in rows:
        entry = entry if isinstance(entry, Mapping) else {"value": entry}
        value = entry.get("value")
        found[key] = {
            "value": value,
            "description": entry.get("description", ""),
            "type": entry.get("type", type(value).__name__),
            "required": False,
        }
    return found


def _arguments(target: Any) -> dict[str, tuple[inspect.Parameter, bool]]:
    """What a config may give: the constructor's parameters, and its base's where it passes options on to that.

    The second of each pair is whether it is such an inherited one, some of which the constructor may give itself.
    """
    found: dict[str, tuple[inspect.Parameter, bool]] = {}
    constructors = (
        [vars(base)["__init__"] for base in inspect.getmro(target) if "__init__" in vars(base)]
        if isinstance(target, type)
        else [target]
    )
    for constructor in constructors:
        own = parameters_of(constructor)
        kinds = {parameter.kind for parameter in own.values()}
        for name, parameter in own.items():
            if name not in _LEFT_OUT and parameter.kind not in _VARIADIC:
                found.setdefault(name, (parameter, constructor is not constructors[0]))
        if inspect.Parameter.VAR_KEYWORD not in kinds:
            break
    return found


def _type(parameter: inspect.Parameter, value: Any) -> str:
    annotation = parameter.annotation
    if annotation is inspect.Parameter.empty:
        return "" if value is None else type(value).__name__
    return annotation if isinstance(annotation, str) else getattr(annotation, "__name__", str(annotation))


def _summary(target: Any) -> list[str]:
    text = inspect.getdoc(_documented(target)) or ""
    return [f"# {line}" for line in text.split("\n\n")[0].splitlines()]


def _documented(target: Any) -> Any:
    """What has the documentation: of a variant the network of which it is one."""
    return getattr(target, "network", target)


def _descriptions(target: Any) -> dict[str, str]:
    """The entries of the docstring's `Args:`, those of base classes where it has none of its own."""
    documented = _documented(target)
    found: dict[str, str] = {}
    for each in inspect.getmro(documented) if isinstance(documented, type) else (documented,):
        for name, text in _entries((each.__doc__ or "").splitlines()):
            found.setdefault(name, text)
    return found


def _entries(lines: Iterable[str]) -> list[tuple[str, str]]:
    """Names and descriptions of a Google-style section `Args:`."""
    entries: list[tuple[str, str]] = []
    inside, indent, entry_depth = False, 0, 0
    for line in lines:
        if line.strip() == "Args:":
            inside, indent = True, len(line) - len(line.lstrip())
            continue
        if not inside or not line.strip():
            continue
        depth = len(line) - len(line.lstrip())
        if depth <= indent:
            break
        matched = _ENTRY.match(line)
        if matched and (not entries or len(matched[1]) == entry_depth):
            entry_depth = len(matched[1])
            entries.append((matched[2], matched[3].strip()))
        elif entries:
            name, text = entries[-1]
            entries[-1] = (name, f"{text} {line.strip()}")
    return entries
