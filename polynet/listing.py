"""`polynet.list_models`: which networks there are, by name, size and known weights, without importing one."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from typing import TYPE_CHECKING

from polynet.calls import explains_options
from polynet.errors import OptionError

if TYPE_CHECKING:
    from polynet.backend import Backend


@explains_options
def list_models(
    pattern: str | Iterable[str] = "*",
    *,
    kind: str | None = "network",
    exclude: str | Iterable[str] = (),
    backend: str | Backend | None = None,
    family: str | None = None,
    max_params: float | None = None,
    pretrained: bool = False,
) -> list[str]:
    """Names of networks in natural order: resnet18 before resnet101.

    Args:
        pattern: Wildcards (`*`, `?`, `[ab]`), one or several; a name is listed that fits any.
        kind: `"network"`, `"backbone"`, `"head"` …; `None` for all kinds.
        exclude: Wildcards of names to leave out.
        backend: Only what can be built on this framework.
        family: Only networks of this family: `"resnet"`.
        max_params: Only networks of at most so many parameters, as the name alone builds them. Names whose size is not
            known without building, such as those of one's own classes, are left out.
        pretrained: List the known weights instead, as `"name.tag"`, which `polynet.build` takes with `pretrained=True`.

    Warns:
        UserWarning: Nothing fits but names that timm or torchvision have for networks listed under others.

    Raises:
        UnknownNameError: There is no such kind or family.
        OptionError: A wildcard is no text, or `max_params` no number or below 0.

    Example:
        >>> polynet.list_models("*resne*50", exclude="se_*", max_params=26e6)
        ['resnet50']
    """
    from polynet.registry import MODELS
    from polynet.registry.listing import matching, natural_order

    if max_params is not None and (isinstance(max_params, bool) or not isinstance(max_params, (int, float))):
        message = f"max_params is a number of parameters such as 25e6, not {max_params!r}."
        raise OptionError(message)
    if max_params is not None and not max_params >= 0:
        message = f"max_params must be at least 0, not {max_params!r}."
        raise OptionError(message)
    if not isinstance(pretrained, bool):
        message = f"pretrained must be True or False, not {pretrained!r}."
        raise OptionError(message)
    if family is not None:
        check_family(family)
    if pretrained:
        from polynet.pretrained import all_tags

        tagged = all_tags()
        wanted = [pattern] if isinstance(pattern, str) else list(pattern)
        # A pattern may be of the name alone or name the tag, too.
        found = matching(tagged, [*wanted, *(f"{each}.*" for each in wanted if isinstance(each, str))], exclude)
        bare = set(list_models(kind=kind, exclude=exclude, backend=backend, family=family, max_params=max_params))
        return sorted((name for name in found if name.partition(".")[0] in bare), key=natural_order)
    names = MODELS.list(pattern, exclude=exclude, backend=backend, kind=kind)
    if not names and kind in ("network", None):
        _warn_of_other_names(pattern)
    return [name for name in names if _fits(name, family, max_params)] if family or max_params is not None else names


def _warn_of_other_names(pattern: str | Iterable[str]) -> None:
    """Say so where nothing fits a pattern but names that other libraries have for our networks."""
    from polynet.models.other_names import other_pattern_hint

    hint = other_pattern_hint(pattern)
    if hint:
        message = f"No network is named like {pattern!r}.{hint}"
        warnings.warn(message, UserWarning, stacklevel=4)


def _fits(name: str, family: str | None, max_params: float | None) -> bool:
    from polynet.models.figures import figures_of

    figures = figures_of(name)
    if figures is None:
        return False
    return (family is None or figures.family == family) and (max_params is None or figures.parameters <= max_params)


def check_family(family: str) -> None:
    """Refuse the name of a family that there is not.

    Raises:
        UnknownNameError: No network belongs to such a family.

    Example:
        >>> check_family("resnt")
        Traceback (most recent call last):
        ...
        polynet.errors.UnknownNameError: There is no family 'resnt'. Did you mean 'resnet'?
    """
    from polynet.errors import UnknownNameError, suggest
    from polynet.models.figures import all_figures

    known = sorted({figures.family for figures in all_figures().values()})
    if family not in known:
        message = f"There is no family {family!r}.{suggest(family, known, limit=1) or ' There are ' + ', '.join(known)}"
        raise UnknownNameError(message)
