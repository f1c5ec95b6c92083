"""Which entries of a batch a network is called with."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Mapping
from typing import Any

import attrs

from polynet.errors import InputKeyError, suggest
from polynet.models.networks.train_module import TrainModule
from polynet.types import NativeModule

_NAMED = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
_KEPT = 64
"""Signatures that are kept, since one is asked for every batch."""


@attrs.frozen
class Taken:
    """What a function takes by name.

    Attributes:
        names: Its parameters; `None` where it takes any.
        needed: Those without a default.
    """

    names: tuple[str, ...] | None
    needed: tuple[str, ...] = ()


def entries_for(network: NativeModule, batch: Mapping[str, Any]) -> dict[str, Any]:
    """The entries of a batch that a network takes; all of them where its `forward` has `**kwargs`.

    Of a `TrainModule` without a `forward` of its own, `forward_train` or `forward_test` says what is taken, by the
    present mode.

    Args:
        network: The network.
        batch: Values by name.

    Raises:
        InputKeyError: The batch lacks what the network needs.

    Example:
        >>> class Net(nn.Module):
        ...     def forward(self, img, gt_label=None):
        ...         return img
        >>> net = polynet.build(Net, backend="torch")
        >>> entries_for(net, {"img": 1, "gt_label": 2, "meta": "a.png"})
        {'img': 1, 'gt_label': 2}
        >>> entries_for(net, {"image": 1})
        Traceback (most recent call last):
        ...
        polynet.errors.InputKeyError: Net.forward needs 'img', and the batch has image. Did you mean 'image'?
    """
    function = _called(network)
    taken = _taken(function)
    missing = [name for name in taken.needed if name not in batch]
    if missing:
        have = ", ".join(map(str, batch)) or "nothing"
        called = f"{type(network).__name__}.{getattr(function, '__name__', 'forward')}"
        near = next((hint for name in missing if (hint := suggest(name, batch))), "")
        message = f"{called} needs {', '.join(map(repr, missing))}, and the batch has {have}.{near}"
        raise InputKeyError(message)
    return dict(batch) if taken.names is None else {name: batch[name] for name in batch if name in taken.names}


def _called(network: NativeModule) -> Any:
    """The function whose parameters count."""
    if getattr(network.forward, "__func__", None) is TrainModule.forward:
        return network.forward_train if network.training else network.forward_test
    return network.forward


def _taken(function: Any) -> Taken:
    plain = getattr(function, "__func__", function)
    return _signature(plain, bound=plain is not function)


@functools.lru_cache(_KEPT)
def _signature(function: Any, bound: bool) -> Taken:
    try:
        parameters = list(inspect.signature(function).parameters.values())[bound:]
    except (TypeError, ValueError):  # not written in Python: it says itself what it refuses
        return Taken(None)
    named = [each for each in parameters if each.kind in _NAMED]
    is_open = any(each.kind is inspect.Parameter.VAR_KEYWORD for each in parameters)
    return Taken(
        None if is_open else tuple(each.name for each in named),
        tuple(each.name for each in named if each.default is inspect.Parameter.empty),
    )
