"""The keys beside `model` in a config: most belong to a trainer, so that only what looks like a slip is refused."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable

from polynet.config.basecls import BASE
from polynet.errors import ConfigKeyError

READ = ("num_classes", "device")
"""What building reads beside `model`."""

OTHERS = (*BASE, "model", "classes", "devices", "device_ids")
"""Keys that trainers read: BaseCls's, and those of others that lie near to one that is read."""

NEAR = 0.8
"""How alike, as `difflib` counts, a key must be to be taken for a slip."""


def check_top_level(keys: Iterable[object]) -> None:
    """Refuse a key that is one of those that building reads, misspelt; any other may be a trainer's.

    Args:
        keys: The keys of a config that has `model`.

    Raises:
        ConfigKeyError: A key is nearly `num_classes` or `device`.

    Example:
        >>> check_top_level(["model", "num_classes", "optim_wrapper"])
        >>> check_top_level(["model", "num_clases"])
        Traceback (most recent call last):
        ...
        polynet.errors.ConfigKeyError: The config's key 'num_clases' is read by nothing. Did you mean 'num_classes'?
    """
    refuse_slips(keys, READ, OTHERS)


def refuse_slips(keys: Iterable[object], read: Collection[str], others: Collection[str] = ()) -> None:
    """Refuse a key that is nearly one of those that are read; what is like none of them may be anything's.

    Args:
        keys: The keys of a config.
        read: Those that are read.
        others: Further keys that are right.

    Raises:
        ConfigKeyError: A key is nearly one that is read.

    Example:
        >>> refuse_slips(["param_schedular"], ["param_scheduler", "optim_wrapper"])
        Traceback (most recent call last):
        ...
        polynet.errors.ConfigKeyError: The config's key 'param_schedular' is read by nothing. Did you mean ...
    """
    for key in keys:
        if not isinstance(key, str) or key in read or key in others:
            continue
        near = difflib.get_close_matches(key.casefold(), read, n=1, cutoff=NEAR)
        if near:
            message = f"The config's key {key!r} is read by nothing. Did you mean {near[0]!r}?"
            raise ConfigKeyError(message)
