"""Vision transformers: `timm.models.vision_transformer`, `.deit`, `torchvision.models.vision_transformer`."""

from __future__ import annotations

from typing import Any

from tests.zoo.reference import Reference


def _row(name: str, size: int = 32, *, eps: float | None = None, **options: Any) -> Reference:
    """A network on small images beside timm's of the same name; what is given beside the size, both are built with."""
    both = {"img_size": size, "depth": 12, **options}
    prefix = int(options.get("class_token", True)) + int("distilled" in name) + options.get("reg_tokens", 0)
    stages = tuple(f"blocks.{index}" for index in range(both["depth"]))
    own = both if eps is None else {**both, "norm_eps": eps}
    # Some names of timm's have no classifier until it is asked for.
    return Reference(
        name, name, size=size, options=own, their_options={**both, "num_classes": 1000}, stages=stages, prefix=prefix
    )


# BaseCls's networks keep its eps, so the option is what makes them timm's.
REFERENCES = (
    _row("vit_tiny_patch16_224", eps=1e-6),
    _row("vit_small_patch32_224", 64, eps=1e-6),
    _row("vit_small_patch16_384", eps=1e-6, depth=2),
    _row("vit_base_patch16_384", eps=1e-6, depth=2),
    _row("vit_large_patch16_224", depth=2),
    _row("vit_huge_patch14_224", 28, depth=2),
    _row("vit_base_patch32_clip_224", 64, depth=3),
    _row("deit_tiny_patch16_224", 48),
    _row("deit_tiny_distilled_patch16_224"),
    _row("deit3_small_patch16_224"),
    _row("vit_small_patch16_224", eps=1e-6, class_token=False, global_pool="avg", init_values=0.1),
    _row("vit_tiny_patch16_224", eps=1e-6, reg_tokens=4, no_embed_class=True, global_pool="avg", fc_norm=False),
    _row("vit_tiny_patch16_224", eps=1e-6, reg_tokens=1, pre_norm=True, qkv_bias=False),
    Reference(
        "vit_base_patch16_224",
        "vit_b_16",
        "torchvision",
        size=32,
        options={"img_size": 32, "norm_eps": 1e-6},
        their_options={"image_size": 32},
        stages=tuple(f"encoder.layers.encoder_layer_{index}" for index in range(12)),
        prefix=1,
    ),
)

COUNTED = {
    name: name
    for name in (
        "vit_tiny_patch16_384",
        "vit_small_patch32_384",
        "vit_base_patch8_224",
        "vit_base_patch16_224",
        "vit_base_patch32_224",
        "vit_base_patch32_384",
        "vit_large_patch16_384",
        "vit_large_patch14_224",
        "vit_large_patch32_384",
        "vit_giant_patch14_224",
        "vit_gigantic_patch14_224",
        "vit_base_patch16_clip_224",
        "vit_large_patch14_clip_224",
        *("deit_small_patch16_224", "deit_base_patch16_224", "deit_base_patch16_384"),
        *("deit_small_distilled_patch16_224", "deit_base_distilled_patch16_224", "deit_base_distilled_patch16_384"),
        *("deit3_small_patch16_384", "deit3_base_patch16_224", "deit3_large_patch16_384"),
        "deit3_medium_patch16_224",
        "deit3_base_patch16_384",
        "deit3_large_patch16_224",
        "deit3_huge_patch14_224",
    )
}
