"""Transformers of videos: against numpy, against another library, and between the frameworks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import polynet
from polynet import ops
from polynet.backend import Backend, get_backend, use_backend
from polynet.errors import InputError, OptionError, PolyNetError, UnknownNameError
from polynet.nn import initialise
from polynet.registry import BACKBONES
from tests.compare import assert_close
from tests.models.backbones.video_reference import factorised, joint

HEADS = 3
SMALL: dict[str, Any] = {"num_frames": 4, "image_size": 16, "dim": 24, "patch_size": 8, "depth": 2, "drop_path": 0.0}
LAYER = {"name": "BaseTransformerLayer", "num_heads": HEADS}
DIVIDED = {"name": "TimesformerLayer", "num_heads": HEADS}
TUBELETS = {"name": "TubeletEmbeddingStem", "tubelet_size": 2}

JOINT = {"name": "VideoTransformer", **SMALL, "stem": TUBELETS, "branch": LAYER}
CONFIGS: dict[str, dict[str, Any]] = {
    "tubelets": JOINT,
    "patches with biases": {**JOINT, "stem": {"name": "PatchEmbedStem", "bias": True}},
    "divided": {**JOINT, "stem": "PatchEmbedStem", "branch": DIVIDED},
    "divided tubelets": {**JOINT, "branch": DIVIDED},
    "factorised": {**JOINT, "name": "FactorizedVideoTransformer", "depth_temporal": 2},
    "factorised patches": {
        **JOINT,
        "name": "FactorizedVideoTransformer",
        "depth_temporal": 1,
        "stem": "PatchEmbedStem",
    },
}
each_config = pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS)


def clips(frames: int = 4, height: int = 16, width: int = 16) -> Any:
    return np.random.default_rng(5).standard_normal((2, 3, frames, height, width)).astype(np.float32)


def built(config: dict[str, Any]) -> Any:
    """A backbone with weights that all count: scales near one, everything else far from zero."""
    net = BACKBONES.build(config).eval()
    generator = np.random.default_rng(6)
    state = {}
    for name, value in polynet.state(net).items():
        around = 1.0 if "norm" in name and name.endswith("weight") else 0.0
        state[name] = (around + 0.3 * generator.standard_normal(value.shape)).astype(np.float32)
    polynet.load_state(net, state)
    return net


@pytest.mark.checklist("S1-32")
@each_config
def test_the_class_token_is_what_numpy_computes(backend: Backend, config: dict[str, Any]) -> None:
    net, x = built(config), clips()
    reference = factorised if "Factorized" in config["name"] else joint
    expected = reference(polynet.state(net), x, HEADS)
    assert expected.shape == (2, 24)
    assert_close(net(ops.tensor(x)), expected.astype(np.float32))


HUGGING_FACE = {
    "embeddings.cls_token": "cls_token",
    "embeddings.position_embeddings": "pos_embd",
    "embeddings.patch_embeddings.projection": "stem.conv1",
    "attention.o_proj": "attn.proj",
    "layernorm_before": "norm",
    "layernorm_after": "norm_ffn",
    "mlp.fc1": "ffn.net.0",
    "mlp.fc2": "ffn.net.3",
    "layernorm": "norm",
}


def from_hugging_face(weights: dict[str, Any]) -> dict[str, Any]:
    """ViViT's weights in Hugging Face's names, under PolyNet's."""
    state: dict[str, Any] = {}
    for name, value in weights.items():
        if ".q_proj." in name:
            parts = [weights[name.replace("q_proj", f"{part}_proj")] for part in "qkv"]
            state[name.replace("attention.q_proj", "attn.to_qkv")] = np.concatenate(parts)
        elif ".k_proj." not in name and ".v_proj." not in name:
            found = max((key for key in HUGGING_FACE if key in name), key=len)
            state[name.replace(found, HUGGING_FACE[found])] = value
    return state


def test_vivit_is_that_of_hugging_face(backend: Backend) -> None:
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    if not hasattr(transformers, "VivitModel"):
        pytest.skip("this release of transformers has no ViViT")
    torch.manual_seed(0)
    options = transformers.VivitConfig(
        image_size=16,
        num_frames=4,
        tubelet_size=[2, 8, 8],
        hidden_size=24,
        num_hidden_layers=2,
        num_attention_heads=HEADS,
        intermediate_size=96,
        hidden_act="gelu",
        initializer_range=0.3,
    )
    theirs = transformers.VivitModel(options, add_pooling_layer=False).eval()
    weights = {name: value.numpy() for name, value in theirs.state_dict().items()}
    if not any(".q_proj." in name for name in weights):
        pytest.skip("this release of transformers names the weights otherwise")
    net = BACKBONES.build({**JOINT, "stem": {**TUBELETS, "bias": True}}).eval()
    polynet.load_state(net, from_hugging_face(weights))
    x = clips()
    with torch.no_grad():
        expected = theirs(torch.from_numpy(x).permute(0, 2, 1, 3, 4)).last_hidden_state[:, 0].numpy()
    assert_close(net(ops.tensor(x)), expected)


