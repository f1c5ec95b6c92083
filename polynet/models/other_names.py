"""What timm and torchvision call our networks, where they have another name for them, so that theirs lead to ours.

The file `other_names.json` beside this module is kept by hand; a test compares it with the networks that ours are
compared with and with the known weights.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable, Mapping
from pathlib import Path

PATH = Path(__file__).with_name("other_names.json")

_SHOWN = 3


@functools.cache
def other_names() -> Mapping[str, Mapping[str, str]]:
    """Our names by theirs, of each library.

    Example:
        >>> other_names()["torchvision"]["vit_b_16"]
        'vit_base_patch16_224'
    """
    names: dict[str, dict[str, str]] = json.loads(PATH.read_text(encoding="utf-8"))
    return names


def other_name_hint(name: object) -> str:
    """Say which of our networks another library calls so, as the end of an error message.

    Args:
        name: What was given, perhaps with the tag of its weights; hyphens and underscores do not matter.

    Returns:
        The sentence, with a leading space, or `""` where no library has the name.

    Example:
        >>> other_name_hint("seresnet50")
        " timm calls se_resnet50 so: build 'se_resnet50'."
        >>> other_name_hint("efficientnet_b0")
        " timm and torchvision call effnet_b0 so: build 'effnet_b0'."
    """
    wanted = _squashed(str(name).partition(".")[0])
    found = {
        library: ours
        for library, names in other_names().items()
        for theirs, ours in names.items()
        if _squashed(theirs) == wanted
    }
    if not found:
        return ""
    ours = next(iter(found.values()))
    libraries = [library for library, meant in found.items() if meant == ours]
    return f" {' and '.join(libraries)} {'calls' if len(libraries) == 1 else 'call'} {ours} so: build {ours!r}."


def other_pattern_hint(pattern: str | Iterable[str]) -> str:
    """Say which of our networks have names in other libraries that fit a wildcard.

    Returns:
        The sentence, with a leading space, or `""` where none has.

    Example:
        >>> other_pattern_hint("vit_b_*")
        " Elsewhere vit_base_patch16_224 is called 'vit_b_16', vit_base_patch32_224 'vit_b_32'."
    """
    from polynet.registry.listing import matching, natural_order

    meant = {theirs: ours for names in other_names().values() for theirs, ours in names.items()}
    found = sorted(matching(meant, pattern), key=natural_order)
    if not found:
        return ""
    pairs = [f"{meant[theirs]} {theirs!r}" for theirs in found]
    shown = ", ".join(pairs[:_SHOWN]).replace(" ", " is called ", 1)
    return f" Elsewhere {shown}{' and so on' if len(pairs) > _SHOWN else ''}."


def _squashed(name: str) -> str:
    return name.casefold().replace("_", "").replace("-", "")
