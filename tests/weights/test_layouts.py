from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import polynet
from polynet.errors import UnknownNameError, WeightsError
from polynet.weights import detect_layout, families_of, from_layout, layout_names, to_layout
from polynet.weights.layouts.layout import Layout, Rule
from polynet.weights.layouts.table import LAYOUTS
from polynet.weights.layouts.template import Form, Pattern, TemplateError

COUNTER = ".num_batches_tracked"
DATA = Path(__file__).parent / "data"
FILES = sorted(path.stem for path in DATA.glob("*.*.json"))
FOREIGN = [name for name in FILES if not name.startswith("basecls.")]
PAIRED = [
    ("resnet50", "timm.resnet50"),
    ("resnet50", "torchvision.resnet50"),
    ("resnet18d", "timm.resnet18d"),
    ("se_resnext50_32x4d", "timm.seresnext50_32x4d"),
    ("vgg11_bn", "timm.vgg11_bn"),
    ("vgg11_bn", "torchvision.vgg11_bn"),
    ("mbnetv3_large_x100", "timm.mobilenetv3_large_100"),
    ("mbnetv3_large_x100", "torchvision.mobilenet_v3_large"),
    ("mbnetv3_small_x100", "timm.mobilenetv3_small_100"),
    ("mbnetv3_small_x100", "torchvision.mobilenet_v3_small"),
    ("effnet_b0", "timm.efficientnet_b0"),
    ("effnet_b0", "torchvision.efficientnet_b0"),
    ("effnet_b0_lite", "timm.tf_efficientnet_lite0"),
    ("effnet_b0_lite", "efficientnet_lite_pytorch.efficientnet-lite0"),
    ("effnetv2_b0", "timm.tf_efficientnetv2_b0"),
    ("vit_tiny_patch16_224", "timm.vit_tiny_patch16_224"),
]


def numbered(shapes):
    """Arrays that differ from each other, without the memory of real ones: one number each, shown at every place."""
    return {name: np.broadcast_to(np.float32(index + 1), shape) for index, (name, shape) in enumerate(shapes.items())}


def uncounted(state):
    return {name: array for name, array in state.items() if not name.endswith(COUNTER)}


@pytest.mark.parametrize(("model", "foreign"), PAIRED)
def test_a_canonical_state_gets_exactly_the_librarys_names_and_shapes(listed, model, foreign):
    theirs = listed(foreign)
    made = to_layout(numbered(listed(f"basecls.{model}")["tensors"]), theirs["layout"], theirs["family"])
    assert {name: array.shape for name, array in uncounted(made).items()} == theirs["tensors"]
    normalised = {name.removesuffix("running_mean") for name in theirs["tensors"] if name.endswith("running_mean")}
    counters = {name: array for name, array in made.items() if name.endswith(COUNTER)}
    assert {name.removesuffix(COUNTER[1:]) for name in counters} == normalised
    assert all(array.dtype == np.int64 and array.shape == () and array == 0 for array in counters.values())


@pytest.mark.parametrize("foreign", FOREIGN)
def test_polynets_own_networks_have_exactly_the_librarys_names_and_shapes(listed, foreign):
    theirs = listed(foreign)
    net = polynet.build({"model": {"name": theirs["model"], **theirs.get("options", {})}}, backend="shapes")
    slots = polynet.get_backend("shapes").slots(net)
    made = to_layout(numbered({name: slot.shape for name, slot in slots.items()}), theirs["layout"], net.family)
    assert {name: array.shape for name, array in uncounted(made).items()} == theirs["tensors"]


@pytest.mark.parametrize(("model", "foreign"), PAIRED)
def test_the_way_there_and_back_is_the_identity(listed, model, foreign):
    layout, family = listed(foreign)["layout"], listed(foreign)["family"]
    state = numbered(listed(f"basecls.{model}")["tensors"])
    back = from_layout(to_layout(state, layout, family), layout, family, state)
    assert list(back) == list(state)
    for name, array in state.items():
        assert back[name].shape == array.shape
        assert back[name].flat[0] == array.flat[0], name


