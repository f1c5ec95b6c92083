"""MMPretrain's shipped configs, as their wheel has them: a few that stand for the forms they come in.

The census of all of them needs the wheel: `python -m tests.census WHEEL`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from polynet.backend import use_backend
from polynet.registry import MODELS
from tests import census

BASES = {
    "_base_/models/resnet50.py": """
model = dict(
    type='ImageClassifier',
    backbone=dict(type='ResNet', depth=50, num_stages=4, out_indices=(3, ), style='pytorch'),
    neck=dict(type='GlobalAveragePooling'),
    head=dict(
        type='LinearClsHead', num_classes=1000, in_channels=2048,
        loss=dict(type='CrossEntropyLoss', loss_weight=1.0), topk=(1, 5)))
""",
    "_base_/default_runtime.py": """
default_scope = 'mmpretrain'
bgr_mean = [103.53, 116.28, 123.675]
train_pipeline = [dict(type='RandAugment', hparams=dict(pad_val=[round(x) for x in bgr_mean]))]
data_preprocessor = dict(num_classes=1000, mean=bgr_mean[::-1], to_rgb=True)
""",
}
FILES = {
    "resnet/resnet50_8xb32_in1k.py": "_base_ = ['../_base_/models/resnet50.py', '../_base_/default_runtime.py']",
    "resnet/resnet50_8xb256-rsb-a1-600e_in1k.py": """
_base_ = ['../_base_/models/resnet50.py', '../_base_/default_runtime.py']
model = dict(
    backbone=dict(norm_cfg=dict(type='SyncBN', requires_grad=True), drop_path_rate=0.05),
    head=dict(loss=dict(
        _delete_=True, type='LabelSmoothLoss', label_smooth_val=0.1, mode='original', use_sigmoid=True)),
    train_cfg=dict(augments=[dict(type='Mixup', alpha=0.2), dict(type='CutMix', alpha=1.0)]))
""",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in {**BASES, **FILES}.items():
        path = tmp_path / "configs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


@pytest.mark.checklist("S3-68")
@pytest.mark.parametrize("config", FILES)
def test_a_chain_of_files_builds_what_mmpretrain_builds(folder: Path, config: str) -> None:
    entry = next(entry for entry in census.read_census() if entry["config"] == config and entry["style"] == "old")
    assert census.judge(entry, folder) == census.Outcome(config, "old", "ResNet", "same")


def test_what_differs_is_told(folder: Path) -> None:
    entry = next(entry for entry in census.read_census() if entry["config"] == next(iter(FILES)))
    wrong = census.judge({**entry, "param_count": 1, "style": "old"}, folder)
    assert wrong.status == "differs"
    assert wrong.detail == f"param_count {entry['param_count']}, not 1"
    (folder / "configs" / entry["config"]).write_text("model = dict(type='ImageClassifier', backbone=dict(type='Rez'))")
    assert census.judge({**entry, "style": "old"}, folder).status == "failed"
    assert census.judge({**entry, "backbone": "Rez"}, folder).status == "missing"
    assert census.judge({**entry, "config": "gone.py"}, folder).status == "absent"


def test_the_summary_counts_and_lists() -> None:
    outcomes = [
        census.Outcome("a.py", "old", "A", "same"),
        census.Outcome("b.py", "old", "B", "missing", "backbone B"),
        census.Outcome("c.py", "old", "C", "failed", "Error: no"),
        census.Outcome("d.py", "new", "A", "absent"),
    ]
    assert census.summarise(outcomes) == [
        "failed: c.py (C): Error: no",
        "missing: backbone B (1)",
        "absent: the files of 1 configs are not in the folder given",
        "1 of 4 classifiers are built the same; 1 of the 2 whose file is there and whose backbone PolyNet has",
    ]


KNOWN: list[dict[str, Any]] = [
    {
        "config": "resnet/resnet18_8xb16_cifar10.py",
        "backbone": {"type": "ResNet_CIFAR", "depth": 18},
        "head": {"type": "LinearClsHead", "num_classes": 10, "in_channels": 512},
    },
    {
        "config": "vgg/vgg13bn_8xb32_in1k.py",
        "backbone": {"type": "VGG", "depth": 13, "norm_cfg": {"type": "BN"}, "num_classes": 1000},
        "neck": None,
        "head": {"type": "ClsHead"},
    },
    {
        "config": "mobilenet_v3/mobilenet-v3-large_8xb128_in1k.py",
        "backbone": {"type": "MobileNetV3", "arch": "large"},
        "head": {
            "type": "StackedLinearClsHead",
            "num_classes": 1000,
            "in_channels": 960,
            "mid_channels": [1280],
            "dropout_rate": 0.2,
            "act_cfg": {"type": "HSwish"},
        },
    },
    {
        "config": "efficientnet/efficientnet-b1_8xb32_in1k.py",
        "backbone": {"type": "EfficientNet", "arch": "b1"},
        "head": {"type": "LinearClsHead", "num_classes": 1000, "in_channels": 1280},
    },
    {
        "config": "resnext/resnext50-32x4d_8xb32_in1k.py",
        "backbone": {"type": "ResNeXt", "depth": 50, "groups": 32, "width_per_group": 4},
        "head": {"type": "LinearClsHead", "num_classes": 1000, "in_channels": 2048},
    },
    {
        "config": "resnet/resnetv1d101_8xb32_in1k.py",
        "backbone": {"type": "ResNetV1d", "depth": 101},
        "head": {"type": "LinearClsHead", "num_classes": 1000, "in_channels": 2048},
    },
    {
        "config": "seresnet/seresnet50_8xb32_in1k.py",
        "backbone": {"type": "SEResNet", "depth": 50},
        "head": {"type": "LinearClsHead", "num_classes": 1000, "in_channels": 2048},
    },
    {
        "config": "vision_transformer/vit-large-p16_64xb64_in1k-384px.py",
        "backbone": {"type": "VisionTransformer", "arch": "l", "img_size": 384, "patch_size": 16},
        "neck": None,
        "head": {"type": "VisionTransformerClsHead", "num_classes": 1000, "in_channels": 1024},
    },
]


@pytest.mark.checklist("S3-5")
@pytest.mark.parametrize("known", KNOWN, ids=lambda known: known["config"])
def test_classifiers_have_mmpretrains_keys_in_its_order(known: dict[str, Any]) -> None:
    entries = [entry for entry in census.read_census() if entry["config"] == known["config"]]
    if not entries:
        pytest.fail(f"the census has no {known['config']}")
    model = {"type": "ImageClassifier", "neck": {"type": "GlobalAveragePooling"}, **known}
    del model["config"]
    with use_backend("shapes"):
        found = census.measured(MODELS.build(model))
    assert found == {key: entries[0][key] for key in found}
