"""Layouts of the vision transformers ViT, DeiT, EVA, CaiT and LeViT.

The names are facts of torchvision 0.29 (`torchvision.models.vision_transformer`) and timm 1.0
(`timm.models.vision_transformer`, `.deit`, `.eva`, `.cait`, `.levit`), read from their models' state dictionaries.
"""

from __future__ import annotations

from typing import Any

from polynet.weights.layouts.layout import Layout, Rule

_BLOCK = "blocks.{block}."
_ENCODER = "encoder.layers.encoder_layer_{block}."

_LEVIT_PARTS = (
    *(f"{attn}.{{leaf}}" for attn in ("blocks.{block}.attn", "downsample.attn_downsample")),
    *(f"blocks.{{block}}.attn.{part}" for part in ("qkv", "proj.ln")),
    *(f"downsample.attn_downsample.{part}" for part in ("kv", "q.ln", "proj.ln")),
    *(f"{block}.mlp.ln{{item}}" for block in ("blocks.{block}", "downsample")),
)
_LEVIT = (
    *(
        Rule(f"{place}.{part}.{{leaf}}", f"{place}.{part}.{{leaf}}")
        for place in ("stem.conv{item}", "head", "head_dist")
        for part in ("linear", "bn")
    ),
    *(
        Rule(f"layers.{{stage}}.{place}{rest}", f"stages.{{stage}}.{place}{rest}")
        for place in _LEVIT_PARTS
        for rest in (("",) if place.endswith("{leaf}") else (".linear.{leaf}", ".bn.{leaf}"))
    ),
)


def _same(name: str, family: str, *patterns: str, source: str) -> Layout:
    """The layout of a family whose names PolyNet took over as they are."""
    return Layout(name, family, tuple(Rule(pattern, pattern) for pattern in patterns), source=source)


def _timm_eps(net: Any) -> float:
    """CLIP's towers, which normalise the tokens first, have another epsilon than all others."""
    return 1e-6 if net.norm_pre is None else 1e-5


LAYOUTS = (
    Layout(
        "timm",
        "vit",
        (
            Rule("cls_token", "cls_token"),
            Rule("dist_token", "dist_token"),
            Rule("reg_token", "reg_token"),
            Rule("pos_embed", "pos_embed"),
            Rule("patch_embed.proj.{leaf}", "patch_embed.proj.{leaf}"),
            Rule(_BLOCK + "norm1.{leaf}", _BLOCK + "norm1.{leaf}"),
            Rule(_BLOCK + "attn.qkv.{leaf}", _BLOCK + "attn.qkv.{leaf}"),
            Rule(_BLOCK + "attn.proj.{leaf}", _BLOCK + "attn.proj.{leaf}"),
            Rule(_BLOCK + "ls1.gamma", _BLOCK + "ls1.gamma"),
            Rule(_BLOCK + "norm2.{leaf}", _BLOCK + "norm2.{leaf}"),
            Rule(_BLOCK + "ffn.fc1.{leaf}", _BLOCK + "mlp.fc1.{leaf}"),
            Rule(_BLOCK + "ffn.fc2.{leaf}", _BLOCK + "mlp.fc2.{leaf}"),
            Rule(_BLOCK + "ls2.gamma", _BLOCK + "ls2.gamma"),
            Rule("norm_pre.{leaf}", "norm_pre.{leaf}"),
            Rule("norm.{leaf}", "norm.{leaf}"),
            Rule("fc_norm.{leaf}", "fc_norm.{leaf}"),
            Rule("head.{leaf}", "head.{leaf}"),
            Rule("head_dist.{leaf}", "head_dist.{leaf}"),
        ),
        norm_eps=_timm_eps,
        source="timm.models.vision_transformer, timm.models.deit",
    ),
    _same(
        "timm",
        "eva",
        *("cls_token", "pos_embed", "patch_embed.proj.{leaf}", "fc_norm.{leaf}", "norm.{leaf}", "head.{leaf}"),
        *(_BLOCK + part + ".{leaf}" for part in ("norm1", "norm2", "attn", "mlp.norm")),
        *(_BLOCK + f"attn.{part}.{{leaf}}" for part in ("qkv", "q_proj", "k_proj", "v_proj", "proj")),
        *(_BLOCK + f"mlp.{part}.{{leaf}}" for part in ("fc1", "fc1_g", "fc1_x", "fc2")),
        source="timm.models.eva",
    ),
    _same(
        "timm",
        "beit",
        *("cls_token", "pos_embed", "patch_embed.proj.{leaf}", "fc_norm.{leaf}", "norm.{leaf}", "head.{leaf}"),
        *(_BLOCK + part for part in ("{leaf}", "attn.{leaf}")),
        *(_BLOCK + part + ".{leaf}" for part in ("norm1", "norm2", "attn.qkv", "attn.proj", "mlp.fc1", "mlp.fc2")),
        source="timm.models.beit",
    ),
    _same(
        "timm",
        "cait",
        *("cls_token", "pos_embed", "patch_embed.proj.{leaf}", "norm.{leaf}", "head.{leaf}"),
        *(
            blocks + part
            for blocks in (_BLOCK, "blocks_token_only.{block}.")
            for part in (
                *("{leaf}", "norm1.{leaf}", "norm2.{leaf}", "mlp.fc1.{leaf}", "mlp.fc2.{leaf}"),
                *(f"attn.{part}.{{leaf}}" for part in ("qkv", "q", "k", "v", "proj", "proj_l", "proj_w")),
            )
        ),
        source="timm.models.cait",
    ),
    Layout("timm", "levit", _LEVIT, source="timm.models.levit"),
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
        norm_eps=1e-6,
        source="torchvision.models.vision_transformer",
    ),
)