@pytest.mark.checklist("S0-62", "S1-32")
@each_config
def test_the_frameworks_agree(both: tuple[Backend, Backend], config: dict[str, Any]) -> None:
    nets = []
    for backend in both:
        with use_backend(backend):
            net = BACKBONES.build(config)
            initialise(net, seed=1)
            nets.append(net)
    report = polynet.parity(nets, input_size=(3, 4, 16, 16), steps=1, seed=1)
    assert report.passed, str(report)


@pytest.mark.parametrize(
    ("config", "count"),
    [
        # ViT-B's twelve layers of 7 087 872, its last normalisation, and the tokens and positions of 16 x 112 x 112.
        ({"type": "ViVit"}, 12 * 7_087_872 + 1_536 + (2 * 16 * 16 * 3 + 1) * 768 + (8 * 49 + 1 + 1) * 768),
        (
            {"type": "ViVit_Fac_Enc"},
            16 * 7_087_872 + 2 * 1_536 + (2 * 16 * 16 * 3 + 1) * 768 + (49 + 1 + 8 + 1 + 2) * 768,
        ),
        # A further attention, of 2 362 368, and its normalisation in each layer.
        (
            {"type": "Timesformer"},
            12 * (7_087_872 + 2_362_368 + 1_536) + 1_536 + (16 * 16 * 3 + 1) * 768 + (16 * 49 + 2) * 768,
        ),
    ],
)
def test_sizes_in_base_size(config: dict[str, Any], count: int) -> None:
    with use_backend("shapes"):
        net = BACKBONES.build(config)
        slots = get_backend("shapes").slots(net).values()
        assert sum(int(np.prod(slot.shape)) for slot in slots) == count


KINDS = ("weight", "bias")


def test_weights_have_essentialmc2s_names(backend: Backend) -> None:
    names = set(polynet.state(BACKBONES.build({**CONFIGS["factorised"], "depth": 1, "depth_temporal": 1})))
    leaves = ("norm", "attn.to_qkv", "attn.proj", "norm_ffn", "ffn.net.0", "ffn.net.3")
    layers = {f"{row}.0.{leaf}.{kind}" for row in ("layers", "layers_temporal") for leaf in leaves for kind in KINDS}
    norms = {f"{norm}.{kind}" for norm in ("norm", "norm_out") for kind in KINDS}
    assert names == {"stem.conv1.weight", "pos_embd", "temp_embd", "cls_token", "cls_token_out"} | layers | norms
    divided = set(polynet.state(BACKBONES.build(CONFIGS["divided"])))
    assert {"layers.1.norm_temporal.bias", "layers.1.attn_temporal.to_qkv.weight"} <= divided


def test_both_libraries_spellings_build_one_network(backend: Backend) -> None:
    scepter = BACKBONES.build(
        {
            "NAME": "VideoTransformer",
            **{key.upper(): value for key, value in SMALL.items()},
            "STEM": {"NAME": "TubeletEmbeddingStem", "TUBELET_SIZE": 2, "BIAS": True},
            "BRANCH": {"NAME": "TimesformerLayer", "NUM_HEADS": 3},
        }
    )
    options = {key: value for key, value in SMALL.items() if key != "dim"}
    essmc2 = BACKBONES.build(
        {
            "type": "Transformer",
            **options,
            "num_features": 24,
            "branch_name": "TimesformerLayer",
            "branch_cfg": {"num_heads": 3},
        }
    )
    polynet.load_state(essmc2, polynet.state(scepter))
    x = ops.tensor(clips())
    assert_close(essmc2.eval()(x), scepter.eval()(x), 0)


def test_initial_values_are_those_of_the_papers(backend: Backend) -> None:
    net = BACKBONES.build({**CONFIGS["factorised"], "dim": 96})
    initialise(net, seed=1)
    state = polynet.state(net)
    for name in ("pos_embd", "temp_embd", "cls_token_out", "layers.0.attn.to_qkv.weight"):
        assert state[name].std() == pytest.approx(0.02, rel=0.2), name
    assert not state["layers.0.ffn.net.0.bias"].any()
    assert (state["norm_out.weight"] == 1).all()


