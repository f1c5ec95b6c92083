"""What the options of each family do, and that both frameworks build the same network."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import polynet
from polynet import nn, ops
from polynet.backend import Backend, use_backend
from polynet.errors import InputError, OptionError
from polynet.models.blocks.residual import ResBasicBlock
from polynet.models.networks.alexnet import AlexNet
from polynet.models.networks.resnet import ResNet
from polynet.models.networks.vgg import VGG
from polynet.models.networks.vit import ViT
from polynet.nn import initialise
from polynet.registry import NETWORKS
from tests.compare import assert_close
from tests.models.small import CLASSES, SMALL

TOKENS: dict[str, Any] = {"img_size": 32, "patch_size": 8, "embed_dim": 16, "depth": 2, "num_heads": 2}
STAGES: dict[str, Any] = {"depths": (1, 1), "widths": (8, 16), "strides": (1, 2), "stem_w": 8}


def images(side: int, channels: int = 3) -> Any:
    return ops.tensor(np.random.standard_normal((2, channels, side, side)).astype(np.float32))


@pytest.mark.parametrize("family", SMALL)
def test_both_frameworks_build_the_same_network(both: tuple[Backend, Backend], family: str) -> None:
    small = SMALL[family]
    nets = []
    for backend in both:
        with use_backend(backend):
            net = small.build(num_classes=CLASSES)
            initialise(net, seed=0)
            nets.append(net)
    report = polynet.parity(nets, input_size=(3, small.side, small.side), steps=1, optimizers={"sgd": {"lr": 0.01}})
    assert report.passed, str(report)


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("alexnet", 61_100_840),
        ("vgg11", 132_863_336),
        ("vgg16", 138_357_544),
        ("deit_tiny_patch16_224", 5_717_416),
        ("deit_tiny_distilled_patch16_224", 5_910_800),
        ("deit_base_distilled_patch16_384", 87_630_032),
    ],
)
def test_networks_outside_the_zoo_are_as_large_as_torchvision_and_timm_say(name: str, parameters: int) -> None:
    with use_backend("shapes") as shapes:
        slots = shapes.slots(NETWORKS.get(name)())
    counted = sum(int(np.prod(slot.shape)) for slot in slots.values() if slot.kind == "parameter")
    assert counted == parameters


def test_wide_networks_of_the_paper_are_one_option_away() -> None:
    with use_backend("shapes") as shapes:
        slots = shapes.slots(NETWORKS.get("wide_resnet50_2")(group_ws=None))
    assert sum(int(np.prod(slot.shape)) for slot in slots.values() if slot.kind == "parameter") == 68_883_240


# AlexNet


def test_alexnet_has_the_layers_and_names_of_its_tutorial(backend: Backend) -> None:
    slots = backend.slots(AlexNet(num_classes=7))
    shapes = {name: slot.shape for name, slot in slots.items() if name.endswith("weight")}
    assert shapes == {
        "features.0.weight": (64, 3, 11, 11),
        "features.3.weight": (192, 64, 5, 5),
        "features.6.weight": (384, 192, 3, 3),
        "features.8.weight": (256, 384, 3, 3),
        "features.10.weight": (256, 256, 3, 3),
        "head.classifier.1.weight": (4096, 9216),
        "head.classifier.4.weight": (4096, 4096),
        "head.classifier.6.weight": (7, 4096),
    }


def test_alexnet_refuses_images_its_poolings_would_use_up(backend: Backend) -> None:
    net = AlexNet(head=None)
    assert tuple(net(images(63)).shape) == (2, 256, 1, 1)
    with pytest.raises(InputError, match="at least 63x63 pixels, got 62x62"):
        net(images(62))


def test_alexnet_gives_the_map_of_its_paper(backend: Backend) -> None:
    assert tuple(AlexNet(head=None)(images(224)).shape) == (2, 256, 6, 6)


# ResNet


def test_resnet_drops_later_blocks_more(backend: Backend) -> None:
    net = ResNet(depths=(2, 2), widths=(8, 16), strides=(1, 2), stem_w=8, drop_path_prob=0.4)
    found = [
        getattr(getattr(getattr(net, stage), block).drop_path, "p", 0.0)
        for stage in ("s1", "s2")
        for block in ("b1", "b2")
    ]
    assert found == pytest.approx([0.0, 0.1, 0.2, 0.3])


@pytest.mark.parametrize(("block", "final"), [("ResBasicBlock", "b_bn"), ("ResBottleneckBlock", "c_bn")])
def test_zero_init_final_gamma_makes_blocks_identities(backend: Backend, block: str, final: str) -> None:
    net = ResNet(**STAGES, block_name=block, zero_init_final_gamma=True)
    initialise(net, seed=0)
    zero = {name for name, slot in backend.slots(net).items() if name.endswith("weight") and not slot.read().any()}
    assert zero == {f"s1.b1.{final}.weight", f"s2.b1.{final}.weight"}


def test_initial_weights_follow_the_recipe(backend: Backend) -> None:
    net = ResNet(depths=(1,), widths=(256,), strides=(1,), stem_w=64)
    initialise(net, seed=0)
    slots = backend.slots(net)
    assert slots["s1.b1.b.weight"].read().std() == pytest.approx((2 / (256 * 9)) ** 0.5, rel=0.01)
    assert slots["head.fc.weight"].read().std() == pytest.approx(0.01, rel=0.01)
    assert not slots["head.fc.bias"].read().any()
    assert (slots["stem.bn.weight"].read() == 1).all()


def test_resnet_takes_blocks_stems_norms_and_activations_of_ones_own(backend: Backend) -> None:
    class Block(ResBasicBlock):
        pass

    net = ResNet(**STAGES, block_name=Block, stem_name="SimpleStem", norm_name="GN", act_name=nn.SiLU, num_classes=3)
    assert isinstance(net.s1.b1, Block)
    assert isinstance(net.s1.b1.a_act, nn.SiLU)
    assert isinstance(net.stem.bn, nn.GroupNorm)
    assert [stage.stride for stage in net.stages] == [2, 4]
    assert tuple(net(images(32)).shape) == (2, 3)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"widths": (8,)}, "width must have 2 entries"),
        ({"depths": (0, 1)}, "at least one block"),
        ({"block_name": "ResBlock"}, r"no block 'ResBlock'.*Did you mean 'ResBasicBlock'"),
        ({"stem_name": "Stem"}, "no stem 'Stem'"),
        ({"group_ws": (2, 2)}, "needs ResBottleneckBlock"),
        ({"block_name": nn.Identity, "zero_init_final_gamma": True}, "final_norm"),
    ],
)
def test_resnet_refuses_options_that_do_not_fit(backend: Backend, options: dict[str, Any], message: str) -> None:
    if options.get("block_name") is nn.Identity:
        options = {**options, "block_name": lambda *sizes, **more: nn.Identity()}
    with pytest.raises(ValueError, match=message):
        ResNet(**{**STAGES, **options})


# VGG


@pytest.mark.parametrize(
    ("norm_name", "conv_bias", "biased"),
    [(None, None, True), ("BN", None, False), ("BN", True, True), (None, False, False)],
)
def test_vgg_convolutions_have_biases_where_nothing_follows(
    backend: Backend, norm_name: str | None, conv_bias: bool | None, biased: bool
) -> None:
    net = VGG(depths=(1,), widths=(8,), norm_name=norm_name, conv_bias=conv_bias, head=None)
    assert ("s1.b1.0.bias" in backend.slots(net)) is biased


def test_vgg_tells_the_least_image(backend: Backend) -> None:
    net = VGG(depths=(1, 1, 1), widths=(8, 8, 8), head=None)
    assert tuple(net(images(8)).shape) == (2, 8, 1, 1)
    with pytest.raises(InputError, match="at least 8x8 pixels, got 7x7"):
        net(images(7))
    with pytest.raises(OptionError, match="one positive entry for each stage"):
        VGG(depths=(1,), widths=(8, 8))


# ViT


def test_vit_takes_images_of_the_size_it_was_built_for(backend: Backend) -> None:
    net = ViT(**{**TOKENS, "img_size": (16, 32)}, num_classes=3)
    x = ops.tensor(np.zeros((2, 3, 16, 32), np.float32))
    assert (net.grid_size, net.input_size) == ((2, 4), (3, 16, 32))
    assert tuple(net(x).shape) == (2, 3)
    assert tuple(net.forward_stages(x)[0].shape) == (2, 16, 2, 4)
    with pytest.raises(InputError, match=r"of 16x32 pixels, got 32x32 .*build it with img_size"):
        net(images(32))


def test_vit_stage_maps_keep_the_place_of_patches(backend: Backend) -> None:
    net = ViT(**TOKENS, head=None)
    tokens = np.random.standard_normal((2, 17, 16)).astype(np.float32)
    expected = tokens[:, 1:].reshape(2, 4, 4, 16).transpose(0, 3, 1, 2)
    assert_close(net.stage_map(ops.tensor(tokens)), expected, 0)


def test_vit_options_reach_its_parts(backend: Backend) -> None:
    net = ViT(
        **TOKENS, drop_rate=0.1, attn_drop_rate=0.2, drop_path_rate=0.3, qk_scale=0.5, qkv_bias=False, norm_eps=1e-6
    )
    first, last = net.blocks[0], net.blocks[1]
    assert (first.drop_path, last.drop_path.p) == (None, 0.3)
    assert (last.attn.attn_drop, last.attn.scale, last.attn.proj_drop.p, last.ffn.drop.p) == (0.2, 0.5, 0.1, 0.1)
    assert (last.attn.qkv.bias, last.norm1.eps, net.norm.eps, net.pos_drop.p) == (None, 1e-6, 1e-6, 0.1)
    assert tuple(net.train()(images(32)).shape) == (2, 1000)


def test_attention_scale_matters(backend: Backend) -> None:
    outputs = []
    for scale in (None, 8**-0.5, 3.0):
        net = ViT(**TOKENS, qk_scale=scale, num_classes=3)
        initialise(net, seed=0)
        np.random.seed(1)
        outputs.append(backend.numpy(net.eval()(images(32))))
    assert_close(outputs[0], outputs[1], 1e-6)
    assert np.abs(outputs[0] - outputs[2]).max() > 1e-6


def test_a_representation_layer_stands_before_the_head(backend: Backend) -> None:
    net = ViT(**TOKENS, representation_size=12, num_classes=3)
    slots = backend.slots(net)
    assert slots["pre_logits.fc.weight"].shape == (12, 16)
    assert slots["head.weight"].shape == (3, 12)
    tokens = net.forward_features(images(32))
    assert np.abs(backend.numpy(net.forward_head(tokens, pre_logits=True))).max() <= 1  # after tanh


def test_distillation_gives_the_mean_of_two_heads_or_both(backend: Backend) -> None:
    net = ViT(**TOKENS, distilled=True, distilled_training=True, num_classes=3)
    initialise(net, seed=0)
    x = images(32)
    first, second = net.train()(x)
    mean = (backend.numpy(first) + backend.numpy(second)) / 2
    assert_close(net.eval()(x), mean, 1e-5)
    assert tuple(ViT(**TOKENS, distilled=True, num_classes=0)(x).shape) == (2, 16)


def test_vit_starts_as_its_paper_says(backend: Backend) -> None:
    net = ViT(**{**TOKENS, "embed_dim": 64})
    initialise(net, seed=0)
    slots = backend.slots(net)
    for name in ("pos_embed", "blocks.0.attn.qkv.weight", "head.weight"):
        assert slots[name].read().std() == pytest.approx(0.02, rel=0.1)
    assert slots["cls_token"].read().any()
    assert not slots["blocks.0.ffn.fc1.bias"].read().any()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"img_size": 30}, "multiples of patch_size=8"),
        ({"patch_size": 0}, "patch_size must be"),
        ({"num_heads": 3}, "3 heads do not divide a width of 16"),
        ({"depth": 0}, "depth must be"),
        ({"distilled": True, "representation_size": 8}, "exclude each other"),
        ({"attn_drop_rate": 2.0}, "attn_drop is a probability"),
    ],
)
def test_vit_refuses_options_that_do_not_fit(backend: Backend, options: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        ViT(**{**TOKENS, **options})
