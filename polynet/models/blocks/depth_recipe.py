"""The initial weights of BEiT and of EVA, which took them over."""

from __future__ import annotations

import math

from polynet.nn.initialisers import Constant, FanInUniform, KaimingUniform, TruncatedNormal
from polynet.nn.recipe import Recipe


def depth_recipe(depth: int) -> Recipe:
    """Truncated normal with 0.02; what a block adds to its input the smaller the later the block; a tiny head.

    Args:
        depth: Blocks.

    Source: Bao et al. 2021, arXiv:2106.08254, as timm has it.

    Example:
        >>> dict(depth_recipe(1).named)["head.weight"].std
        2e-05
    """
    outputs = [
        (f"blocks.{index}.{layer}.weight", TruncatedNormal(0.02 / math.sqrt(2.0 * (index + 1))))
        for index in range(depth)
        for layer in ("attn.proj", "mlp.fc2")
    ]
    return Recipe(
        convolution=KaimingUniform(math.sqrt(5)),
        linear=TruncatedNormal(0.02),
        bias=Constant(0.0),
        named=(
            *((name, TruncatedNormal(0.02)) for name in ("cls_token", "pos_embed")),
            ("patch_embed.proj.bias", FanInUniform()),
            ("head.weight", TruncatedNormal(0.02 * 0.001)),
            *outputs,
        ),
    )
