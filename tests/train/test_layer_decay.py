"""Learning rates by depth: as the network says, or by its structure."""

from __future__ import annotations

import pytest

import polynet
from polynet import nn
from polynet.backend import Backend
from polynet.errors import OptionError
from polynet.models.networks.image_classifier import ImageClassifier
from polynet.train.layer_decay import block_of, structural_depths
from polynet.train.parameter_groups import trained_parameters
from tests.train.test_parameter_groups import built, differing, table


class Depths(nn.Module):
    """A network that says how deep its layers lie."""

    def __init__(self) -> None:
        super().__init__()
        self.patch = nn.Linear(2, 2)
        self.layers = nn.Sequential(nn.Linear(2, 2), nn.LayerNorm(2))
        self.head = nn.Linear(2, 2)

    def get_layer_depth(self, param_name: str) -> tuple[int, int]:
        parts = param_name.split(".")
        return (0 if parts[0] == "patch" else 3 if parts[0] == "head" else int(parts[1]) + 1), 4


LAYER_DECAY = "LearningRateDecayOptimWrapperConstructor"


def test_learning_rates_fall_with_the_depth_that_the_network_says(backend: Backend) -> None:
    rules = {"layer_decay_rate": 0.5, "norm_decay_mult": 0.0, "flat_decay_mult": 0.4}
    wrapper = built(Depths(), rules, constructor=LAYER_DECAY)
    rates = table(wrapper, "lr")
    assert {name: rates[f"{name}.weight"] for name in ("patch", "layers.0", "layers.1", "head")} == pytest.approx(
        {"patch": 0.0125, "layers.0": 0.025, "layers.1": 0.05, "head": 0.1}
    )
    assert differing(wrapper, "weight_decay", 0.05) == pytest.approx(
        {
            **dict.fromkeys(("patch.bias", "layers.0.bias", "head.bias"), 0.02),
            **dict.fromkeys(("layers.1.weight", "layers.1.bias"), 0.0),
        }
    )


def test_the_structure_stands_in_where_a_network_does_not_say_its_depths(backend: Backend) -> None:
    net = polynet.build({"model": {"name": "resnet18"}, "num_classes": 3}, seed=0)
    depths = structural_depths(net)
    found = {depths(parameter.name)[0] for parameter in trained_parameters(net)}
    assert found == set(range(10))
    assert depths(trained_parameters(net)[0].name) == (0, 10)
    assert depths(trained_parameters(net)[-1].name) == (9, 10)


def test_a_classifier_around_a_backbone_that_does_not_say_goes_by_structure(backend: Backend) -> None:
    config = {"type": "ResNet", "depth": 18}
    head = {"type": "LinearClsHead", "in_channels": 512, "num_classes": 3}
    net = ImageClassifier(backbone=config, neck={"type": "GlobalAveragePooling"}, head=head)
    rates = table(built(net, {"layer_decay_rate": 0.5}, constructor=LAYER_DECAY), "lr")
    assert rates["head.fc.weight"] == 0.1
    assert rates["backbone.conv1.weight"] == pytest.approx(0.1 * 0.5**9)
    assert rates["backbone.layer4.1.conv2.weight"] == pytest.approx(0.05)


def test_the_structure_of_a_vision_transformer_gives_mmpretrains_depths(backend: Backend) -> None:
    backbone = {"type": "VisionTransformer", "arch": "deit-tiny", "img_size": 32, "patch_size": 16}
    head = {"type": "VisionTransformerClsHead", "in_channels": 192, "num_classes": 3}
    net = ImageClassifier(backbone=backbone, head=head)
    depths = structural_depths(net)
    for name in (parameter.name for parameter in trained_parameters(net)):
        parts = name.split(".")
        first = parts[1] in ("cls_token", "pos_embed", "patch_embed")
        assert depths(name) == (
            0 if first else int(parts[2]) + 1 if parts[1] == "layers" and parts[0] == "backbone" else 13,
            14,
        )


@pytest.mark.parametrize(
    ("name", "block"),
    [
        ("layers.3.attn.qkv.weight", "layers.3"),
        ("backbone.layer1.0.downsample.0.weight", "backbone.layer1.0"),
        ("stages.1.blocks.2.conv.weight", "stages.1.blocks.2"),
        ("stages.1.2.conv.weight", "stages.1.2"),
        ("stages.1.downsample.reduction.weight", "stages.1"),
        ("s3.b12.a_bn.weight", "s3.b12"),
        ("layers.3.ffn.layers.0.0.weight", "layers.3"),
        ("blocks.0.norm1.weight", "blocks.0"),
        ("head.classifier.3.weight", None),
        ("conv1.weight", None),
        ("cls_token", None),
    ],
)
def test_a_block_is_what_a_number_names(name: str, block: str | None) -> None:
    assert block_of(name) == block


def test_a_depth_that_is_none_is_said(backend: Backend) -> None:
    net = Depths()
    type(net).get_layer_depth, kept = (lambda self, param_name: (5, 4)), type(net).get_layer_depth  # type: ignore[method-assign]
    try:
        with pytest.raises(OptionError, match=r"get_layer_depth\('patch.weight'\).*not \(5, 4\)"):
            built(net, {"layer_decay_rate": 0.5}, constructor=LAYER_DECAY)
    finally:
        type(net).get_layer_depth = kept  # type: ignore[method-assign]


def test_layer_decay_has_no_other_multiplier_of_the_learning_rate(backend: Backend) -> None:
    for rules in ({"custom_keys": {"head": {"lr_mult": 2.0}}}, {"bias_lr_mult": 2.0}, {"layer_decay_rate": 0.0}):
        with pytest.raises(OptionError):
            built(Depths(), rules, constructor=LAYER_DECAY)
