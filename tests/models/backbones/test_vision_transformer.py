"""MMPretrain's vision transformer, and the encoders of masked autoencoders that derive from it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import polynet
from polynet import nn, ops
from polynet.backend import Backend, use_backend
from polynet.errors import InputError, OptionError, UnknownNameError
from polynet.models.backbones.mae_vit import MAEViT
from polynet.models.backbones.mask_feat_vit import MaskFeatViT
from polynet.models.backbones.transformer_arch import ARCHITECTURES
from polynet.models.backbones.vision_transformer import VisionTransformer
from polynet.models.init_cfg import seeded
from polynet.registry import MODELS, temporary
from tests.compare import assert_close
from tests.models.twins import assert_twins

ARCH: dict[str, Any] = {"embed_dims": 16, "num_layers": 3, "num_heads": 2, "feedforward_channels": 32}
TINY: dict[str, Any] = {"arch": ARCH, "img_size": 16, "patch_size": 4}


def images(side: int = 16, batch: int = 2) -> np.ndarray[Any, Any]:
    return np.random.standard_normal((batch, 3, side, side)).astype(np.float32)


def trainable(net: Any, backend: Backend) -> set[str]:
    return {name for name, slot in backend.slots(net).items() if slot.trainable}


@pytest.mark.parametrize(
    ("options", "shapes"),
    [
        ({"out_type": "raw"}, [(2, 17, 16)]),
        ({"out_type": "cls_token"}, [(2, 16)]),
        ({"out_type": "featmap", "out_indices": (0, -1)}, [(2, 16, 4, 4), (2, 16, 4, 4)]),
        ({"out_type": "avg_featmap", "out_indices": 1}, [(2, 16)]),
        ({"out_type": "raw", "with_cls_token": False}, [(2, 16, 16)]),
    ],
)
@pytest.mark.checklist("S3-26", "S3-27")
def test_a_tuple_of_the_outputs_asked_for_is_returned(
    backend: Backend, options: dict[str, Any], shapes: list[tuple[int, ...]]
) -> None:
    outs = VisionTransformer(**TINY, **options)(ops.tensor(images()))
    assert isinstance(outs, tuple)
    assert [tuple(out.shape) for out in outs] == shapes


@pytest.mark.checklist("S3-35", "S3-40")
def test_parts_may_be_used_by_a_forward_of_ones_own(backend: Backend) -> None:
    net = VisionTransformer(**TINY)
    assert net.num_patches == net.patch_resolution[0] * net.patch_resolution[1] == 16
    given = ops.tensor(images())
    x = net.patch_embed(given)[0]
    x = ops.cat((ops.expand(net.cls_token, (2, -1, -1)), x), 1) + net.pos_embed
    for layer in net.layers:
        x = layer(x)
    assert_close(net.norm1(x)[:, 0], net(given)[0])


def test_images_of_another_size_are_taken(backend: Backend) -> None:
    net = VisionTransformer(**TINY, out_type="featmap")
    assert tuple(net(ops.tensor(images(24)))[0].shape) == (2, 16, 6, 6)


def test_sizes_by_name_are_mmpretrains(backend: Backend) -> None:
    assert ARCHITECTURES["small"].as_dict() == {
        "embed_dims": 768,
        "num_layers": 8,
        "num_heads": 8,
        "feedforward_channels": 2304,
    }
    with use_backend("shapes"):
        assert VisionTransformer("DeiT-Tiny").embed_dims == 192
    with pytest.raises(UnknownNameError, match=r"VisionTransformer has no arch 'deit-tinny'.*Did you mean 'deit-tiny'"):
        VisionTransformer("deit-tinny")
    with pytest.raises(OptionError, match="it lacks num_heads, feedforward_channels"):
        VisionTransformer({"embed_dims": 8, "num_layers": 1})


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"out_type": "map"}, "out_type is 'raw'"),
        ({"with_cls_token": False}, "needs with_cls_token=True"),
        ({"out_indices": 3}, "the stages are 0 to 2"),
        ({"layer_cfgs": [{}]}, "1 entries for 3 layers"),
        ({"layer_cfgs": {"ffn_type": "glu"}}, "ffn_type is 'origin' or 'swiglu_fused'"),
        ({"patch_cfg": {"padding": "left"}}, "padding is 'corner', 'same' or a number"),
    ],
)
def test_options_that_do_not_fit_are_refused(backend: Backend, options: dict[str, Any], says: str) -> None:
    with pytest.raises(OptionError, match=says):
        VisionTransformer(**TINY, **options)


def test_the_callers_options_stay_as_they_were(backend: Backend) -> None:
    indices = [0, -1]
    assert VisionTransformer(**TINY, out_indices=indices).out_indices == (0, 2)
    assert indices == [0, -1]


def test_frozen_stages_are_not_trained(backend: Backend) -> None:
    net = VisionTransformer(**TINY, frozen_stages=2).train()
    assert {name.split(".")[0] for name in trainable(net, backend)} == {"layers", "ln1"}
    assert {name.split(".")[1] for name in trainable(net, backend) if name.startswith("layers")} == {"2"}
    assert (net.layers[0].training, net.layers[2].training) == (False, True)
    assert not trainable(VisionTransformer(**TINY, frozen_stages=3), backend)


@pytest.mark.checklist("S3-33", "S3-34", "S3-35", "S3-36", "S3-37", "S3-38")
def test_an_encoder_of_ones_own_derives_from_it(backend: Backend) -> None:
    with temporary():

        @MODELS.register_module()
        class Masked(VisionTransformer):
            def __init__(self, mask_ratio: float, **options: Any) -> None:
                super().__init__(**options)
                self.pos_embed.requires_grad = False
                self.mask_ratio = mask_ratio
                self.num_patches = self.patch_resolution[0] * self.patch_resolution[1]

            def forward(self, x: Any, mask: bool | None = True) -> Any:
                if mask is None or mask is False:
                    return super().forward(x)
                x = self.patch_embed(x)[0] + self.pos_embed[:, 1:, :]
                token = self.cls_token + self.pos_embed[:, :1, :]
                x = ops.cat((ops.expand(token, (x.shape[0], -1, -1)), x), dim=1)
                for layer in self.layers:
                    x = layer(x)
                return self.norm1(x)

        net = MODELS.build({"type": "Masked", "mask_ratio": 0.5, **TINY})
        assert tuple(net(ops.tensor(images())).shape) == (2, 17, 16)
        assert tuple(net(ops.tensor(images()), mask=False)[0].shape) == (2, 16)
        assert "pos_embed" not in trainable(net, backend)


@pytest.mark.checklist("S3-34")
def test_the_masked_encoders_positions_are_not_stepped(backend: Backend) -> None:
    net = MAEViT(**TINY, seed=0)
    before = polynet.state(net)
    assert "pos_embed" not in trainable(net, backend)
    x = ops.tensor(images())
    backend.optimizer("sgd", net, lr=0.1).step(lambda: ops.mean(net(x)[0] ** 2))
    after = polynet.state(net)
    np.testing.assert_array_equal(after["pos_embed"], before["pos_embed"])
    assert np.abs(after["patch_embed.projection.weight"] - before["patch_embed.projection.weight"]).max() > 0


@pytest.mark.checklist("S3-36")
def test_the_masked_encoder_starts_positions_patches_and_class_token(backend: Backend) -> None:
    net = MAEViT(**TINY)
    with seeded(0):
        net.init_weights()
    state = polynet.state(net)
    positions = state["pos_embed"][0]
    assert not positions[0].any()
    np.testing.assert_allclose(positions[1:, 0], np.sin(np.arange(16) // 4), rtol=1e-6)
    np.testing.assert_allclose(positions[1:, 8], np.sin(np.arange(16) % 4), rtol=1e-6)
    assert 0.01 < state["cls_token"].std() < 0.03
    limit = (6 / (3 * 16 + 16)) ** 0.5
    assert 0.9 * limit < np.abs(state["patch_embed.projection.weight"]).max() <= limit * 1.001


@pytest.mark.checklist("S3-37")
def test_masking_keeps_the_patches_with_the_least_noise(backend: Backend) -> None:
    net = MAEViT(**TINY)
    x = np.random.standard_normal((2, 16, 16)).astype(np.float32)
    noise = np.random.random((2, 16))
    kept, mask, restore = (backend.numpy(each) for each in net.random_masking(ops.tensor(x), 0.75, noise=noise))
    least = np.argsort(noise, 1)[:, :4]
    assert_close(kept, np.take_along_axis(x, least[..., None], 1))
    assert mask.sum(1).tolist() == [12.0, 12.0]
    assert not np.take_along_axis(mask, least, 1).any()
    np.testing.assert_array_equal(np.argsort(restore, 1), np.argsort(noise, 1))
    with pytest.raises(InputError, match="the noise of 2 x 16 tokens"):
        net.random_masking(ops.tensor(x), noise=noise[:1])
    with pytest.raises(OptionError, match="mask_ratio"):
        net.random_masking(ops.tensor(x), 1.0)


@pytest.mark.checklist("S3-37")
def test_builds_with_one_seed_hide_the_same_patches(both: tuple[Backend, Backend]) -> None:
    masks = []
    for backend in both:
        with use_backend(backend):
            net = MAEViT(**TINY, seed=3)
            masks.append([backend.numpy(net(ops.tensor(images() * 0))[1]) for _ in range(2)])
    np.testing.assert_array_equal(masks[0], masks[1])
    assert (masks[0][0] != masks[0][1]).any()


@pytest.mark.checklist("S3-38")
def test_masked_features_are_those_of_the_visible_patches_and_the_class_token(backend: Backend) -> None:
    features, mask, restore = MAEViT(**TINY, mask_ratio=0.5)(ops.tensor(images()), mask=True)
    assert (tuple(features.shape), tuple(mask.shape), tuple(restore.shape)) == ((2, 9, 16), (2, 16), (2, 16))


@pytest.mark.checklist("S3-39")
@pytest.mark.parametrize("mask", [None, False])
def test_without_a_mask_nothing_is_hidden(backend: Backend, mask: bool | None) -> None:
    net = MAEViT(**TINY).eval()
    with seeded(0):
        net.init_weights()
    plain = VisionTransformer(**TINY, out_type="raw").eval()
    polynet.load_state(plain, polynet.state(net))
    x = ops.tensor(images())
    outs = net(x, mask=mask)
    assert isinstance(outs, tuple)
    assert_close(outs[0], plain(x)[0])


def test_tokens_take_the_place_of_hidden_patches(backend: Backend) -> None:
    net = MaskFeatViT(**TINY).eval()
    with seeded(0):
        net.init_weights()
    mask = ops.ones((2, 16))
    first, second = (backend.numpy(net(ops.tensor(images()), mask)) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert polynet.state(net)["mask_token"].any()


@pytest.mark.parametrize(
    "options",
    [
        {"out_type": "raw"},
        {"out_type": "avg_featmap", "pre_norm": True, "qkv_bias": False},
        {"layer_scale_init_value": 0.1, "layer_cfgs": {"ffn_type": "swiglu_fused"}, "out_indices": (0, 2)},
        {"img_size": 12, "interpolate_mode": "bicubic"},
        {"norm_cfg": {"type": "LN", "eps": 1e-3}, "with_cls_token": False, "out_type": "featmap", "final_norm": False},
    ],
)
def test_builds_on_both_frameworks_agree(both: tuple[Backend, Backend], options: dict[str, Any]) -> None:
    def make() -> Any:
        net = VisionTransformer(**{**TINY, **options})
        with seeded(1):
            net.init_weights()
        return net

    assert_twins(both, make, images())


def test_masked_encoders_agree(both: tuple[Backend, Backend]) -> None:
    class Features(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.encoder = MAEViT(**TINY)
            self.other = MaskFeatViT(**TINY)

        def forward(self, x: Any, mask: Any) -> Any:
            self.encoder.generator = np.random.default_rng(0)
            return self.encoder(x)[0], self.other(x, mask)

    assert_twins(both, Features, images(), (np.random.random((2, 16)) < 0.4).astype(np.float32))
