"""Tell a layout from the names in a checkpoint."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable

from polynet.errors import WeightsError
from polynet.weights.layouts.table import LAYOUTS, POLYNET, known_family, layout_names

_COUNTER = ".num_batches_tracked"
_ENOUGH = 0.9


def detect_layout(names: Iterable[str], family: str | None = None) -> str:
    """Name the layout that spells a checkpoint's names.

    Where two layouts spell a network alike (torchvision and timm a plain ResNet), the first of `layout_names()` is
    given; either reads it. BaseCls's names are PolyNet's, so `"polynet"` is given for both. Names that PolyNet took
    over from a library for some families, and not for all that the library spells so, are the library's.

    Args:
        names: Names of the checkpoint's tensors.
        family: Family of the network that they are for, of whose layouts alone one is told where any knows the names:
            one library may spell one family as another library spells another.

    Raises:
        WeightsError: No layout knows nine tenths of the names; the message lists the layouts.

    Example:
        >>> detect_layout(["layer1.0.conv1.weight", "layer1.0.bn1.weight", "fc.weight"])
        'torchvision'
    """
    counted = [name for name in names if not name.endswith(_COUNTER)]
    best, share = _likeliest(counted, known_family(family)) if family is not None else (POLYNET, 0.0)
    if share < _ENOUGH:
        best, share = _likeliest(counted, None)
    if share < _ENOUGH:
        message = (
            f"These names belong to no known layout: {', '.join(counted[:4]) or 'none'}… "
            f"The layouts are {', '.join(layout_names())}."
        )
        raise WeightsError(message)
    return best


def _likeliest(names: list[str], family: str | None) -> tuple[str, float]:
    """The layout that knows most of the names, and its share of them; of one family, or of all."""
    families: dict[str, set[str]] = {POLYNET: set()}
    best = 0.0
    for layout, whose, forms in _forms():
        if family is None or whose == family:
            known = sum(any(form.fullmatch(name) for form in forms) for name in names) / max(len(names), 1)
            if known > best:
                best, families = known, {}
            if known == best:
                families.setdefault(layout, set()).add(whose)
    first = next(iter(families))
    return (first if first != POLYNET else max(families, key=lambda layout: len(families[layout]))), best


@functools.cache
def _forms() -> tuple[tuple[str, str, tuple[re.Pattern[str], ...]], ...]:
    """Layout, family and expressions of its names: PolyNet's own first, then the others in the order of the table."""
    own = [(POLYNET, entry.family, tuple({pattern.shape() for pattern in entry.patterns()})) for entry in LAYOUTS]
    others = [(entry.name, entry.family, tuple({form.shape() for form in entry.forms()})) for entry in LAYOUTS]
    others.sort(key=lambda item: layout_names().index(item[0]))
    return (*own, *others)
