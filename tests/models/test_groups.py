"""Groups of parameters, and blocks computed anew, from a network's structure."""

from __future__ import annotations

import copy
import importlib
from typing import Any

import numpy as np
import pytest

import polynet
from polynet import ops
from polynet.backend import Backend
from polynet.errors import OptionError, UnsupportedError
from polynet.models.depths import blocks_of, layer_depths
from tests.compare import assert_close
from tests.models.small import SMALL


def names_without_decay(net: Any, **options: Any) -> set[str]:
    groups = net.parameter_groups(**options)
    return {name for group in groups for name in group["names"] if group["weight_decay"] == 0}


@pytest.mark.parametrize("family", SMALL)
def test_every_parameter_is_in_one_group(family: str, backend: Backend) -> None:
    net = polynet.build(SMALL[family].build, backend=backend, seed=0)
    groups = net.parameter_groups(lr=0.1, layer_decay=0.5)
    names = [name for group in groups for name in group["names"]]
    parameters = [name for name, slot in backend.slots(net).items() if slot.kind == "parameter" and slot.trainable]
    assert sorted(names) == sorted(parameters)
    assert all(len(group["names"]) == len(group["params"]) for group in groups)
    assert [group["lr"] for group in groups] == sorted(group["lr"] for group in groups)
    assert groups[-1]["lr"] == 0.1


def test_biases_normalisations_and_tokens_are_spared(backend: Backend) -> None:
    net = polynet.build(SMALL["vit"].build, backend=backend, seed=0)
    spared = names_without_decay(net)
    assert {"cls_token", "pos_embed", "blocks.0.norm1.weight", "blocks.0.attn.qkv.bias"} <= spared
    assert "blocks.0.attn.qkv.weight" not in spared
    assert "blocks.0.attn.qkv.weight" in names_without_decay(net, no_weight_decay=["*.qkv.weight"])
    with pytest.raises(OptionError, match="no parameter is named like"):
        net.parameter_groups(no_weight_decay=["*.qvk.weight"])


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"lr": 0.1, "layer_decy": 0.5}, "no option 'layer_decy'. Did you mean 'layer_decay'"),
        ({"lr": 0.1, "layer_decay": 1.5}, "layer_decay=1.5 must be a number above 0 and at most 1"),
        ({"lr": 0.1, "layer_decay": 0}, "layer_decay=0 must be a number above 0 and at most 1"),
        ({"lr": 0.1, "weight_decay": -0.1}, "weight_decay=-0.1 must be a number of at least 0"),
        ({"layer_decay": 0.75}, "layer_decay needs lr"),
    ],
)
def test_options_that_cannot_be_are_said(options: dict[str, Any], said: str) -> None:
    with pytest.raises(OptionError, match=said):
        polynet.build("resnet18", backend="shapes").parameter_groups(**options)


def test_without_decay_by_depth_the_optimisers_own_rate_is_for_all(backend: Backend) -> None:
    net = polynet.build(SMALL["resnet"].build, backend=backend, seed=0)
    assert all("lr" not in group and group["lr_scale"] == 1 for group in net.parameter_groups())


@pytest.mark.parametrize("name", ["resnet50", "vit_tiny_patch16_224"])
def test_the_same_parameters_are_spared_as_in_timm(name: str) -> None:
    timm = pytest.importorskip("timm")
    optim = pytest.importorskip("timm.optim")
    theirs = timm.create_model(name)
    skipped = theirs.no_weight_decay() if hasattr(theirs, "no_weight_decay") else ()
    groups = optim.param_groups_weight_decay(theirs, 0.05, no_weight_decay_list=skipped)
    expected = {float(group["weight_decay"]): sum(p.numel() for p in group["params"]) for group in groups}
    net = polynet.build(name, backend="torch", seed=0)
    found = {group["weight_decay"]: sum(p.numel() for p in group["params"]) for group in net.parameter_groups()}
    assert found == expected


def test_a_native_optimiser_takes_the_groups(backend: Backend) -> None:
    net = polynet.build(SMALL["resnet"].build, backend=backend, seed=0)
    groups = net.parameter_groups(lr=0.1, layer_decay=0.5)
    home = {"torch": "torch.optim", "megengine": "megengine.optimizer"}[backend.name]
    optimiser = importlib.import_module(home).SGD(groups, lr=0.1)
    assert [group["lr"] for group in optimiser.param_groups] == [group["lr"] for group in groups]