@pytest.mark.parametrize(
    ("foreign", "theirs", "ours"),
    [
        ("timm.resnet50", "layer3.2.bn2.bias", "s3.b3.b_bn.bias"),
        ("timm.resnet50", "layer2.0.downsample.1.running_var", "s2.b1.bn.running_var"),
        ("torchvision.resnet50", "layer4.2.conv3.weight", "s4.b3.c.weight"),
        ("timm.resnet18d", "conv1.4.weight", "stem.b_bn.weight"),
        ("timm.resnet18d", "bn1.weight", "stem.c_bn.weight"),
        ("timm.resnet18d", "layer2.0.downsample.2.weight", "s2.b1.bn.weight"),
        ("timm.seresnext50_32x4d", "layer1.1.se.fc2.bias", "s1.b2.se.f_ex.2.bias"),
        ("torchvision.vgg11_bn", "features.8.weight", "s3.b1.0.weight"),
        ("torchvision.vgg11_bn", "features.26.running_mean", "s5.b2.1.running_mean"),
        ("timm.vgg11_bn", "pre_logits.fc1.bias", "head.classifier.0.bias"),
        ("timm.vgg11_bn", "head.fc.weight", "head.classifier.6.weight"),
        ("timm.mobilenetv3_large_100", "blocks.0.0.bn2.weight", "s1.b1.proj_bn.weight"),
        ("timm.mobilenetv3_large_100", "blocks.3.1.bn2.weight", "s4.b2.dwise_bn.weight"),
        ("timm.mobilenetv3_large_100", "blocks.6.0.bn1.weight", "head.bn.weight"),
        ("timm.mobilenetv3_large_100", "conv_head.bias", "head.h_fc.bias"),
        ("torchvision.mobilenet_v3_large", "features.2.block.2.1.weight", "s2.b1.proj_bn.weight"),
        ("torchvision.mobilenet_v3_large", "features.4.block.2.fc1.bias", "s3.b1.se.f_ex.0.bias"),
        ("torchvision.mobilenet_v3_large", "features.16.0.weight", "head.conv.weight"),
        ("torchvision.mobilenet_v3_large", "classifier.3.weight", "head.fc.weight"),
        ("timm.efficientnet_b0", "blocks.1.0.bn1.weight", "s2.b1.exp_bn.weight"),
        ("timm.efficientnet_b0", "blocks.0.0.conv_pw.weight", "s1.b1.proj.weight"),
        ("timm.efficientnet_b0", "blocks.6.0.se.conv_expand.weight", "s7.b1.se.f_ex.2.weight"),
        ("torchvision.efficientnet_b0", "features.1.0.block.2.0.weight", "s1.b1.proj.weight"),
        ("torchvision.efficientnet_b0", "features.8.1.bias", "head.bn.bias"),
        ("timm.tf_efficientnetv2_b0", "blocks.0.0.conv.weight", "s1.b1.proj.weight"),
        ("timm.tf_efficientnetv2_b0", "blocks.1.1.conv_exp.weight", "s2.b2.exp.weight"),
        ("timm.tf_efficientnetv2_b0", "blocks.1.1.bn2.weight", "s2.b2.proj_bn.weight"),
        ("efficientnet_lite_pytorch.efficientnet-lite0", "_blocks.0._bn1.weight", "s1.b1.dwise_bn.weight"),
        ("efficientnet_lite_pytorch.efficientnet-lite0", "_blocks.15._project_conv.weight", "s7.b1.proj.weight"),
        ("efficientnet_lite_pytorch.efficientnet-lite0", "_bn1.weight", "head.bn.weight"),
        ("timm.vit_tiny_patch16_224", "blocks.11.mlp.fc2.bias", "blocks.11.ffn.fc2.bias"),
    ],
)
def test_single_names_correspond(listed, foreign, theirs, ours):
    model = next(model for model, other in PAIRED if other == foreign)
    canonical = listed(f"basecls.{model}")["tensors"]
    listing = listed(foreign)
    shapes = listing["tensors"]
    state = {name: np.broadcast_to(np.float32(name == theirs), shape) for name, shape in shapes.items()}
    found = from_layout(state, listing["layout"], listing["family"], canonical)
    assert [name for name, array in found.items() if array.flat[0]] == [ours]


