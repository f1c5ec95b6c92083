"""The defaults under BaseCls's config files: what each base class that a file's `Cfg` may derive from brings along.

The values are those of BaseCls 1.0 (basecls/configs/*_cfg.py, Apache-2.0). `NORM_LAYERS` stands in weight-decay rules
for its `NORM_TYPES`, the tuple of all normalisation layers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from polynet.config.merging import merged

INFINITY = float("inf")
NORM_LAYERS = "NORM_TYPES"

BASE: dict[str, Any] = {
    "trainer_name": "ClsTrainer",
    "hooks_name": "DefaultHooks",
    "weights": None,
    "output_dir": None,
    "batch_size": 32,
    "num_classes": 1000,
    "preprocess": {
        "img_size": 224,
        "img_color_space": "BGR",
        "img_mean": (103.530, 116.280, 123.675),
        "img_std": (57.375, 57.12, 58.395),
    },
    "test": {"img_size": 224, "crop_pct": 0.875},
    "bn": {"precise_every_n_epoch": INFINITY, "num_samples_precise": 8192},
    "loss": {"name": "CrossEntropy", "label_smooth": 0.0},
    "augments": {
        "name": "ColorAugment",
        "resize": {"scale_range": (0.08, 1.0), "ratio_range": (3 / 4, 4 / 3), "interpolation": "bilinear"},
        "color_aug": {"brightness": 0.4, "contrast": 0.4, "saturation": 0.4, "lighting": 0.1},
        "rand_aug": {"magnitude": 9, "magnitude_std": 0.5, "prob": 0.5, "n_ops": 2},
        "rand_erase": {"prob": 0.0, "scale_range": (0.02, 1 / 3), "ratio": 0.3, "mode": "const", "count": 1},
        "mixup": {
            "mixup_alpha": 0.0,
            "cutmix_alpha": 0.0,
            "cutmix_minmax": None,
            "prob": 1.0,
            "switch_prob": 0.5,
            "mode": "batch",
            "calibrate_cutmix_lambda": True,
            "calibrate_mixup_lambda": False,
            "permute": False,
        },
    },
    "data": {"name": "FolderLoader", "train_path": None, "val_path": None, "num_workers": 6},
    "solver": {
        "name": "DefaultSolver",
        "optimizer": "sgd",
        "basic_lr": 0.0125,
        "lr_min_factor": 0,
        "momentum": 0.9,
        "weight_decay": 1e-4,
        "nesterov": False,
        "betas": (0.9, 0.999),
        "always_adapt": False,
        "max_epoch": 100,
        "warmup_epochs": 5,
        "warmup_factor": 0.1,
        "lr_schedule": "step",
        "lr_decay_factor": 0.1,
        "lr_decay_steps": (30, 60, 90),
        "grad_clip": {"name": None, "max_norm": INFINITY, "lower": -INFINITY, "upper": INFINITY},
        "accumulation_steps": 1,
    },
    "model_ema": {"enabled": False, "momentum": 0.9999, "update_period": 1, "start_epoch": None, "alpha": None},
    "amp": {"enabled": False, "dynamic_scale": False},
    "fastrun": False,
    "dtr": False,
    "log_every_n_iter": 20,
    "tb_every_n_iter": 20,
    "save_every_n_epoch": 10,
    "eval_every_n_epoch": 1,
    "trace": False,
    "seed": 42,
}

_SMOOTH: dict[str, Any] = {"loss": {"label_smooth": 0.1}}
_PRECISE: dict[str, Any] = {"bn": {"precise_every_n_epoch": 1}}
_STRONG_AUGMENTS: dict[str, Any] = {
    "augments": {
        "name": "RandAugment",
        "resize": {"interpolation": "bicubic"},
        "rand_erase": {"prob": 0.25, "mode": "pixel"},
    }
}
_MIXED: dict[str, Any] = {"augments": {"mixup": {"mixup_alpha": 0.8, "cutmix_alpha": 1.0}}}
_SLOW_COLOUR: dict[str, Any] = {"augments": {"color_aug": {"lighting": 0.0}}}


def _decay(rate: float, *exempt: str) -> tuple[Any, ...]:
    """A weight decay from which some parameters are exempt, biases and normalisation layers always."""
    return (*((0, name) for name in (*exempt, "bias", NORM_LAYERS)), rate)


def _cosine(learning_rate: float, weight_decay: Any, **more: Any) -> dict[str, Any]:
    """A solver with the cosine schedule."""
    return {"solver": {"basic_lr": learning_rate, "weight_decay": weight_decay, "lr_schedule": "cosine", **more}}


def _average(momentum: float) -> dict[str, Any]:
    """Model averaging, switched on."""
    return {"model_ema": {"enabled": True, "momentum": momentum}}


def _layered(*layers: Mapping[str, Any]) -> dict[str, Any]:
    """Mappings laid over `BASE`, the later over the earlier."""
    result = BASE
    for layer in layers:
        result = merged(result, layer)
    return result


def _transformer(name: str, *layers: Mapping[str, Any]) -> dict[str, Any]:
    """What the networks without convolutions share."""
    return _layered(_SMOOTH, _STRONG_AUGMENTS, _MIXED, {"batch_size": 64, "model": {"name": name}}, *layers)


def _residual(name: str) -> dict[str, Any]:
    """What ResNets and RegNets share: all but the name."""
    return _layered(
        _PRECISE,
        _SMOOTH,
        _STRONG_AUGMENTS,
        _cosine(0.025, _decay(2e-5), nesterov=True, max_epoch=300),
        _average(0.99998),
        {
            "model": {"name": name},
            "test": {"crop_pct": 224 / 232},
            "augments": {
                "rand_aug": {"magnitude": 7},
                "rand_erase": {"prob": 0.1},
                "mixup": {"mixup_alpha": 0.2, "cutmix_alpha": 1.0},
            },
        },
    )


_EFFNET = _layered(
    _PRECISE,
    _SMOOTH,
    _STRONG_AUGMENTS,
    _cosine(0.05, _decay(1e-5), nesterov=True, max_epoch=350),
    _average(0.99998),
    {"model": {"name": "EffNet"}},
)

BASECLS_BASES: dict[str, Mapping[str, Any]] = {
    "ConfigDict": {},
    "BaseConfig": BASE,
    "ResNetConfig": _residual("ResNet"),
    "RegNetConfig": _residual("RegNet"),
    "HRNetConfig": _layered(_PRECISE, _cosine(0.025, 5e-5, nesterov=True), {"model": {"name": "HRNet"}}),
    "VGGConfig": _layered(_PRECISE, _cosine(0.025, _decay(5e-5), nesterov=True), {"model": {"name": "VGG"}}),
    "EffNetConfig": _EFFNET,
    "EffNetLiteConfig": merged(
        _EFFNET,
        {"augments": {"name": "ColorAugment", "resize": {"interpolation": "bilinear"}, "rand_erase": {"prob": 0.0}}},
    ),
    "MBConfig": _layered(
        _PRECISE,
        _SMOOTH,
        _SLOW_COLOUR,
        _cosine(0.05, _decay(4e-5), nesterov=True, max_epoch=150),
        {"model": {"name": "MBNet"}, "batch_size": 128},
    ),
    "SNetConfig": _layered(
        _PRECISE,
        _SMOOTH,
        _SLOW_COLOUR,
        _cosine(0.0625, _decay(4e-5), max_epoch=240, warmup_epochs=0),
        {"batch_size": 128, "solver": {"lr_schedule": "linear"}},
    ),
    "RepVGGConfig": _layered(
        _PRECISE,
        _cosine(0.025, ((0, "bn"), (0, "bias"), 1e-4), max_epoch=120),  # the identity branches' norms do decay
        {"model": {"name": "RepVGG"}, "batch_size": 64, "augments": {"name": "SimpleAugment"}},
    ),
    "ViTConfig": _transformer(
        "ViT",
        _cosine(6.25e-5, _decay(0.05, "pos_embed", "cls_token"), optimizer="adamw", lr_min_factor=1e-2),
        {"solver": {"max_epoch": 300, "warmup_epochs": 20, "warmup_factor": 1e-3}},
        _average(0.99996),
    ),
    "SwinConfig": _transformer(
        "Swin",
        _cosine(1.25e-4, _decay(0.05, "abs_pos_embed", "rel_pos_bias_table"), optimizer="adamw", lr_min_factor=1e-2),
        {"solver": {"max_epoch": 300, "warmup_epochs": 20, "warmup_factor": 1e-3, "accumulation_steps": 2}},
        {"solver": {"grad_clip": {"name": "norm", "max_norm": 5.0}}},
    ),
    "ResMLPConfig": _transformer(
        "ResMLP",
        _cosine(6.25e-4, ((0, "bias"), (0, "gamma"), (0, NORM_LAYERS), (0, "Affine"), 0.2), optimizer="lamb"),
        {"solver": {"lr_min_factor": 1e-2, "max_epoch": 400, "warmup_factor": 1e-3}, "test": {"crop_pct": 0.9}},
        _average(0.99996),
    ),
}
"""Defaults by the name of the base class. A package with base classes of its own adds them here."""