def test_depths_follow_the_stages() -> None:
    net = polynet.build("resnet18", backend="shapes")
    depths = layer_depths(net)
    assert depths is not None
    assert depths["stem.conv.weight"] == (0, 10)
    assert depths["s1.b1.a.weight"] == (1, 10)
    assert depths["head.fc.weight"] == (9, 10)
    assert len(blocks_of(net)) == 8


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("densenet121", 60),
        ("hrnet_w18", 14),
        ("levit_128", 14),
        ("regnetx_002", 15),
        ("resnet50", 18),
        ("swin_tiny_patch4_window7_224", 14),
        ("tf_efficientnet_b0", 18),
        ("vgg11", 9),
    ],
)
def test_networks_have_as_many_depths_as_in_timm(name: str, count: int) -> None:
    net = polynet.build(name, backend="shapes")
    groups = net.parameter_groups(lr=1.0, layer_decay=0.5)
    assert len({group["lr"] for group in groups}) == count
    assert groups[0]["lr"] == 0.5 ** (count - 1)


def test_what_runs_between_the_modules_whose_maps_are_stages_is_as_deep_a_block() -> None:
    blocks = blocks_of(polynet.build("inception_v3", backend="shapes"))
    assert blocks[:4] == ["Conv2d_2b_3x3", "Conv2d_3b_1x1", "Conv2d_4a_3x3", "Mixed_5b"]
    assert blocks[-1] == "Mixed_7c"
    assert len(blocks) == 14


def _trained_once(net: Any, backend: Backend, images: Any) -> tuple[dict[str, Any], list[Any]]:
    backend.seed(0)
    names = [name for name, slot in backend.slots(net).items() if slot.kind == "parameter"]
    sources = [backend.slots(net)[name].tensor for name in names]
    _, gradients = backend.differentiate(lambda: ops.mean(net(images) ** 2), sources)
    return polynet.state(net), [backend.numpy(each) for each in gradients if each is not None]


@pytest.mark.parametrize("family", SMALL)
def test_blocks_computed_anew_give_the_same_numbers(family: str) -> None:
    pytest.importorskip("torch")
    small = SMALL[family]
    with polynet.use_backend("torch") as backend:
        net = polynet.build(small.build, seed=0)
        other = copy.deepcopy(net)
        other.set_gradient_checkpointing(True)
        images = ops.tensor(np.random.RandomState(0).standard_normal((2, 3, small.side, small.side)).astype(np.float32))
        state, gradients = _trained_once(net, backend, images)
        other_state, other_gradients = _trained_once(other, backend, images)
        assert list(state) == list(other_state)
        for name, array in state.items():
            assert_close(other_state[name], array, what=name)
        for mine, theirs in zip(gradients, other_gradients, strict=True):
            assert_close(theirs, mine)
        other.set_gradient_checkpointing(False)
        assert all("forward" not in vars(module) for module in other.modules())


def test_fewer_activations_are_kept() -> None:
    torch = pytest.importorskip("torch")
    net = polynet.build("resnet18", backend="torch", seed=0)
    images = torch.zeros(2, 3, 64, 64)

    def kept() -> int:
        sizes: list[int] = []

        def pack(tensor: Any) -> Any:
            sizes.append(tensor.numel())
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
            net(images)
        return sum(sizes)

    before = kept()
    net.set_gradient_checkpointing()
    assert kept() < before / 2


def test_megengine_says_what_it_has_instead() -> None:
    pytest.importorskip("megengine")
    net = polynet.build(SMALL["resnet"].build, backend="megengine", seed=0)
    with pytest.raises(UnsupportedError, match=r"megengine\.dtr"):
        net.set_gradient_checkpointing(True)
    net.set_gradient_checkpointing(False)


def rates_by_name(net: Any) -> dict[str, float]:
    groups = net.parameter_groups(lr=1.0, layer_decay=0.5)
    return {name: group["lr_scale"] for group in groups for name in group["names"]}


def test_a_norm_before_the_blocks_is_as_deep_as_what_stands_before_them() -> None:
    rates = rates_by_name(polynet.build("vit_base_patch16_clip_224", backend="shapes"))
    assert rates["norm_pre.weight"] == rates["pos_embed"] < rates["blocks.0.norm1.weight"]


def test_blocks_that_follow_the_stages_have_depths_of_their_own() -> None:
    rates = rates_by_name(polynet.build("cait_xxs24_224", backend="shapes"))
    depths = [rates[f"{name}.norm1.weight"] for name in ("blocks.23", "blocks_token_only.0", "blocks_token_only.1")]
    assert [*depths, rates["head.weight"]] == [0.125, 0.25, 0.5, 1.0]


def test_layers_that_compute_biases_of_an_attention_are_spared(backend: Backend) -> None:
    net = polynet.build(SMALL["swin v2"].build, backend=backend, seed=0)
    spared = names_without_decay(net)
    parameters = [name for name, slot in backend.slots(net).items() if slot.kind == "parameter"]
    assert {name for name in parameters if ".cpb_mlp." in name} <= spared
    assert not {name for name in parameters if name.endswith("qkv.weight")} & spared
