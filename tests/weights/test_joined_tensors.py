"""Tensors that are one in another library, and tables that it keeps and PolyNet computes: read, written, refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import polynet
from polynet.backend import Backend, use_backend
from polynet.cli import main
from polynet.errors import WeightsError
from polynet.weights import (
    detect_layout,
    from_layout,
    load_state,
    read_checkpoint,
    save,
    state,
    to_layout,
    write_checkpoint,
)
from polynet.weights.layouts.joined import Joined, Joint
from polynet.weights.layouts.layout import Layout, Rule
from polynet.weights.layouts.own_constants import constants_of

SWIN: dict[str, Any] = {
    "name": "swinv2_tiny_window8_256",
    "img_size": 64,
    "embed_dim": 12,
    "depths": [2, 1],
    "num_heads": [1, 2],
    "num_classes": 3,
}
EVA: dict[str, Any] = {"name": "eva02_base_patch14_224", "img_size": 42, "embed_dim": 16, "depth": 2, "num_heads": 2}
EVA |= {"num_classes": 3, "norm_eps": 1e-5}
FUSED: dict[str, Any] = {**EVA, "name": "eva02_tiny_patch14_224"}
ROWS = [
    pytest.param(SWIN, "torchvision", "features.1.1.attn.", 12, id="torchvision-swin_v2"),
    pytest.param(EVA, "mmpretrain", "backbone.layers.1.attn.", 16, id="mmpretrain-eva-apart"),
    pytest.param(FUSED, "mmpretrain", "backbone.layers.1.attn.", 16, id="mmpretrain-eva-fused"),
]
EACH = pytest.mark.parametrize(("model", "layout", "attention", "width"), ROWS)


def built(model: dict[str, Any], backend: str, **options: Any) -> Any:
    return polynet.build({"model": {**model, **options}}, backend=backend, seed=3)


def spelt(net: Any, layout: str) -> dict[str, Any]:
    return to_layout(state(net), layout, net.family, constants_of(net))


def with_biases(net: Any) -> Any:
    """The network, with no parameter that is zero from the start."""
    numbers = np.random.RandomState(0)
    given = {
        name: array + numbers.uniform(0.1, 0.2, array.shape).astype(array.dtype) for name, array in state(net).items()
    }
    load_state(net, given)
    return net


@EACH
def test_parts_lie_behind_one_another_and_come_back(
    backend: Backend, model: dict[str, Any], layout: str, attention: str, width: int
) -> None:
    net = with_biases(built(model, backend.name))
    theirs = spelt(net, layout)
    bias = theirs[f"{attention}qkv.bias"]
    assert bias.dtype == np.float32
    assert bias.shape == (3 * width,)
    assert bias[:width].all()
    assert not bias[width : 2 * width].any()
    assert bias[2 * width :].all()
    assert detect_layout(theirs, net.family) == layout
    other = built(model, backend.name)
    report = load_state(other, theirs, layout="auto")
    assert report.ok
    assert report.layout == layout
    assert not report.notes
    for name, array in state(net).items():
        np.testing.assert_array_equal(state(other)[name], array, err_msg=name)


def test_gates_and_projections_are_one_tensor_each() -> None:
    with use_backend("shapes") as shapes:
        net = built(EVA, "shapes")
        ours = {
            name: np.random.RandomState(1).standard_normal(slot.shape).astype(np.float32)
            for name, slot in shapes.slots(net).items()
        }
    theirs = to_layout(ours, "mmpretrain", "eva", constants_of(net))
    stacked = [ours[f"blocks.0.attn.{part}_proj.weight"] for part in "qkv"]
    np.testing.assert_array_equal(theirs["backbone.layers.0.attn.qkv.weight"], np.concatenate(stacked))
    gates = [ours["blocks.0.mlp.fc1_g.bias"], ours["blocks.0.mlp.fc1_x.bias"]]
    np.testing.assert_array_equal(theirs["backbone.layers.0.mlp.w12.bias"], np.concatenate(gates))
    back = from_layout(theirs, "mmpretrain", "eva", ours)
    assert back.keys() == ours.keys()
    for name, array in ours.items():
        np.testing.assert_array_equal(back[name], array, err_msg=name)


def unchanged(net: Any, theirs: dict[str, Any], layout: str, said: str) -> None:
    before = state(net)
    with pytest.raises(WeightsError, match=said) as refusal:
        load_state(net, theirs, layout=layout)
    assert "Nothing was changed" in str(refusal.value)
    for name, array in state(net).items():
        np.testing.assert_array_equal(array, before[name], err_msg=name)


@EACH
@pytest.mark.parametrize(
    ("length", "said"),
    [
        (lambda width: 3 * width + 1, "does not divide into 3 parts"),
        (lambda width: 3 * width - 3, "no known layout leads from one shape to the other"),
    ],
    ids=["uneven", "narrow"],
)
def test_a_tensor_of_another_size_is_refused_and_nothing_changes(
    backend: Backend, model: dict[str, Any], layout: str, attention: str, width: int, length: Any, said: str
) -> None:
    net = with_biases(built(model, backend.name))
    theirs = spelt(net, layout)
    theirs[f"{attention}qkv.bias"] = np.zeros(length(width), np.float32)
    unchanged(net, theirs, layout, said)


@EACH
def test_all_parts_are_missing_where_the_one_tensor_is(
    backend: Backend, model: dict[str, Any], layout: str, attention: str, width: int
) -> None:
    net = with_biases(built(model, backend.name))
    theirs = spelt(net, layout)
    del theirs[f"{attention}qkv.bias"]
    unchanged(net, theirs, layout, r"missing \(2\)")
    report = load_state(net, theirs, layout=layout, strict=False)
    assert len(report.missing) == 2


def test_biases_of_keys_are_refused_where_they_count(backend: Backend) -> None:
    net = with_biases(built(FUSED, backend.name))
    theirs = spelt(net, "mmpretrain")
    theirs["backbone.layers.0.attn.qkv.bias"][20] = 1e-3
    unchanged(net, theirs, "mmpretrain", "numbers other than 0 in part 2 of 3")
    with pytest.raises(WeightsError, match="part 2 of 3"):
        from_layout(theirs, "mmpretrain", "eva", state(net))
    other = built(FUSED, backend.name)
    report = load_state(other, theirs, layout="mmpretrain", strict=False)
    assert [refusal.name for refusal in report.refused] == ["backbone.layers.0.attn.qkv.bias"]
    assert report.missing == ("blocks.0.attn.q_bias", "blocks.0.attn.v_bias")
    assert not state(other)["blocks.0.attn.q_bias"].any()


def test_biases_of_keys_are_passed_over_where_they_are_never_used(backend: Backend) -> None:
    net = built(SWIN, backend.name)
    theirs = spelt(net, "torchvision")
    theirs["features.1.0.attn.qkv.bias"][12:24] = 5.0
    assert load_state(net, theirs, layout="torchvision").ok


def test_a_network_with_some_of_the_parts_has_no_counterpart() -> None:
    layout = Layout(
        "x", "y", (Rule("head.{leaf}", "head.{leaf}"),), joins=(Joined(("q{n}.bias", None, "v{n}.bias"), "{n}"),)
    )
    with pytest.raises(WeightsError, match=r"'q0.bias' and 'v0.bias' are one tensor there, '0'"):
        layout.names({"head.weight": None, "q0.bias": None})
    with pytest.raises(WeightsError, match=r"v1\.bias"):
        layout.names({"q0.bias": None, "v0.bias": None, "v1.bias": None})
    assert layout.names({"q0.bias": None, "v0.bias": None}).joints == (Joint("0", ("q0.bias", None, "v0.bias")),)


def test_no_two_tensors_become_one_by_accident() -> None:
    joins = (Joined(("a", "b"), "one"), Joined(("c", "d"), "one"))
    layout = Layout("x", "y", (Rule("e", "one"),), joins=joins)
    assert len(layout.names({"a": None, "b": None}).joints) == 1
    for names in ("abcd", "abe"):
        with pytest.raises(WeightsError, match="does not fit"):
            layout.names(dict.fromkeys(names))


@pytest.mark.parametrize(
    "parts",
    [
        {"a": np.zeros(2, np.float32), "b": np.zeros(3, np.float32)},
        {"a": np.zeros(2, np.float32), "b": np.zeros(2, np.float16)},
    ],
)
def test_parts_that_differ_are_not_joined(parts: dict[str, Any]) -> None:
    with pytest.raises(WeightsError, match="The parts of 'one' must be alike, not a float32"):
        Joint("one", ("a", "b")).together(parts)


def test_a_scalar_has_no_parts() -> None:
    assert "does not divide" in Joint("one", ("a", "b")).apart(np.float32(1.0) * np.ones(()))[1]


def test_a_network_with_other_rotations_is_refused(backend: Backend) -> None:
    net = built(FUSED, backend.name)
    theirs = spelt(net, "mmpretrain")
    theirs["backbone.rope.freqs_cos"] = -theirs["backbone.rope.freqs_cos"]
    unchanged(net, theirs, "mmpretrain", "the other library's network computes with these")


def test_rotations_in_half_precision_are_the_same(backend: Backend) -> None:
    net = built(FUSED, backend.name)
    theirs = {name: array.astype(np.float16) for name, array in spelt(net, "mmpretrain").items()}
    assert load_state(net, theirs, layout="mmpretrain").ok


def test_an_eva_whose_tokens_are_not_turned_has_no_counterpart(backend: Backend) -> None:
    small: dict[str, Any] = {"embed_dim": 16, "depth": 1, "num_heads": 2, "img_size": 28, "num_classes": 3}
    net = polynet.build("eva_giant_patch14_224", backend=backend.name, mlp_ratio=4, **small)
    for constants in (constants_of(net), None):
        with pytest.raises(WeightsError, match="computes nothing like it"):
            to_layout(state(net), "mmpretrain", "eva", constants)


@pytest.mark.parametrize("options", [{}, {"pretrained_window_sizes": [4, 6]}, {"window_size": 4}])
def test_distances_are_those_of_the_network_on_every_backend(backend: Backend, options: dict[str, Any]) -> None:
    found = constants_of(built(SWIN, backend.name, **options))
    wanted = constants_of(built(SWIN, "shapes", **options))
    assert found is not None
    assert wanted is not None
    assert found.keys() == wanted.keys()
    for name, array in found.items():
        assert array.dtype == np.float32
        assert array.shape == wanted[name].shape
        np.testing.assert_allclose(array, wanted[name], rtol=0, atol=1e-6)
    side = 2 * options.get("window_size", 8) - 1
    assert found["layers.0.blocks.1.attn.relative_coords_table"].shape == (1, side, side, 2)


@pytest.mark.parametrize("model", [EVA, FUSED, {**FUSED, "img_size": 28, "ref_feat_shape": [2, 2]}])
def test_rotations_are_those_of_the_network_on_every_backend(backend: Backend, model: dict[str, Any]) -> None:
    found, wanted = constants_of(built(model, backend.name)), constants_of(built(model, "shapes"))
    assert found is not None
    assert wanted is not None
    assert found.keys() == wanted.keys()
    for name, array in found.items():
        assert array.shape == wanted[name].shape
        np.testing.assert_allclose(array, wanted[name], rtol=0, atol=1e-6)


def test_a_network_made_without_a_config_says_its_own_distances(backend: Backend) -> None:
    from polynet.models.networks.swin_v2 import SwinTransformerV2

    options = {key: value for key, value in SWIN.items() if key != "name"} | {"pretrained_window_sizes": [4, 6]}
    net = SwinTransformerV2(**options)
    found, wanted = constants_of(net), constants_of(built(SWIN, "shapes", pretrained_window_sizes=[4, 6]))
    assert found is not None
    assert wanted is not None
    for name, array in found.items():
        np.testing.assert_allclose(array, wanted[name], rtol=0, atol=1e-6)


def test_weights_for_another_window_are_loaded_with_a_note(backend: Backend) -> None:
    theirs = spelt(built(SWIN, backend.name), "torchvision")
    report = load_state(built(SWIN, backend.name, window_size=4), theirs, layout="torchvision")
    assert report.ok
    assert "(1, 7, 7, 2) here and (1, 15, 15, 2) there: logits are not those of torchvision's" in report.notes[0]


def test_weights_trained_with_other_distances_are_refused(backend: Backend) -> None:
    theirs = spelt(built(SWIN, backend.name, pretrained_window_sizes=[4, 6]), "torchvision")
    unchanged(built(SWIN, backend.name), theirs, "torchvision", "the other library's network computes with these")


def test_a_report_says_that_mmpretrains_eva_has_another_epsilon(backend: Backend) -> None:
    net = built(FUSED, backend.name, norm_eps=1e-6)
    assert "norm_eps=1e-05" in str(load_state(net, spelt(net, "mmpretrain"), layout="mmpretrain"))


@pytest.mark.parametrize(
    ("name", "layout", "options"),
    [
        ("swinv2_tiny_window8_256", "torchvision", {}),
        ("swinv2_tiny_window8_256", "torchvision", {"num_classes": 7}),
        ("eva02_tiny_patch14_224", "mmpretrain", {}),
        ("eva02_base_patch14_224", "mmpretrain", {"num_classes": 7}),
    ],
)
def test_files_are_converted_without_a_framework(
    tmp_path: Any, capsys: pytest.CaptureFixture[str], name: str, layout: str, options: dict[str, Any]
) -> None:
    first, second, third = (str(tmp_path / f"{leaf}.safetensors") for leaf in "abc")
    net = polynet.build(name, backend="shapes", **options)
    slots = polynet.get_backend("shapes").slots(net)
    ours = {key: np.full(slot.shape, 0.5, np.float32) for key, slot in slots.items()}
    theirs = to_layout(ours, layout, net.family, constants_of(net))
    write_checkpoint(first, theirs, {"format": "pt"})
    assert main(["convert", first, second]) == 0
    assert f"layout {layout}" in capsys.readouterr().out
    found = read_checkpoint(second).tensors
    assert {key: array.shape for key, array in found.items()} == {key: slot.shape for key, slot in slots.items()}
    assert (
        main(["convert", second, third, "--model", name, *(f"{k}={v}" for k, v in options.items()), "--to", layout])
        == 0
    )
    again = read_checkpoint(third).tensors
    assert again.keys() == theirs.keys()
    for key, array in theirs.items():
        assert again[key].dtype == array.dtype
        np.testing.assert_array_equal(again[key], array, err_msg=key)


def test_a_saved_file_has_the_networks_own_distances(backend: Backend, tmp_path: Any) -> None:
    net = built(SWIN, backend.name, window_size=4)
    save(net, tmp_path / "a.safetensors", layout="torchvision")
    found = read_checkpoint(tmp_path / "a.safetensors").tensors
    assert found["features.1.0.attn.relative_coords_table"].shape == (1, 7, 7, 2)
    index = found["features.1.0.attn.relative_position_index"]
    assert index.dtype == np.int64
    assert index.shape == (256,)
