"""What is said where weights differ from a network by an option alone: other classes, other channels, no classifier."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from polynet.models.figures import figures_of
from polynet.types import NativeModule
from polynet.weights.adaptation import absent_classifier, is_first_convolution
from polynet.weights.checkpoint import Checkpoint
from polynet.weights.elements import Array
from polynet.weights.recorded import recorded_config
from polynet.weights.report import LoadReport

_OF_LAYERS = ("weight", "bias")
_HEAD_MOST = 8
"""Tensors that a classifier may have, its own layers among them."""
_ADAPTING = (
    "polynet.load(net, path, adapt=True), polynet.build(…, weights=path, adapt=True), or load_from of a training run."
)


def options_hint(net: NativeModule, report: LoadReport, arrays: Mapping[str, Array], slots: Mapping[str, Any]) -> str:
    """The end of a message about weights of a network built with other `num_classes` or `in_channels`; else `""`.

    Args:
        net: The network.
        report: What fits and what does not.
        arrays: The weights under the network's names.
        slots: The network's.

    Example:
        >>> net = polynet.build("resnet18", backend="torch", num_classes=7)
        >>> try:
        ...     polynet.load_state(net, polynet.state(polynet.build("resnet18", backend="torch", num_classes=10)))
        ... except polynet.errors.WeightsError as error:
        ...     print(str(error).splitlines()[0])
        head.fc.weight is for 10 classes in the checkpoint, and for 7 in the network. Build it with as many ...
    """
    names = [refusal.name for refusal in report.refused]
    others = any(name not in slots or name.rpartition(".")[2] not in _OF_LAYERS for name in names)
    if others or report.missing or report.unexpected or not names or len(names) == len(slots):
        return ""
    first = [name for name in names if is_first_convolution(net, slots[name].shape, arrays[name].shape)]
    last = [name for name in names if name not in first]
    channels = {(arrays[name].shape[1], slots[name].shape[1]) for name in first}
    classes = _classes(last, arrays, slots)
    if len(channels) > 1 or (last and classes is None):
        return ""
    said: list[str] = []
    options: list[str] = []
    for theirs, own in channels:
        said.append(f"{first[0]} is for images of {counted(theirs)} in the checkpoint, and of {own} in the network")
        options.append(f"in_channels={theirs}")
    if classes is not None:
        said.append(f"{last[0]} is for {classes[0]} classes in the checkpoint, and for {classes[1]} in the network")
        options.append(f"num_classes={classes[0]}")
    if not channels:
        return (
            f"\n{said[0]}. Build it with as many ({options[0]}), or, to train a new classifier, load all but that: "
            f"{_ADAPTING}"
        )
    return (
        f"\n{'; '.join(said)}. Build it with the checkpoint's options, {' '.join(options)}, or let the load change "
        f"what differs: {_ADAPTING}"
    )


def headless_hint(net: NativeModule, report: LoadReport) -> str:
    """The end of a message about weights with a classifier, of a network without; `""` where that is not all.

    Example:
        >>> whole = polynet.state(polynet.build("resnet18", backend="torch"))
        >>> try:
        ...     polynet.build("resnet18", backend="torch", features_only=True, weights=whole)
        ... except polynet.errors.WeightsError as error:
        ...     print(str(error).splitlines()[0])
        The network has no classifier, and the checkpoint one (head.fc.weight, head.fc.bias). To leave it out: ...
    """
    beside = report.unexpected
    if getattr(net, "head", net) is not None or report.missing or report.refused or not 0 < len(beside) <= _HEAD_MOST:
        return ""
    return (
        f"\nThe network has no classifier, and the checkpoint one ({', '.join(beside)}). To leave it out: {_ADAPTING}"
    )


def counted(channels: int) -> str:
    """A number of channels in words.

    Example:
        >>> counted(1), counted(4)
        ('1 channel', '4 channels')
    """
    return f"{channels} channel{'' if channels == 1 else 's'}"


def channels_note(net: NativeModule, checkpoint: Checkpoint) -> tuple[str, ...]:
    """What to note where the images of a network are not of the usual channels and the file does not record that.

    Example:
        >>> net = polynet.build("resnet18", backend="shapes", in_channels=1)
        >>> channels_note(net, Checkpoint({}, format="pth"))
        ('these weights are for images of 1 channel, in_channels=1',)
    """
    config = getattr(net, "config", None)
    figures = figures_of(str(config.get("name", ""))) if isinstance(config, Mapping) else None
    own = getattr(net, "in_channels", None)
    if figures is None or own is None or own == figures.input_size[0] or recorded_config(checkpoint) is not None:
        return ()
    return (f"these weights are for images of {counted(own)}, in_channels={own}",)


def _classes(names: list[str], arrays: Mapping[str, Array], slots: Mapping[str, Any]) -> tuple[int, int] | None:
    """The classes that some layers have in a checkpoint and in a network, if that is all that differs; or `None`."""
    counts = {(arrays[name].shape[:1], slots[name].shape[:1]) for name in names}
    same_beside = all(arrays[name].shape[1:] == slots[name].shape[1:] for name in names)
    owners = {name.rpartition(".")[0] for name in names}
    # A network may have two classifiers; a body that is wider would have more, and differ in inputs, too.
    if len(counts) != 1 or len(owners) > 2 or not same_beside:
        return None
    ((theirs, own),) = counts
    return (theirs[0], own[0]) if theirs and own and theirs != own else None


def classifier_hint(
    net: NativeModule, report: LoadReport, arrays: Mapping[str, Array], slots: Mapping[str, Any]
) -> str:
    """The end of a message about weights that lack a network's classifier and nothing else; `""` where not so.

    Args:
        net: The network.
        report: What fits and what does not.
        arrays: The weights under the network's names.
        slots: The network's.

    Example:
        >>> net = polynet.build("resnet18", backend="torch")
        >>> body = {name: array for name, array in polynet.state(net).items() if not name.startswith("head.")}
        >>> try:
        ...     polynet.load_state(net, body)
        ... except polynet.errors.WeightsError as error:
        ...     print(str(error).splitlines()[0])
        The weights have no classifier, and nothing else is missing. For features alone build the network without ...
    """
    if not report.loaded or report.refused or report.unexpected or not report.missing:
        return ""
    if {*report.missing} != {*absent_classifier(net, arrays, slots)}:
        return ""
    return (
        "\nThe weights have no classifier, and nothing else is missing. For features alone build the network without "
        "one, num_classes=0; to train a new one, load all but that: "
        f"{_ADAPTING}"
    )
