"""Weights named inside a component's config: Scepter's `PRETRAINED_MODEL`, EssentialMC2's `pretrain`."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping
from typing import Any

from polynet.backend import backend_of
from polynet.errors import ConfigTypeError, OptionError, suggest
from polynet.registry.named_weights import WAITING
from polynet.types import NativeModule
from polynet.weights.checkpoint import Checkpoint
from polynet.weights.report import LoadReport

_KEYS = ("path", "sub_level")
_WRAPPER = "module."


def load_pretrained(net: NativeModule, source: Any) -> list[LoadReport]:
    """Load what fits of one checkpoint or several, one after another, and warn of what does not.

    Args:
        net: The component.
        source: A path; a list of them; or a mapping with `path` and `sub_level`, the name of the part of the
            checkpoint to take: `"backbone"` takes `backbone.conv1.weight` as `conv1.weight`.

    Returns:
        A report for each checkpoint; none yet within `waiting()`.

    Raises:
        ConfigTypeError: It is none of these.
        OptionError: The mapping has another key, or nothing in the checkpoint lies under `sub_level`.
        CheckpointError: A file is missing, damaged or unsafe.
        WeightsError: Nothing in it fits.

    Source: EssentialMC2, `load_pretrained_dict`: the prefix `module.` is dropped, and so is what does not fit.
    """
    if (queue := WAITING.get()) is not None:
        queue.append((net, source))
        return []
    if isinstance(source, (list, tuple)):
        return [report for each in source for report in load_pretrained(net, each)]
    if isinstance(source, Mapping):
        unknown = [key for key in source if key not in _KEYS]
        if unknown or "path" not in source:
            message = f"Pretrained weights are given by `path` and `sub_level`, not {sorted(source)}."
            raise OptionError(message + (suggest(unknown[0], _KEYS) if unknown else ""))
        return [_load(net, source["path"], source.get("sub_level"))]
    return [_load(net, source, None)]


def _load(net: NativeModule, path: Any, sub_level: str | None) -> LoadReport:
    from polynet.weights.files import read_checkpoint
    from polynet.weights.transfer import load_state

    if not isinstance(path, (str, os.PathLike)):
        message = (
            f"Pretrained weights are a path, a list of paths or a mapping, not {type(path).__name__} {path!r:.60}."
        )
        raise ConfigTypeError(message)
    arrays = _below(read_checkpoint(path), sub_level, path)
    # A component may know the names that published files of its weights have.
    renamed = getattr(net, "from_published", None)
    if renamed is not None:
        arrays = renamed(arrays)
    # Names that are the network's own need no layout, and those of a network of one's own belong to none that is known.
    own = arrays.keys() & backend_of(net).slots(net).keys()
    report = load_state(net, arrays, layout="polynet" if own else "auto", strict=False)
    if not report.ok:
        warnings.warn(f"{path} does not fit {type(net).__name__} wholly: {report}", UserWarning, stacklevel=2)
    return report


def _below(checkpoint: Checkpoint, sub_level: str | None, path: Any) -> dict[str, Any]:
    """The arrays of a checkpoint; with `sub_level`, those below it by the rest of their names."""
    arrays = checkpoint.tensors
    if arrays and all(name.startswith(_WRAPPER) for name in arrays):
        arrays = {name.removeprefix(_WRAPPER): array for name, array in arrays.items()}
    if not sub_level:
        return arrays
    prefix = sub_level.rstrip(".") + "."
    found = {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}
    if not found:
        parts = sorted({name.partition(".")[0] for name in arrays})
        message = (
            f"{path} has nothing below {sub_level!r}; its parts are {', '.join(parts)}.{suggest(sub_level, parts)}"
        )
        raise OptionError(message)
    return found
