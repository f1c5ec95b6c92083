"""Parts that follow one another: a list where a config usually has one."""

from __future__ import annotations

from typing import Any

from polynet.models.base_module import Sequential
from polynet.models.fit import width_of
from polynet.registry import build_part


def build_chain(kind: str, config: Any, path: str) -> Any:
    """Build a part of a network, or of a list of configs all of them, which then follow one another.

    Args:
        kind: The kind wanted, such as `"neck"`.
        config: As `build_part` takes it, or a list of such.
        path: The key under which it stands, for messages: they read `neck[1]: …`.

    Returns:
        The part; a `Chain` for a list; `None` for `None`.

    Raises:
        PolyNetError: A part cannot be built.

    Source: MMEngine, whose registry makes a sequence of a list; MMPretrain's configs of HRNet have such a neck.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     neck = build_chain("neck", [{"type": "GlobalAveragePooling"}, {"type": "Identity"}], "neck")
        >>> tuple(neck((ops.ones((2, 8, 3, 3)),))[0].shape)
        (2, 8)
    """
    if not isinstance(config, (list, tuple)):
        return build_part(kind, config, path)
    return Chain(*[build_part(kind, each, f"{path}[{index}]") for index, each in enumerate(config)])


class Chain(Sequential):
    """Parts that follow one another, and how wide what comes out is.

    Args:
        *args: The parts.
        init_cfg: As `BaseModule`.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     chain = build_chain("neck", [{"type": "LinearNeck", "in_channels": 8, "out_channels": 4}], "neck")
        >>> chain.out_channels(8)
        4
    """

    def out_channels(self, in_channels: int | None) -> int | None:
        """The width of what comes out; `None` where the parts do not say."""
        width = in_channels
        for part in self:
            width = width_of(part, width)
        return width
