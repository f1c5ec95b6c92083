"""MMPretrain's ResNet: its options, and its hooks for backbones that derive from it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import polynet
from polynet import nn, ops
from polynet.backend import Backend, use_backend
from polynet.errors import OptionError, UnknownNameError
from polynet.models.backbones.resnet import ResNet
from polynet.models.backbones.resnet_variants import ResNet_CIFAR
from polynet.models.bricks.convolution import build_conv_layer
from polynet.models.bricks.normalisation import build_norm_layer
from polynet.registry import BACKBONES, MODELS, temporary
from tests.models.twins import assert_twins

TINY: dict[str, Any] = {"stem_channels": 8, "base_channels": 8}


def images(side: int = 32, batch: int = 2) -> np.ndarray[Any, Any]:
    return np.random.standard_normal((batch, 3, side, side)).astype(np.float32)


def shapes_of(net: Any, side: int = 64) -> list[tuple[int, ...]]:
    outs = net.eval()(ops.tensor(images(side)))
    assert isinstance(outs, tuple)
    return [tuple(out.shape) for out in outs]


def trainable(net: Any, backend: Backend) -> set[str]:
    return {name for name, slot in backend.slots(net).items() if slot.trainable}


@pytest.mark.checklist("S3-21")
@pytest.mark.parametrize(("depth", "blocks"), [(18, 8), (34, 16), (50, 16), (101, 33), (152, 50)])
def test_depths_have_as_many_blocks_as_the_paper(depth: int, blocks: int) -> None:
    with use_backend("shapes"):
        net = ResNet(depth)
        assert sum(len(getattr(net, name)) for name in net.res_layers) == blocks
        assert [tuple(out.shape) for out in net(ops.zeros((1, 3, 64, 64)))] == [(1, 512 if depth < 50 else 2048, 2, 2)]


@pytest.mark.checklist("S3-21")
def test_another_depth_is_refused_naming_those_there_are(backend: Backend) -> None:
    with pytest.raises(UnknownNameError, match="ResNet has no depth 51; there are 18, 34, 50, 101, 152"):
        ResNet(51)


@pytest.mark.checklist("S3-26", "S3-32")
def test_a_tuple_of_the_stages_asked_for_is_returned(backend: Backend) -> None:
    net = ResNet(18, num_stages=4, out_indices=(0, 2, 3), style="pytorch", **TINY)
    assert shapes_of(net) == [(2, 8, 16, 16), (2, 32, 4, 4), (2, 64, 2, 2)]
    assert net.out_indices == (0, 2, 3)
    assert net.out_channels == 64


@pytest.mark.checklist("S3-27")
def test_one_stage_comes_in_a_tuple_of_one(backend: Backend) -> None:
    assert shapes_of(ResNet(18, **TINY)) == [(2, 64, 2, 2)]


@pytest.mark.checklist("S3-32")
@pytest.mark.parametrize(("style", "strides"), [("pytorch", (1, 2)), ("caffe", (2, 1))])
def test_style_says_which_convolution_has_the_stride(backend: Backend, style: str, strides: tuple[int, int]) -> None:
    block = ResNet(50, style=style, **TINY).layer2[0]
    x = ops.tensor(np.zeros((1, 32, 8, 8), np.float32))
    assert (8 // block.conv1(x).shape[2], 8 // block.conv2(block.conv1(x)).shape[2] // strides[0]) == strides
    with pytest.raises(OptionError, match="style is 'pytorch' or 'caffe'"):
        ResNet(50, style="tf")


@pytest.mark.checklist("S3-22", "S3-31")
def test_the_cifar_stem_keeps_the_size(backend: Backend) -> None:
    net = MODELS.build({"type": "ResNet_CIFAR", "depth": 18, "out_indices": (0, 3), **TINY})
    assert isinstance(net, ResNet_CIFAR)
    assert shapes_of(net, 32) == [(2, 8, 32, 32), (2, 64, 4, 4)]
    assert net.conv1.kernel_size in (3, (3, 3))
    assert not any(isinstance(part, nn.MaxPool2d) for part in net.modules())


@pytest.mark.checklist("S3-23")
def test_the_cifar_net_has_no_deep_stem(backend: Backend) -> None:
    with pytest.raises(OptionError, match="does not support deep_stem"):
        ResNet_CIFAR(18, deep_stem=True)


@pytest.mark.checklist("S3-20", "S3-24", "S3-28", "S3-31")
def test_a_backbone_derives_from_resnet_by_its_hooks(backend: Backend) -> None:
    with temporary():

        @MODELS.register_module()
        class SmallStem(ResNet):
            def __init__(self, depth: int, deep_stem: bool = False, **options: Any) -> None:
                super().__init__(depth, deep_stem=deep_stem, **options)
                assert not self.deep_stem

            def _make_stem_layer(self, in_channels: int, base_channels: int) -> None:
                self.conv1 = build_conv_layer(
                    self.conv_cfg, in_channels, base_channels, kernel_size=3, stride=1, padding=1, bias=False
                )
                self.norm1_name, norm1 = build_norm_layer(self.norm_cfg, base_channels, postfix=1)
                self.add_module(self.norm1_name, norm1)
                self.relu = nn.ReLU(inplace=True)

            def forward(self, x: Any) -> tuple[Any, ...]:
                x = self.relu(self.norm1(self.conv1(x)))
                outs = []
                for index, name in enumerate(self.res_layers):
                    x = getattr(self, name)(x)
                    if index in self.out_indices:
                        outs.append(x)
                return tuple(outs)

            def init_weights(self) -> None:
                super().init_weights()
                if self.init_cfg is not None and self.loads_checkpoint:
                    return
                self.touched = True

        net = MODELS.build({"type": "SmallStem", "depth": 18, "out_indices": (3,), **TINY})
        assert net.norm1_name == "bn1"
        assert net.norm1 is net.bn1
        assert shapes_of(net, 32) == [(2, 64, 4, 4)]
        net.init_weights()
        assert net.touched
        assert set(backend.slots(net)) == set(backend.slots(ResNet_CIFAR(18, **TINY)))


@pytest.mark.checklist("S3-25")
def test_configs_choose_convolutions_and_normalisations(backend: Backend) -> None:
    net = ResNet(
        18, conv_cfg={"type": "Conv2dAdaptivePadding"}, norm_cfg={"type": "GN", "num_groups": 4, "eps": 1e-3}, **TINY
    )
    assert type(net.conv1).__name__ == "Conv2dAdaptivePadding"
    assert isinstance(net.layer1[0].gn2, nn.GroupNorm)
    assert net.layer1[0].gn2.eps == pytest.approx(1e-3)
    assert not any(isinstance(part, nn.BatchNorm2d) for part in net.modules())
    assert shapes_of(net) == [(2, 64, 2, 2)]


@pytest.mark.checklist("S3-24")
def test_norms_are_named_by_kind_and_postfix(backend: Backend) -> None:
    named = {kind: build_norm_layer({"type": kind}, 4, postfix=2) for kind in ("BN", "SyncBN", "LN", "IN", "LN2d")}
    assert {kind: name for kind, (name, _) in named.items()} == {
        "BN": "bn2",
        "SyncBN": "bn2",
        "LN": "ln2",
        "IN": "in2",
        "LN2d": "ln2",
    }
    with pytest.raises(OptionError, match="num_groups"):
        build_norm_layer({"type": "GN"}, 4)
    with pytest.raises(UnknownNameError, match="Did you mean 'BN'"):
        build_norm_layer({"type": "bN"}, 4)


def test_frozen_stages_are_not_trained_and_stay_in_evaluation_mode(backend: Backend) -> None:
    net = ResNet(18, frozen_stages=1, **TINY).train()
    assert not {name for name in trainable(net, backend) if name.startswith(("conv1", "bn1", "layer1"))}
    assert {name.split(".")[0] for name in trainable(net, backend)} == {"layer2", "layer3", "layer4"}
    assert (net.bn1.training, net.layer1[0].bn1.training, net.layer2[0].bn1.training) == (False, False, True)
    whole = nn.Sequential(net).train()
    assert (whole[0].layer1[0].bn1.training, whole[0].layer2[0].bn1.training) == (False, True)


def test_norm_eval_keeps_statistics(backend: Backend) -> None:
    net = ResNet(18, norm_eval=True, **TINY).train()
    before = polynet.state(net)["layer1.0.bn1.running_mean"]
    net(ops.tensor(images()))
    np.testing.assert_array_equal(polynet.state(net)["layer1.0.bn1.running_mean"], before)
    assert net.training
    assert "bn1.weight" in trainable(net, backend)


def test_a_norm_config_may_freeze_norms(backend: Backend) -> None:
    net = ResNet(18, norm_cfg={"type": "BN", "requires_grad": False}, **TINY)
    assert all(".conv" in name or "downsample.0" in name or name == "conv1.weight" for name in trainable(net, backend))


@pytest.mark.checklist("S3-28", "S3-30")
def test_blocks_start_as_identities(backend: Backend) -> None:
    net = ResNet(50, **TINY)
    net.init_weights()
    state = polynet.state(net)
    assert not state["layer1.0.bn3.weight"].any()
    assert state["layer1.0.bn2.weight"].all()
    deviation = float(state["layer1.1.conv2.weight"].std())
    assert deviation == pytest.approx((2 / (8 * 9)) ** 0.5, rel=0.15)


@pytest.mark.checklist("S3-29")
@pytest.mark.parametrize("wrapped", [False, True])
def test_loaded_weights_are_not_touched_again(backend: Backend, tmp_path: Any, wrapped: bool) -> None:
    source = ResNet(18, zero_init_residual=False, **TINY)
    path = str(tmp_path / "weights.safetensors")
    polynet.save(source, path)
    rule = {"type": "Pretrained", "checkpoint": path}
    net = ResNet(18, init_cfg=[rule] if wrapped else rule, **TINY)
    net.init_weights()
    assert polynet.state(net)["layer1.0.bn2.weight"].all()
    np.testing.assert_array_equal(polynet.state(net)["conv1.weight"], polynet.state(source)["conv1.weight"])


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"num_stages": 5}, "num_stages is 1 to 4"),
        ({"strides": (1, 2)}, "strides has 2 numbers"),
        ({"out_indices": (4,)}, "the stages are 0 to 3"),
        ({"frozen_stages": 7}, "frozen_stages is from -1 to 4"),
        ({"expansion": 2}, "expansion must be 1"),
    ],
)
def test_options_that_do_not_fit_are_refused(backend: Backend, options: dict[str, Any], says: str) -> None:
    with pytest.raises(OptionError, match=says):
        ResNet(18, **options)


# Few blocks: while training, rounding grows from one batch normalisation to the next.
SHORT: dict[str, Any] = {"num_stages": 1, "strides": (2,), "dilations": (1,), "out_indices": (0,), **TINY}


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("ResNet", {"depth": 18}),
        ("ResNet_CIFAR", {"depth": 18, "norm_cfg": {"type": "GN", "num_groups": 2}}),
        ("ResNetV1c", {"depth": 18}),
        ("ResNetV1d", {"depth": 18, "style": "caffe"}),
        ("ResNeXt", {"depth": 50, "groups": 4, "width_per_group": 4, "dilations": (2,)}),
        ("SEResNet", {"depth": 50, "se_ratio": 4}),
        ("SEResNeXt", {"depth": 50, "groups": 4, "avg_down": True}),
    ],
)
def test_builds_on_both_frameworks_agree(both: tuple[Backend, Backend], name: str, options: dict[str, Any]) -> None:
    def make() -> Any:
        return BACKBONES.build({"type": name, **SHORT, **options})

    assert_twins(both, make, images(32), training=True)
