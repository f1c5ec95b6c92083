"""Which network of the zoo a checkpoint looks like, where it does not fit the one it is loaded into."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from math import prod
from typing import Any, TypeAlias

from attrs import frozen

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
_MOST_BRANCHES = 8
"""How many parallel convolutions of the images a network may have."""
_USUAL_CHANNELS = 3
_FEW_CHANNELS = 32

Shape: TypeAlias = tuple[int, ...]


def likeness(net: NativeModule, tensors: Mapping[str, Array], slots: Mapping[str, Any]) -> str:
    """The end of a message about weights that do not fit: what they look like and what the network is.

    Networks are told by how many numbers their parameters hold, with the classifier or, if that is for other classes,
    without it, and with a first convolution of the usual channels, if it is for others. That is kept for the whole zoo,
    so no network is built.

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
    names, options = networks_like(shapes), ""
    if not names:
        other = next((each for each in of_usual_channels(shapes) if networks_like(each.shapes)), None)
        if other is not None:
            names, options = networks_like(other.shapes), f" with in_channels={other.channels}"
    if not names or own in names or total == _own_total(slots):
        return ""
    kind = type(net).__name__
    whose = f"{own}, {kind}" if own else kind
    more = "" if len(names) <= _MOST else f" and {len(names) - _MOST} others"
    listed = " or ".join(names[:_MOST])
    return f"\nThe checkpoint has {total:,} parameters, as {listed}{more}{options} has; the network is {whose}."


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


def networks_like(shapes: list[Shape]) -> list[str]:
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

    Other channels of the images are thought of only where no network of the usual ones has as many numbers.

    Example:
        >>> import numpy as np
        >>> net = polynet.build("resnet18", backend="shapes", num_classes=7)
        >>> shapes = {name: slot.shape for name, slot in polynet.get_backend("shapes").slots(net).items()}
        >>> next(likely_models({name: np.zeros(shape, np.float32) for name, shape in shapes.items()}))
        {'name': 'resnet18', 'num_classes': 7}
    """
    # A layout may have what is no parameter here: biases that normalisations take over, and tables.
    known = [
        [array.shape for name, array in tensors.items() if _is_parameter(name, array)],
        list(_own_shapes(tensors)),
    ]
    usual = next((shapes for shapes in known if networks_like(shapes)), None)
    if usual is not None:
        yield from _models_like(usual)
        return
    for shapes in known:
        for other in of_usual_channels(shapes):
            yield from ({**model, "in_channels": other.channels} for model in _models_like(other.shapes))


@frozen
class OtherChannels:
    """Shapes of parameters as they would be for images of the usual channels.

    Attributes:
        channels: What the checkpoint's images have.
        shapes: The shapes, with a first convolution for the usual ones.
    """

    channels: int
    shapes: list[Shape]


def of_usual_channels(shapes: list[Shape]) -> Iterator[OtherChannels]:
    """Guess at the convolutions of the images, where they are not for the usual channels; the likeliest first.

    Those are the first convolutions, one or, in networks with parallel branches, several. Files whose names are sorted
    have them anywhere: then it is one whose inputs are few, or as many as no other's.

    Args:
        shapes: Of the parameters, in the checkpoint's order.

    Example:
        >>> guess = next(of_usual_channels([(64, 1, 7, 7), (64,), (128, 64, 3, 3)]))
        >>> guess.channels, guess.shapes
        (1, [(64, 3, 7, 7), (64,), (128, 64, 3, 3)])
    """
    places = [index for index, shape in enumerate(shapes) if len(shape) == 4]
    inputs = [shapes[index][1] for index in places]
    leading = list(itertools.takewhile(lambda index: shapes[index][1] == inputs[0], places))[:_MOST_BRANCHES]
    guesses = [leading[: count + 1] for count in range(len(leading))]
    seen = {shapes[index] for index in leading[:1]}
    for index, count in zip(places, inputs, strict=True):
        if shapes[index] not in seen and (count <= _FEW_CHANNELS or inputs.count(count) == 1):
            seen.add(shapes[index])
            guesses.append([index])
    for guess in guesses:
        channels = shapes[guess[0]][1]
        if channels != _USUAL_CHANNELS:
            made = list(shapes)
            for index in guess:
                made[index] = (shapes[index][0], _USUAL_CHANNELS, *shapes[index][2:])
            yield OtherChannels(channels, made)


def _models_like(shapes: list[Shape]) -> Iterator[dict[str, Any]]:
    """Models with as many numbers, as configs; with each number of classes that they may be for."""
    figures = all_figures()
    # Files whose names are sorted have the classifier before the convolutions, which are no matrices.
    classes = [
        shape[0]
        for axes in ((2, 4), (2,))
        for shape in [each for each in reversed(shapes) if len(each) in axes][:_MOST_CLASSIFIERS]
    ]
    for name in networks_like(shapes):
        if figures[name].parameters == sum(map(prod, shapes)):
            yield {"name": name}
        else:
            yield from ({"name": name, "num_classes": count} for count in dict.fromkeys(classes))


def _body(row: Figures) -> int:
    return row.body if row.body < row.parameters else -1


def _bodies(shapes: list[Shape], total: int) -> Iterator[int]:
    """The numbers left without the last layers that may be classifiers, and with all, for a network without one."""
    yield total
    matrices = [shape for shape in shapes if len(shape) == 2]
    taken = 0
    for shape in reversed(matrices[-_MOST_CLASSIFIERS:]):
        taken += prod(shape) + (shape[0] if (shape[0],) in shapes else 0)
        yield total - taken


def _own_shapes(tensors: Mapping[str, Array]) -> Iterator[Shape]:
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
