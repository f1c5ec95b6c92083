"""Blocks that run one after another under BaseCls's names, `b1`, `b2` and so on."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from typing import Any

from polynet import nn


class Chain(nn.Sequential):
    """A sequence whose members are called `b1`, `b2` and so on instead of `0`, `1`.

    Args:
        blocks: The members.
        **after: Members that follow, under names of their own.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     stage = Chain([polynet.nn.ReLU(), polynet.nn.Tanh()], pool=polynet.nn.MaxPool2d(2))
        >>> [name for name, _ in stage.named_children()]
        ['b1', 'b2', 'pool']
    """

    def __init__(self, blocks: Iterable[Any], **after: Any) -> None:
        named = {f"b{index}": block for index, block in enumerate(blocks, start=1)}
        super().__init__(OrderedDict({**named, **after}))
