"""What is said where weights differ from a network by its classifier alone: by the number of classes, or lacking it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from polynet.types import NativeModule
from polynet.weights.adaptation import absent_classifier
from polynet.weights.elements import Array
from polynet.weights.report import LoadReport

_OF_LAYERS = ("weight", "bias")


def classes_hint(report: LoadReport, arrays: Mapping[str, Array], slots: Mapping[str, Any]) -> str:
    """The end of a message about weights that fit a network up to its classifier; `""` where that is not so.

    Args:
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
    counts = {(arrays[name].shape[:1], slots[name].shape[:1]) for name in names}
    same_beside = all(arrays[name].shape[1:] == slots[name].shape[1:] for name in names)
    owners = {name.rpartition(".")[0] for name in names}
    # A network may have two classifiers; a body that is wider would have more, and differ in inputs, too.
    if len(counts) != 1 or len(owners) > 2 or not same_beside:
        return ""
    ((theirs, own),) = counts
    if not theirs or not own or theirs == own:
        return ""
    return (
        f"\n{names[0]} is for {theirs[0]} classes in the checkpoint, and for {own[0]} in the network. Build it with as "
        f"many (num_classes={theirs[0]}), or, to train a new classifier, load all but that: polynet.load(net, path, "
        "adapt=True), polynet.build(…, weights=path, adapt=True), or load_from of a training run."
    )


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
        "one, num_classes=0; to train a new one, load all but that: polynet.load(net, path, adapt=True), "
        "polynet.build(…, weights=path, adapt=True), or load_from of a training run."
    )
