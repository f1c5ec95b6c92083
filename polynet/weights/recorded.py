"""Which network a file says that its weights are of."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from polynet.errors import PolyNetError
from polynet.weights.checkpoint import Checkpoint
from polynet.weights.elements import Array
from polynet.weights.layouts.own_constants import constants_of


def recorded_config(checkpoint: Checkpoint) -> dict[str, Any] | None:
    """The config that a file keeps beside its weights; `None` where there is none.

    Example:
        >>> recorded_config(Checkpoint({}, {"config": '{"name": "resnet18"}'}))
        {'name': 'resnet18'}
    """
    try:
        config = json.loads(checkpoint.metadata.get("config", ""))
    except ValueError:  # another program's entry of that name
        return None
    return config if isinstance(config, dict) and config else None


def recorded_constants(checkpoint: Checkpoint) -> Mapping[str, Array]:
    """What the network that a file records computes beside its weights; nothing where it records none."""
    from polynet.builder import build

    config = recorded_config(checkpoint)
    if config is None:
        return {}
    try:
        return constants_of(build(config, backend="shapes")) or {}
    except PolyNetError:  # a network of another version, or of somebody's own
        return {}


def other_network(net: Any, checkpoint: Checkpoint) -> str:
    """What to note where a file records another network than the one its weights go into; `""` where it does not.

    Networks may have the same names and shapes and still differ, in how they pad for one.

    Example:
        >>> net = polynet.build("resnet18", backend="shapes")
        >>> other_network(net, Checkpoint({}, {"config": '{"name": "resnet34"}'}))
        "the file says that its weights are of 'resnet34'; this network is 'resnet18'"
    """
    own = getattr(net, "config", None)
    name = own.get("name") if isinstance(own, Mapping) else None
    theirs = (recorded_config(checkpoint) or {}).get("name")
    if not isinstance(name, str) or not isinstance(theirs, str) or name == theirs:
        return ""
    return f"the file says that its weights are of {theirs!r}; this network is {name!r}"