def test_torchvisions_vision_transformer_gets_its_names(listed):
    theirs = listed("torchvision.vit_b_16")["tensors"]
    made = to_layout(numbered(listed("basecls.vit_tiny_patch16_224")["tensors"]), "torchvision", "vit")
    assert set(made) == set(theirs)
    assert made["encoder.layers.encoder_layer_3.self_attention.in_proj_weight"].shape == (576, 192)


def test_alexnet_corresponds_to_torchvisions(listed):
    theirs = listed("torchvision.alexnet")["tensors"]
    canonical = [f"head.{name}" if name.startswith("classifier") else name for name in theirs]
    found = from_layout(numbered(theirs), "torchvision", "alexnet", dict.fromkeys(canonical))
    assert set(found) == set(canonical)
    assert found["head.classifier.6.weight"].shape == (1000, 4096)


def test_vgg_without_normalisation_numbers_its_layers_otherwise(listed):
    bn = listed("basecls.vgg11_bn")["tensors"]
    canonical = {name.replace(".0.weight", ".0.bias"): shape for name, shape in bn.items() if name.startswith("s")}
    canonical |= {name: shape for name, shape in bn.items() if ".1." not in name or name.startswith("head")}
    canonical = {name: shape for name, shape in canonical.items() if name.startswith("head") or ".1." not in name}
    for layout in ("torchvision", "timm"):
        theirs = listed(f"{layout}.vgg11")["tensors"]
        assert set(to_layout(numbered(canonical), layout, "vgg")) == set(theirs)


def test_a_bias_before_a_normalisation_moves_into_its_running_mean():
    theirs = {
        "features.0.weight": np.ones((4, 3, 3, 3), np.float32),
        "features.0.bias": np.full(4, 0.5, np.float32),
        "features.1.weight": np.ones(4, np.float32),
        "features.1.running_mean": np.full(4, 2.0, np.float32),
    }
    canonical = dict.fromkeys(["s1.b1.0.weight", "s1.b1.1.weight", "s1.b1.1.running_mean"])
    found = from_layout(theirs, "torchvision", "vgg", canonical)
    np.testing.assert_array_equal(found["s1.b1.1.running_mean"], np.full(4, 1.5, np.float32))
    back = to_layout(found, "torchvision", "vgg")
    np.testing.assert_array_equal(back["features.0.bias"], np.zeros(4, np.float32))
    np.testing.assert_array_equal(theirs["features.1.running_mean"], np.full(4, 2.0, np.float32))


@pytest.mark.parametrize("foreign", FOREIGN)
def test_the_layout_of_every_librarys_names_is_recognised(listed, foreign):
    names = list(listed(foreign)["tensors"])
    found = detect_layout([*names, *(f"{name}{COUNTER}" for name in names[:3])])
    alike = {"timm.resnet50": "torchvision"}
    assert found == alike.get(foreign, listed(foreign)["layout"])


@pytest.mark.parametrize("own", [name for name in FILES if name.startswith("basecls.")])
def test_polynets_own_names_are_recognised(listed, own):
    assert detect_layout(listed(own)["tensors"]) == "polynet"


def test_unknown_names_list_the_layouts():
    with pytest.raises(WeightsError, match="polynet, basecls, torchvision, timm"):
        detect_layout(["encoder.embed.table", "decoder.out"])
    with pytest.raises(WeightsError, match="none"):
        detect_layout([])


