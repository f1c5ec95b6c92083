"""What timm and torchvision call our networks, where they have another name for them, so that theirs lead to ours.

The file `other_names.json` beside this module is kept by hand; tests compare it with the networks that ours are
compared with, with the known weights, and with the libraries' own networks.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from attrs import evolve, field, frozen

PATH = Path(__file__).with_name("other_names.json")

_SHOWN = 3


@frozen
class Meant:
    """What another library's network is here.

    Attributes:
        name: Our name.
        options: Options that make ours compute what theirs does.
    """

    name: str
    options: Mapping[str, Any] = field(factory=dict, converter=MappingProxyType)

    def __str__(self) -> str:
        """How it is built."""
        return ", ".join([repr(self.name), *(f"{key}={value!r}" for key, value in self.options.items())])


@functools.cache
def other_names() -> Mapping[str, Mapping[str, Meant]]:
    """Our networks by their names, of each library.

    Example:
        >>> str(other_names()["torchvision"]["vit_b_16"])
        "'vit_base_patch16_224', norm_eps=1e-06"
    """
    libraries = json.loads(PATH.read_text(encoding="utf-8"))
    return {library: {theirs: Meant(**row) for theirs, row in names.items()} for library, names in libraries.items()}


def meant_by(name: str) -> Meant | None:
    """What another library's name, perhaps with the tag of its weights, stands for here.

    Returns:
        The network, with the tag as part of its name; `None` where no library has the name, or two mean different ones
        by it.

    Example:
        >>> str(meant_by("efficientnet_b0.ra_in1k")), meant_by("efficientnet_b5"), meant_by("resnet50")
        ("'effnet_b0.ra_in1k'", None, None)
    """
    theirs, dot, tag = name.partition(".")
    found = [names[theirs] for names in other_names().values() if theirs in names]
    if not found or any(each != found[0] for each in found):
        return None
    return evolve(found[0], name=found[0].name + dot + tag)


def other_name_hint(name: object) -> str:
    """Say which of our networks another library calls so, as the end of an error message.

    Args:
        name: What was given, perhaps with the tag of its weights; hyphens and underscores do not matter.

    Returns:
        The sentence, with a leading space, or `""` where no library has the name.

    Example:
        >>> other_name_hint("SE-ResNet50")
        " timm calls se_resnet50 so: build 'se_resnet50'."
        >>> other_name_hint("efficientnet_b0")
        " timm and torchvision call effnet_b0 so: build 'effnet_b0'."
    """
    wanted = _squashed(str(name).partition(".")[0])
    found: dict[str, tuple[Meant, list[str]]] = {}
    for library, names in other_names().items():
        for theirs, meant in names.items():
            if _squashed(theirs) == wanted:
                found.setdefault(str(meant), (meant, []))[1].append(library)
    return "".join(
        f" {' and '.join(libraries)} {'calls' if len(libraries) == 1 else 'call'} {meant.name} so: build {meant}."
        for meant, libraries in found.values()
    )


def tag_hint(name: object, known: Iterable[str]) -> str:
    """Say of one of our networks' names with weights after a point who takes it so, as the end of an error message.

    Returns:
        The sentence, with a leading space, or `""` where it is no such name.

    Example:
        >>> tag_hint("resnet50.a1_in1k", ["resnet50"])[:71]
        " Did you mean 'resnet50'? What follows the point names weights: polynet"
    """
    network, point, _ = str(name).partition(".")
    if not point or network not in known:
        return ""
    return (
        f" Did you mean {network!r}? What follows the point names weights: polynet.build({name!r}, …) loads them, "
        f"and a run does by load_from, or `--load-from {name}`."
    )


def other_pattern_hint(pattern: str | Iterable[str]) -> str:
    """Say which of our networks have names in other libraries that fit a wildcard.

    Returns:
        The sentence, with a leading space, or `""` where none has.

    Example:
        >>> other_pattern_hint("vit_b_*")
        " Elsewhere vit_base_patch16_224 is called 'vit_b_16', vit_base_patch32_224 'vit_b_32'."
    """
    from polynet.registry.listing import matching, natural_order

    meant = {theirs: ours.name for names in other_names().values() for theirs, ours in names.items()}
    found = sorted(matching(meant, pattern), key=natural_order)
    if not found:
        return ""
    pairs = [f"{meant[theirs]} {theirs!r}" for theirs in found]
    shown = ", ".join(pairs[:_SHOWN]).replace(" ", " is called ", 1)
    return f" Elsewhere {shown}{' and so on' if len(pairs) > _SHOWN else ''}."


def _squashed(name: str) -> str:
    return name.casefold().replace("_", "").replace("-", "")
