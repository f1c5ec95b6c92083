"""Reading the parts of video backbones from configs: a name, or a name with options, in either library's spelling."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from polynet.config.normal_form import normalise
from polynet.errors import OptionError


def named_part(
    where: str, part: Any, name: Any, options: Mapping[str, Any] | None = None
) -> tuple[Any, dict[str, Any]]:
    """The name of a part and its options.

    Args:
        where: The network and the part, for messages: `"ResNet3D: stem"`.
        part: A name or class, or a mapping with one under `name`, `type` or `NAME` and options beside it; `None` for
            what `name` and `options` say.
        name: The name by itself.
        options: Options by themselves; those of `part` count more.

    Returns:
        The name or class, and its options.

    Raises:
        OptionError: `part` is neither.

    Example:
        >>> named_part("ResNet3D: branch", {"NAME": "CSNBranch", "EXPANSION_RATIO": 4}, "R2D3DBranch")
        ('CSNBranch', {'expansion_ratio': 4})
    """
    if options is not None and not isinstance(options, Mapping):
        message = f"{where}: options are a mapping, not {options!r}."
        raise OptionError(message)
    given = dict(options or {})
    if part is None:
        return name, given
    if isinstance(part, str) or callable(part):
        return part, given
    if not isinstance(part, Mapping):
        message = f"{where} is a name, a class or a mapping with `name` and options, not {part!r}."
        raise OptionError(message)
    read = normalise(part)
    return read.pop("name", None) or name, {**given, **read}


def refuse(where: str, option: str, value: Any, why: str) -> None:
    """Refuse an option that is known and has no meaning here, unless it asks for nothing.

    Raises:
        OptionError: It asks for something.
    """
    if value:
        message = f"{where}: {option} {why}; it was given {value!r}."
        raise OptionError(message)
