"""Building a network with pretrained weights, and preparing images for it."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from polynet.errors import OptionError
from polynet.nn.initialise import initialise_some
from polynet.pretrained.preprocessing import Preprocessing
from polynet.pretrained.record import PretrainedRecord
from polynet.pretrained.table import HUB, find_record, records_of
from polynet.types import NativeModule
from polynet.weights.report import LoadReport

_logger = logging.getLogger(__name__)


def chosen_record(name: Any, pretrained: bool | str | None) -> PretrainedRecord | None:
    """The record that a name and `pretrained` ask for; `None` for none.

    A name with a tag, and an id on the Hub, ask for the weights unless `pretrained` is false.

    Raises:
        OptionError: `pretrained` is neither a truth value nor a tag, or the network has no name.
        UnknownNameError: There are no such weights.
    """
    if pretrained is not None and not isinstance(pretrained, (bool, str)):
        message = f"pretrained must be True, False or a tag such as 'a1_in1k', not {pretrained!r}."
        raise OptionError(message)
    if isinstance(name, str) and is_tagged(name):
        return find_record(name, pretrained if isinstance(pretrained, str) else None)
    if not pretrained:
        return None
    if not isinstance(name, str):
        message = "pretrained needs a network's registered name: no weights are known for a class."
        raise OptionError(message)
    return find_record(name, pretrained if isinstance(pretrained, str) else None)


def is_tagged(name: str) -> bool:
    """Whether a name is `name.tag` of a network with known weights, or an id on the Hub.

    Example:
        >>> is_tagged("resnet50.a1_in1k"), is_tagged("configs/resnet50.py"), is_tagged("hf-hub:timm/resnet50.a1_in1k")
        (True, False, True)
    """
    return name.startswith(HUB) or ("." in name and bool(records_of(name.partition(".")[0])))


def with_record(record: PretrainedRecord, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """A network's arguments with what the weights need, where the caller does not say otherwise."""
    merged = {**record.options, **arguments}
    given = merged.keys() & {"num_classes", "head", "out_indices", "features_only"}
    # Weights without a classifier leave the network its own.
    if not given and record.num_classes not in (0, 1000):
        merged["num_classes"] = record.num_classes
    return merged


def load_record(net: NativeModule, record: PretrainedRecord, seed: int | None = None) -> LoadReport:
    """Load a record's weights into a network, adapted to its classes, channels and image size; log what was adapted.

    A classifier of other classes is drawn anew by the network's recipe.

    Args:
        net: The network.
        record: The weights.
        seed: Seed of what is drawn; a fresh one by default.

    Raises:
        WeightsUnavailableError: The file cannot be had; the message says what was tried.
        WeightsError: The weights do not fit; nothing was changed.
    """
    from polynet.weights import load

    report = load(net, record.source.locate(), layout=record.layout, adapt=True)
    if report.kept:
        initialise_some(net, report.kept, seed)
    if report.dropped or report.kept or report.reshaped:
        _logger.info("%s: %s", record.full_name, report)
    net.pretrained = record
    return report


def preprocessing_of(net: Any) -> Preprocessing:
    """How images are prepared for a network.

    Args:
        net: A network, or the name of one, with a tag or without.

    Returns:
        Of the weights it was built with; else of the first ones known for its name; else ImageNet's mean and deviation
        at the network's input size. The size is the network's own, where that was built for another.

    Example:
        >>> preprocessing_of("resnet50.a1_in1k").resized
        (235, 235)
    """
    import attrs

    if isinstance(net, str):
        return find_record(net).preprocessing
    record = getattr(net, "pretrained", None)
    if not isinstance(record, PretrainedRecord):
        config = getattr(net, "config", None)
        name = config.get("name") if isinstance(config, Mapping) else None
        known = records_of(name) if isinstance(name, str) else ()
        record = known[0] if known else None
    size = getattr(net, "input_size", None)
    found = Preprocessing() if record is None else record.preprocessing
    if size is not None and (record is None or getattr(net, "fixed_size", None) is not None):
        found = attrs.evolve(found, input_size=size)
    return found