def test_basecls_states_get_megengines_own_shapes_and_lose_them_again():
    state = {
        "s1.b1.a.weight": np.zeros((128, 64, 1, 1)),
        "s1.b1.b.weight": np.zeros((128, 4, 3, 3)),
        "s1.b1.se.f_ex.0.weight": np.zeros((16, 256, 1, 1)),
        "s1.b1.se.f_ex.0.bias": np.zeros(16),
        "s1.b1.b_bn.weight": np.zeros(128),
        "s1.b1.b_bn.bias": np.zeros(128),
        "head.fc.weight": np.zeros((10, 256)),
        "head.fc.bias": np.zeros(10),
    }
    made = {name: array.shape for name, array in to_layout(state, "basecls", "resnet").items()}
    assert made == {name: array.shape for name, array in state.items()} | {
        "s1.b1.b.weight": (32, 4, 4, 3, 3),
        "s1.b1.se.f_ex.0.bias": (1, 16, 1, 1),
    }
    plain = to_layout(
        {"s1.b1.a.weight": np.zeros((8, 8, 3, 3)), "s1.b1.b.weight": np.zeros((8, 8, 3, 3))}, "basecls", "resnet"
    )
    assert plain["s1.b1.b.weight"].shape == (8, 8, 3, 3)


def test_the_family_tells_layouts_apart_that_spell_others_alike(listed):
    assert detect_layout(listed("timm.vit_tiny_patch16_224")["tensors"], "vit") == "timm"


def test_polynets_own_layout_changes_nothing():
    state = {"anything.weight": np.ones(2)}
    assert to_layout(state, "polynet", None) == state
    assert from_layout(state, "polynet", None, state) == state


def test_composed_networks_have_mmpretrains_names_and_its_counters():
    layout = "mmpretrain"
    state = {"backbone.bn1.running_var": np.ones(2), "head.fc.weight": np.ones((3, 2))}
    made = to_layout(state, layout, None)
    assert list(made) == ["backbone.bn1.running_var", "backbone.bn1.num_batches_tracked", "head.fc.weight"]
    assert from_layout(made, layout, None, state).keys() == state.keys()
    with pytest.raises(WeightsError, match=r"no map for the family 'cait'.*composed of the library's components"):
        to_layout({}, layout, "cait")


def test_a_wrong_layout_or_family_says_what_there_is():
    with pytest.raises(UnknownNameError, match="Did you mean 'timm'"):
        to_layout({}, "tim", "resnet")
    with pytest.raises(WeightsError, match=r"no map for the family 'perceiver'.*resnet, vgg, mbnet"):
        to_layout({}, "timm", "perceiver")
    with pytest.raises(WeightsError, match="for a network composed of parts there are mmpretrain, polynet, basecls"):
        to_layout({}, "timm", None)
    with pytest.raises(WeightsError, match="for the family 'alexnet' there are torchvision, mmpretrain, polynet"):
        to_layout({}, "timm", "alexnet")
    assert set(layout_names()) == {"polynet", "basecls", "mmpretrain", *(layout.name for layout in LAYOUTS)}
    assert families_of("efficientnet_lite_pytorch") == ("effnet",)


def test_an_option_the_library_has_not_is_named():
    with pytest.raises(WeightsError, match=r"no counterpart for 's1\.b1\.se\.f_ex\.0\.weight'"):
        to_layout({"s1.b1.se.f_ex.0.weight": np.zeros((2, 2, 1, 1))}, "torchvision", "resnet")


def test_states_that_do_not_match_are_counted():
    with pytest.raises(WeightsError, match=r"1 names are missing \(stem\.bn\.weight\), 1 are unexpected \(fc\.bias\)"):
        from_layout({"fc.bias": np.zeros(1)}, "timm", "resnet", {"stem.bn.weight": None})


def test_a_table_that_gives_two_tensors_one_name_is_caught():
    layout = Layout("x", "y", (Rule("a.{leaf}", "c.{leaf}"), Rule("b.{leaf}", "c.{leaf}")))
    with pytest.raises(WeightsError, match="spells both"):
        layout.names({"a.weight": None, "b.weight": None})


def test_axes_of_length_one_are_added_and_taken_away():
    ours = {"s1.blocks.0.gamma": np.arange(3.0)}
    theirs = to_layout(ours, "torchvision", "convnext")
    assert {name: array.shape for name, array in theirs.items()} == {"features.1.0.layer_scale": (3, 1, 1)}
    back = from_layout(theirs, "torchvision", "convnext", ours)
    assert back["s1.blocks.0.gamma"].shape == (3,)
    np.testing.assert_array_equal(back["s1.blocks.0.gamma"], ours["s1.blocks.0.gamma"])


