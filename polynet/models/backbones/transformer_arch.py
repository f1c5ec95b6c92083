"""Widths and depths of vision transformers by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from polynet.errors import OptionError
from polynet.models.backbones.base_backbone import known_setting


@attrs.frozen
class TransformerArch:
    """The size of a vision transformer.

    Attributes:
        embed_dims: Width of a token.
        num_layers: Layers.
        num_heads: Heads of each attention.
        feedforward_channels: Width within each feed-forward network.
    """

    embed_dims: int
    num_layers: int
    num_heads: int
    feedforward_channels: int

    def as_dict(self) -> dict[str, int]:
        """As MMPretrain's `arch_settings`."""
        return attrs.asdict(self)


_NAMED: dict[tuple[str, ...], TransformerArch] = {
    # This small one is not DeiT's: eight wide layers.
    ("s", "small"): TransformerArch(768, 8, 8, 2304),
    ("b", "base"): TransformerArch(768, 12, 12, 3072),
    ("l", "large"): TransformerArch(1024, 24, 16, 4096),
    ("h", "huge"): TransformerArch(1280, 32, 16, 5120),
    ("eva-g", "eva-giant"): TransformerArch(1408, 40, 16, 6144),
    ("deit-t", "deit-tiny"): TransformerArch(192, 12, 3, 768),
    ("deit-s", "deit-small", "dinov2-s", "dinov2-small"): TransformerArch(384, 12, 6, 1536),
    ("deit-b", "deit-base"): TransformerArch(768, 12, 12, 3072),
    ("dinov2-g", "dinov2-giant"): TransformerArch(1536, 40, 24, 6144),
}

ARCHITECTURES: dict[str, TransformerArch] = {name: arch for names, arch in _NAMED.items() for name in names}
"""MMPretrain's sizes of `VisionTransformer`."""


def transformer_arch(
    owner: str, arch: str | Mapping[str, Any], known: Mapping[str, TransformerArch] = ARCHITECTURES
) -> TransformerArch:
    """The size that a name stands for, or that a mapping describes.

    Args:
        owner: The network's name, for messages.
        arch: A name, upper or lower case, or a mapping with the four attributes of `TransformerArch`.
        known: Sizes by name.

    Raises:
        UnknownNameError: There is no size of that name.
        OptionError: The mapping lacks an attribute.

    Example:
        >>> transformer_arch("VisionTransformer", "deit-tiny")
        TransformerArch(embed_dims=192, num_layers=12, num_heads=3, feedforward_channels=768)
    """
    if isinstance(arch, str):
        return known_setting(owner, "arch", arch.lower(), known)  # type: ignore[no-any-return]  # an entry of `known`
    wanted = [field.name for field in attrs.fields(TransformerArch)]
    missing = [name for name in wanted if name not in arch] if isinstance(arch, Mapping) else wanted
    if missing:
        message = f"{owner}: arch is a name or a mapping with {', '.join(wanted)}; it lacks {', '.join(missing)}."
        raise OptionError(message)
    return TransformerArch(**{name: arch[name] for name in wanted})
