"""Layouts of the vision transformers ViT and DeiT.

The names are facts of torchvision 0.29 (`torchvision.models.vision_transformer`) and timm 1.0
(`timm.models.vision_transformer`, `.deit`), read from the state dictionaries of their models.
"""

from __future__ import annotations

from polynet.weights.layouts.layout import Layout, Rule

_BLOCK = "blocks.{block}."
_ENCODER = "encoder.layers.encoder_layer_{block}."

LAYOUTS = (
    Layout(
        "timm",
        "vit",
        (
            Rule("cls_token", "cls_token"),
            Rule("dist_token", "dist_token"),
            Rule("pos_embed", "pos_embed"),
            Rule("patch_embed.proj.{leaf}", "patch_embed.proj.{leaf}"),
            Rule(_BLOCK + "norm1.{leaf}", _BLOCK + "norm1.{leaf}"),
            Rule(_BLOCK + "attn.qkv.{leaf}", _BLOCK + "attn.qkv.{leaf}"),
            Rule(_BLOCK + "attn.proj.{leaf}", _BLOCK + "attn.proj.{leaf}"),
            Rule(_BLOCK + "norm2.{leaf}", _BLOCK + "norm2.{leaf}"),
            Rule(_BLOCK + "ffn.fc1.{leaf}", _BLOCK + "mlp.fc1.{leaf}"),
            Rule(_BLOCK + "ffn.fc2.{leaf}", _BLOCK + "mlp.fc2.{leaf}"),
            Rule("norm.{leaf}", "norm.{leaf}"),
            Rule("head.{leaf}", "head.{leaf}"),
            Rule("head_dist.{leaf}", "head_dist.{leaf}"),
        ),
        source="timm.models.vision_transformer, timm.models.deit",
    ),
    Layout(
        "torchvision",
        "vit",
        (
            Rule("cls_token", "class_token"),
            Rule("pos_embed", "encoder.pos_embedding"),
            Rule("patch_embed.proj.{leaf}", "conv_proj.{leaf}"),
            Rule(_BLOCK + "norm1.{leaf}", _ENCODER + "ln_1.{leaf}"),
            # One stacked projection there too, but as bare parameters of the attention.
            Rule(_BLOCK + "attn.qkv.{leaf}", _ENCODER + "self_attention.in_proj_{leaf}"),
            Rule(_BLOCK + "attn.proj.{leaf}", _ENCODER + "self_attention.out_proj.{leaf}"),
            Rule(_BLOCK + "norm2.{leaf}", _ENCODER + "ln_2.{leaf}"),
            Rule(_BLOCK + "ffn.fc1.{leaf}", _ENCODER + "mlp.0.{leaf}"),
            Rule(_BLOCK + "ffn.fc2.{leaf}", _ENCODER + "mlp.3.{leaf}"),
            Rule("norm.{leaf}", "encoder.ln.{leaf}"),
            Rule("head.{leaf}", "heads.head.{leaf}"),
        ),
        source="torchvision.models.vision_transformer",
    ),
)