def test_a_bias_that_the_library_has_not_moves_into_the_running_mean():
    ours = {
        "merge.dnsample1.conv.bias": np.full(4, 0.5, np.float32),
        "merge.dnsample1.norm.running_mean": np.full(4, 2.0, np.float32),
    }
    theirs = to_layout(ours, "mmpretrain", "hrnet")
    mean = "neck.0.downsample_layers.0.bn.running_mean"
    assert set(theirs) == {mean}
    np.testing.assert_array_equal(theirs[mean], np.full(4, 1.5, np.float32))
    back = from_layout(theirs, "mmpretrain", "hrnet", ours)
    np.testing.assert_array_equal(back["merge.dnsample1.conv.bias"], np.zeros(4, np.float32))
    np.testing.assert_array_equal(back["merge.dnsample1.norm.running_mean"], theirs[mean])


def test_neighbours_are_put_in_the_librarys_order_and_back():
    # Of each place of the halved map mmpretrain stacks channels of pixels, row by row; here whole pixels, by columns.
    ours = {"layers.0.downsample.reduction.weight": np.arange(16.0).reshape(2, 8)}
    theirs = to_layout(ours, "mmpretrain", "swin")
    made = theirs["backbone.stages.0.downsample.reduction.weight"]
    assert made[0].tolist() == [0, 4, 2, 6, 1, 5, 3, 7]
    back = from_layout(theirs, "mmpretrain", "swin", ours)
    np.testing.assert_array_equal(back["layers.0.downsample.reduction.weight"], *ours.values())


def test_forms_know_how_many_blocks_the_stage_above_has():
    names = dict.fromkeys(f"s{stage}.b{block}.w" for stage, block in ((1, 1), (1, 2), (2, 1)))
    layout = Layout("x", "y", (Rule("s{stage}.b{block}.{leaf}", "list.{above+block-1}.of.{stage}.{leaf}"),))
    assert list(layout.names(names).foreign_of.values()) == ["list.0.of.1.w", "list.1.of.1.w", "list.2.of.2.w"]


def test_names_taken_over_for_some_families_are_the_librarys():
    shared = [
        "cls_token",
        "pos_embed",
        "patch_embed.proj.weight",
        "blocks.0.attn.qkv.weight",
        "blocks.0.mlp.fc1.weight",
    ]
    assert detect_layout(shared) == "timm"
    assert detect_layout(["backbone.layers.0.ln1.weight", "head.layers.head.weight"]) == "mmpretrain"


def test_patterns_bind_whole_numbers_without_leading_zeros():
    pattern = Pattern("s{stage}.b{block}.{leaf}")
    assert pattern.match("s10.b2.weight") == {"stage": 10, "block": 2, "leaf": "weight"}
    assert pattern.match("s01.b2.weight") is None
    assert pattern.match("s1.b2.a.weight") is None
    assert pattern.match("xs1.b2.weight") is None


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("{index}", "4"),
        ("{index+1}.{stage-1}", "5.2"),
        ("{3*index+2*stage-1}", "17"),
        ("a.{10-index}", "a.6"),
        ("{leaf}", "bias"),
    ],
)
def test_forms_compute_sums(source, name):
    assert Form(source).make({"index": 4, "stage": 3, "leaf": "bias"}) == name
    assert Form(source).shape().fullmatch(name)


@pytest.mark.parametrize("source", ["{}", "{a b}", "{index*2}", "{index/2}", "{index+}", "{__import__('os')}"])
def test_misspelt_forms_are_caught(source):
    with pytest.raises(TemplateError):
        Form(source)


def test_misspelt_patterns_are_caught():
    with pytest.raises(TemplateError):
        Pattern("s{stage+1}.weight")


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: f"{layout.name}-{layout.family}")
def test_every_layout_says_where_it_was_learnt(layout):
    assert layout.source
