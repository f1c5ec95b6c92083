"""Which network of the zoo a checkpoint looks like, where it does not fit the one it is loaded into."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from math import prod
from typing import Any

from polynet.errors import WeightsError
from polynet.models.figures import Figures, all_figures
from polynet.types import NativeModule
from polynet.weights.elements import Array
from polynet.weights.layouts import canonical_layouts, detect_layout
from polynet.weights.layouts.constants import is_constant
from polynet.weights.layouts.table import LAYOUTS
from polynet.weights.report import LoadReport

_BUFFERS = ("running_mean", "running_var", "num_batches_tracked")
_MOST = 4
_MOST_CLASSIFIERS = 2


def likeness(net: NativeModule, tensors: Mapping[str, Array], slots: Mapping[str, Any]) -> str:
    """The end of a message about weights that do not fit: what they look like and what the network is.

    Networks are told by how many numbers their parameters hold, with the classifier or, if that is for other classes,
    without it. That is kept for the whole zoo, so no network is built.

    Returns:
        A line, or `""` where nothing is like it or the network itself is.

    Example:
        >>> import numpy as np
        >>> net = polynet.build("resnet18", backend="shapes")
        >>> alien = {"stem.conv.weight": np.zeros(25557032)}
        >>> likeness(net, alien, {}).strip()
        'The checkpoint has 25,557,032 parameters, as resnet50 has; the network is resnet18, ResNet.'
    """
    config = getattr(net, "config", None)
    own = str(config.get("name", "")) if isinstance(config, Mapping) else ""
    shapes = [array.shape for name, array in tensors.items() if _is_parameter(name, array)]
    total = sum(map(prod, shapes))
    names = networks_like(shapes)
    if not names or own in names or total == _own_total(slots):
        return ""
    kind = type(net).__name__
    whose = f"{own}, {kind}" if own else kind
    more = "" if len(names) <= _MOST else f" and {len(names) - _MOST} others"
    listed = " or ".join(names[:_MOST])
    return f"\nThe checkpoint has {total:,} parameters, as {listed}{more} has; the network is {whose}."


def layout_hint(report: LoadReport, tensors: Iterable[str], slots: Mapping[str, Any], layout: str) -> str:
    """Say which layout the names look like, where hardly any was found."""
    if len(report.loaded) * 2 > len(slots):
        return ""
    try:
        likely = detect_layout(tensors)
    except WeightsError:
        return ""
    if likely == layout or {likely, layout} <= set(canonical_layouts()):
        return ""
    return f"\nThe names look like layout {likely!r}: pass layout={likely!r}."


def networks_like(shapes: list[tuple[int, ...]]) -> list[str]:
    """Names of the zoo's networks whose parameters hold as many numbers, whatever the number of classes.

    Args:
        shapes: Of the parameters.

    Example:
        >>> networks_like([(25557032 - 2049000,), (10, 2048), (10,)])
        ['resnet50']
    """
    total = sum(map(prod, shapes))
    figures = all_figures()
    exact = [name for name, row in figures.items() if row.parameters == total]
    if exact:
        return exact
    bodies = set(_bodies(shapes, total))
    return [name for name, row in figures.items() if _body(row) in bodies]


def likely_models(tensors: Mapping[str, Array]) -> Iterator[dict[str, Any]]:
    """Models of the zoo that a checkpoint may be of, as configs, whatever its layout; the likeliest first.

    Example:
        >>> import numpy as np
        >>> net = polynet.build("resnet18", backend="shapes", num_classes=7)
        >>> shapes = {name: slot.shape for name, slot in polynet.get_backend("shapes").slots(net).items()}
        >>> next(likely_models({name: np.zeros(shape, np.float32) for name, shape in shapes.items()}))
        {'name': 'resnet18', 'num_classes': 7}
    """
    shapes = [array.shape for name, array in tensors.items() if _is_parameter(name, array)]
    figures = all_figures()
    names = networks_like(shapes)
    if not names:
        # A layout may have what is no parameter here: biases that normalisations take over, and tables.
        shapes = list(_own_shapes(tensors))
        names = networks_like(shapes)
    classes = [shape[0] for shape in reversed(shapes) if len(shape) in (2, 4)]
    for name in names:
        if figures[name].parameters == sum(map(prod, shapes)):
            yield {"name": name}
        else:
            yield from ({"name": name, "num_classes": count} for count in dict.fromkeys(classes[:_MOST_CLASSIFIERS]))


def _body(row: Figures) -> int:
    return row.body if row.body < row.parameters else -1


def _bodies(shapes: list[tuple[int, ...]], total: int) -> Iterator[int]:
    """The numbers left without the last layers that may be classifiers, and with all, for a network without one."""
    yield total
    matrices = [shape for shape in shapes if len(shape) == 2]
    taken = 0
    for shape in reversed(matrices[-_MOST_CLASSIFIERS:]):
        taken += prod(shape) + (shape[0] if (shape[0],) in shapes else 0)
        yield total - taken


def _own_shapes(tensors: Mapping[str, Array]) -> Iterator[tuple[int, ...]]:
    """Shapes of what is a parameter here, of each part of a tensor where several are one in the file."""
    folded = [fold.foreign.shape() for layout in LAYOUTS for fold in layout.folds]
    computed = [constant for layout in LAYOUTS for constant in layout.constants]
    joins = [join for layout in LAYOUTS for join in layout.joins if None in join.parts]
    for name, array in tensors.items():
        if not _is_parameter(name, array) or is_constant(name, computed):
            continue
        weight = tensors.get(f"{name.rpartition('.')[0]}.weight")
        if weight is not None and weight.ndim == 4 and any(form.fullmatch(name) for form in folded):
            continue
        join = next((each for each in joins if each.foreign.shape().fullmatch(name)), None)
        if join is None:
            yield array.shape
        else:
            yield from [(array.shape[0] // len(join.parts), *array.shape[1:])] * (
                len(join.parts) - join.parts.count(None)
            )


def _is_parameter(name: str, array: Array) -> bool:
    return array.dtype.kind == "f" and name.rpartition(".")[2] not in _BUFFERS


def _own_total(slots: Mapping[str, Any]) -> int:
    return sum(prod(slot.shape) for slot in slots.values() if slot.kind == "parameter")
