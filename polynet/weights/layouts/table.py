"""The table of all layouts, and looking one up."""

from __future__ import annotations

from collections.abc import Mapping

from polynet.errors import UnknownNameError, WeightsError, suggest
from polynet.weights.layouts import (
    compact,
    convnext,
    convolutional,
    densenet,
    high_resolution,
    inception,
    mixing,
    mmpretrain_convolutional,
    mmpretrain_hybrid,
    mmpretrain_mobile,
    mmpretrain_transformer,
    mobile,
    mobilevit,
    poolformer,
    regnet,
    reparameterised,
    residual,
    transformer,
    windows,
)
from polynet.weights.layouts.layout import Layout, NameMap

LAYOUTS = (
    *convolutional.LAYOUTS,
    *mobile.LAYOUTS,
    *transformer.LAYOUTS,
    *regnet.LAYOUTS,
    *convnext.LAYOUTS,
    *inception.LAYOUTS,
    *windows.LAYOUTS,
    *mixing.LAYOUTS,
    *reparameterised.LAYOUTS,
    *densenet.LAYOUTS,
    *residual.LAYOUTS,
    *compact.LAYOUTS,
    *high_resolution.LAYOUTS,
    *poolformer.LAYOUTS,
    *mobilevit.LAYOUTS,
    *mmpretrain_convolutional.LAYOUTS,
    *mmpretrain_mobile.LAYOUTS,
    *mmpretrain_transformer.LAYOUTS,
    *mmpretrain_hybrid.LAYOUTS,
)

POLYNET = "polynet"
BASECLS = "basecls"
MMPRETRAIN = "mmpretrain"
_CANONICAL = {
    POLYNET: "PolyNet's own names and torch's shapes",
    BASECLS: "the same names, which are BaseCls's, with MegEngine's shapes where those differ",
}
_COMPOSED = {MMPRETRAIN: "the names of networks composed of that library's components, which have them here too"}
_BY_KEY = {(layout.name, layout.family): layout for layout in LAYOUTS}
_FAMILY_ALIASES = {
    "mobilenet": "mbnet",
    "mobilenetv1": "mbnet",
    "mobilenetv2": "mbnet",
    "mobilenetv3": "mbnet",
    "efficientnet": "effnet",
    "efficientnet_lite": "effnet",
    "deit": "vit",
}


def canonical_layouts() -> tuple[str, ...]:
    """Layouts that spell every network's names as PolyNet does, so that they need no map."""
    return tuple(_CANONICAL)


def layout_names() -> tuple[str, ...]:
    """Names of all layouts.

    Example:
        >>> layout_names()
        ('polynet', 'basecls', 'torchvision', 'timm', 'mobilenetv2_pytorch', 'efficientnet_lite_pytorch', ...)
    """
    return tuple(dict.fromkeys((*_CANONICAL, *(layout.name for layout in LAYOUTS), *_COMPOSED)))


def families_of(layout: str) -> tuple[str, ...]:
    """Families of networks that a layout has names for; none where it needs none.

    Example:
        >>> families_of("torchvision")[:5]
        ('alexnet', 'resnet', 'vgg', 'mbnet', 'effnet')
    """
    check_layout(layout)
    return tuple(entry.family for entry in LAYOUTS if entry.name == layout)


def check_layout(name: str) -> None:
    """Raise `UnknownNameError` where there is no such layout."""
    known = layout_names()
    if name not in known:
        message = f"There is no layout {name!r}; the layouts are {', '.join(known)}.{suggest(name, known)}"
        raise UnknownNameError(message)


def has_map(layout: str, family: str | None) -> bool:
    """Whether a layout spells the names of a family; PolyNet's own spell every family's.

    Example:
        >>> has_map("timm", "resnet"), has_map("timm", "alexnet")
        (True, False)
    """
    return _is_own(layout, family) or (layout, known_family(family)) in _BY_KEY


def layout_of(layout: str, family: str | None) -> Layout | None:
    """The entry of the table; `None` where there is none, or PolyNet's names are meant.

    Example:
        >>> layout_of("torchvision", "vit").norm_eps
        1e-06
    """
    return _BY_KEY.get((layout, known_family(family)))


def _is_own(layout: str, family: str | None) -> bool:
    """Whether a layout spells a network's names as PolyNet does; a composed network names no family."""
    return layout in _CANONICAL or (layout in _COMPOSED and family is None)


def known_family(family: str | None) -> str:
    """The family that a name of one stands for: `"efficientnet"` is `"effnet"`."""
    return _FAMILY_ALIASES.get(str(family), str(family))


def name_map(layout: str, family: str | None, canonical: Mapping[str, object]) -> NameMap | None:
    """The correspondence of names for one network; `None` for a layout that spells them as PolyNet does.

    Args:
        layout: Name of the layout.
        family: Family of the network; `None` where it has none.
        canonical: The network's tensors.

    Raises:
        UnknownNameError: There is no such layout.
        WeightsError: The layout does not know this family, or this network's options.
    """
    check_layout(layout)
    if _is_own(layout, family):
        return None
    found = layout_of(layout, family)
    if found is None:
        others = [name for name in layout_names() if name not in _CANONICAL and has_map(name, family)]
        whose = f"the family {family!r}" if family else "a network composed of parts"
        composed = ["networks composed of the library's components"] if layout in _COMPOSED else []
        known = ", ".join([*families_of(layout), *composed])
        message = (
            f"Layout {layout!r} has no map for {whose}. It has one for {known}; "
            f"for {whose} there are {', '.join((*others, *_CANONICAL))}."
        )
        raise WeightsError(message)
    return found.names(canonical)