def test_frames_of_another_size_resize_the_places_of_factorised_encoders(backend: Backend) -> None:
    net = built(CONFIGS["factorised"])
    wide = clips(height=16, width=32)
    state = polynet.state(net)
    grid = state["pos_embd"][:, 1:].reshape(2, 2, 24)
    # Twice as many columns, without aligned corners: each lies a quarter of the way between two old ones, or outside.
    columns = [grid[:, 0], 0.75 * grid[:, 0] + 0.25 * grid[:, 1], 0.25 * grid[:, 0] + 0.75 * grid[:, 1], grid[:, 1]]
    wider = np.stack(columns, 1).reshape(1, 8, 24)
    expected = factorised({**state, "pos_embd": np.concatenate([state["pos_embd"][:, :1], wider], 1)}, wide, HEADS)
    assert_close(net(ops.tensor(wide)), expected.astype(np.float32))
    # What was resized is not kept: other weights count at once.
    polynet.load_state(net, {**state, "pos_embd": state["pos_embd"] * 2})
    assert np.abs(backend.numpy(net(ops.tensor(wide))) - expected).max() > 1e-3


@pytest.mark.parametrize(
    ("config", "x", "says"),
    [
        (JOINT, clips()[:, :, 0], r"takes videos \(N, 3, 4, H, W\), not \(2, 3, 16, 16\)"),
        (JOINT, clips()[0, 0], r"takes videos .* not \(4, 16, 16\)"),
        (JOINT, clips()[:, :1], r"takes videos .* not \(2, 1, 4, 16, 16\)"),
        (JOINT, clips(frames=2), r"made for videos of 4 frames, and was given 2"),
        (JOINT, clips(height=20), r"squares of 8 pixels, which do not divide frames of 20 x 16"),
        (JOINT, clips(height=24), r"made for frames of 16 x 16, not 24 x 16"),
        (CONFIGS["factorised"], clips()[0], r"FactorizedVideoTransformer takes videos"),
        (CONFIGS["factorised"], clips()[0, 0, 0, 0], r"FactorizedVideoTransformer takes videos"),
        (CONFIGS["factorised"], clips(frames=3), r"made for videos of 4 frames, and was given 3"),
        (CONFIGS["factorised"], clips(width=12), r"squares of 8 pixels, which do not divide frames of 16 x 12"),
    ],
)
def test_videos_that_do_not_fit_are_refused(backend: Backend, config: dict[str, Any], x: Any, says: str) -> None:
    net = BACKBONES.build(config)
    with pytest.raises(InputError, match=says):
        net(ops.tensor(x))


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"image_size": 20}, "image_size=20 is no multiple of patch_size=8"),
        ({"num_frames": 5}, "num_frames=5 is no multiple of tubelet_size=2"),
        ({"patch_size": 0}, "patch_size is a whole number of at least 1, not 0"),
        ({"stem": {**TUBELETS, "tubelet_size": 0}}, "tubelet_size is a whole number of at least 1, not 0"),
        ({"branch": {**LAYER, "num_heads": 5}}, "5 heads do not divide a width of 24"),
        ({"stem": "TubletEmbeddingStem"}, "Did you mean 'TubeletEmbeddingStem'"),
        ({"branch": "TimesformerLayr"}, "Did you mean 'TimesformerLayer'"),
        ({"branch": {**LAYER, "mlp_mlt": 4}}, "mlp_mlt"),
        ({"name": "FactorizedVideoTransformer", "branch": DIVIDED}, "VideoTransformer takes it"),
    ],
)
def test_wrong_options_are_refused(backend: Backend, options: dict[str, Any], says: str) -> None:
    with pytest.raises(PolyNetError, match=says) as caught:
        BACKBONES.build({**JOINT, **options})
    assert isinstance(caught.value, (OptionError, UnknownNameError))


def test_layers_are_dropped_more_often_towards_the_end(backend: Backend) -> None:
    net = BACKBONES.build({**CONFIGS["factorised"], "drop_path": 0.3})
    layers = [*net.layers, *net.layers_temporal]
    assert layers[0].drop_path is None
    assert [round(float(layer.drop_path.p), 3) for layer in layers[1:]] == [0.1, 0.2, 0.3]
