"""A stage: one of the places in a network where its features can be taken."""

from __future__ import annotations

import attrs


@attrs.frozen
class Stage:
    """What a stage's feature map looks like, known without running the network.

    Attributes:
        name: Attribute path of the module whose output it is: `"s4"`, `"blocks.11"`.
        channels: Channels of the map.
        stride: Pixels of the input that one position of the map stands for, in height and width.

    Example:
        >>> Stage("s4", 2048, 32)
        Stage(name='s4', channels=2048, stride=32)
    """

    name: str
    channels: int
    stride: int
