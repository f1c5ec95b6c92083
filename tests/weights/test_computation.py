"""Weights of another library say what its network computes otherwise: numbers added to variances, windows, means."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import polynet
from polynet.backend import Backend
from polynet.cli import main
from polynet.errors import WeightsError
from polynet.models.networks.vit import ViT
from polynet.weights import load_state, read_checkpoint, state, to_layout, write_checkpoint
from polynet.weights.computation import computation_notes
from polynet.weights.layouts.own_constants import constants_of
from tests.zoo.reference import TOLERANCE, drawn

SMALL: dict[str, Any] = {"img_size": 32, "depth": 1}
POOLED: dict[str, Any] = {"depths": (1, 1, 1, 1), "widths": (4, 5, 6, 7), "num_classes": 3}


@pytest.mark.parametrize(("layout", "said"), [("timm", True), ("torchvision", True), ("polynet", False)])
def test_a_report_says_that_a_librarys_vit_has_another_epsilon(backend: Backend, layout: str, said: bool) -> None:
    net = polynet.build("vit_tiny_patch16_224", backend=backend.name, **SMALL)
    report = load_state(net, to_layout(state(net), layout, net.family), layout=layout)
    assert ("norm_eps=1e-06" in str(report)) == said


def test_nothing_is_said_where_the_numbers_agree(backend: Backend) -> None:
    net = polynet.build("vit_tiny_patch16_224", backend=backend.name, norm_eps=1e-6, **SMALL)
    assert not load_state(net, to_layout(state(net), "timm", net.family), layout="timm").notes


@pytest.mark.parametrize("layout", ["torchvision", "mmpretrain", "timm"])
@pytest.mark.parametrize("name", ["swin_tiny_patch4_window7_224", "swinv2_tiny_window8_256"])
@pytest.mark.parametrize(("size", "uneven"), [(64, False), (72, True)])
def test_a_report_says_where_windows_do_not_cover_a_map_evenly(
    backend: Backend, layout: str, name: str, size: int, uneven: bool
) -> None:
    small: dict[str, Any] = {"img_size": size, "window_size": 4, "embed_dim": 4, "depths": (2, 2), "num_heads": (1, 1)}
    net = polynet.build(name, backend=backend.name, **small)
    report = load_state(net, to_layout(state(net), layout, net.family, constants_of(net)), layout=layout)
    assert report.ok
    assert ("before it rolls them: for equal logits build it with fill_first=True" in str(report)) == (
        uneven and layout != "timm"
    )
    net = polynet.build(name, backend=backend.name, fill_first=True, **small)
    report = load_state(net, to_layout(state(net), layout, net.family, constants_of(net)), layout=layout)
    assert ("after it rolls them: for equal logits build it with fill_first=False" in str(report)) == (
        uneven and layout == "timm"
    )
    assert "before it rolls them" not in str(report)


@pytest.mark.parametrize(
    ("layout", "head", "said"),
    [
        ("mmpretrain", {}, "before it takes the mean"),
        ("mmpretrain", {"norm_whole_map": True}, "has norm_eps=1e-05 in its head, this one 1e-06"),
        ("mmpretrain", {"norm_whole_map": True, "norm_eps": 1e-5}, ""),
        ("timm", {}, ""),
        ("timm", {"norm_whole_map": True}, "takes the mean of the last map"),
        ("polynet", {"norm_whole_map": True}, ""),
    ],
)
def test_a_report_says_where_a_head_takes_the_mean_before_it_normalises(
    backend: Backend, layout: str, head: dict[str, Any], said: str
) -> None:
    net = polynet.build("poolformer_s12", backend=backend.name, **POOLED, head=head)
    report = load_state(net, to_layout(state(net), layout, net.family), layout=layout)
    assert report.ok
    assert [said in note and "for equal logits build it with" in note for note in report.notes] == [True] * bool(said)


@pytest.mark.parametrize("layout", ["timm", "torchvision", "mmpretrain"])
@pytest.mark.parametrize("whole", [True, False])
def test_a_report_says_that_the_libraries_convnexts_take_the_mean_first(
    backend: Backend, layout: str, whole: bool
) -> None:
    net = polynet.build("convnext_tiny", backend=backend.name, **POOLED, head={"norm_whole_map": whole})
    report = load_state(net, to_layout(state(net), layout, net.family), layout=layout)
    assert ["takes the mean of the last map" in note for note in report.notes] == [True] * whole


@pytest.mark.parametrize(
    "options",
    [
        {"version": 2, "layer_scale": None},
        {"layer_scale": None},
        {"head": {"norm_first": True}},
        {"head": {"width": 8}},
        {"head": {"name": "ClsHead"}},
        {"depths": (1, 1), "widths": (4, 8)},
        {"depths": (1,) * 5, "widths": (4, 5, 6, 7, 8)},
    ],
)
def test_poolformers_that_mmpretrain_has_not_are_refused(options: dict[str, Any]) -> None:
    net = polynet.build("poolformer_s12", backend="shapes", **{**POOLED, **options})
    shapes = {name: slot.shape for name, slot in polynet.get_backend("shapes").slots(net).items()}
    weights = {name: np.zeros(shape, np.float32) for name, shape in shapes.items()}
    with pytest.raises(WeightsError, match="no counterpart"):
        to_layout(weights, "mmpretrain", net.family)


def test_poolformers_weights_are_converted_to_mmpretrains_and_back(tmp_path: Path, capsys: Any) -> None:
    options = ["num_classes=3", "head.norm_whole_map=true", "head.norm_eps=1e-5"]
    net = polynet.build("poolformer_s12", backend="shapes", num_classes=3)
    slots = polynet.get_backend("shapes").slots(net)
    ours = {name: drawn(name, slot.shape) for name, slot in slots.items()}
    first, second, third = (str(tmp_path / f"{name}.safetensors") for name in "abc")
    write_checkpoint(first, ours, {"format": "pt"})
    for start, end, layout in ((first, second, "mmpretrain"), (second, third, "polynet")):
        assert main(["convert", start, end, "--model", "poolformer_s12", *options, "--to", layout]) == 0
    assert "for equal logits" not in capsys.readouterr().out
    assert read_checkpoint(second).tensors["backbone.norm6.weight"].shape == (512,)
    back = read_checkpoint(third).tensors
    assert back.keys() == ours.keys()
    for name, array in ours.items():
        np.testing.assert_array_equal(back[name], array, err_msg=name)
    assert main(["convert", second, str(tmp_path / "d.safetensors"), "--model", "poolformer_s12", "num_classes=3"]) == 0
    assert "before it takes the mean" in capsys.readouterr().out


@pytest.mark.parametrize(("size", "fill_first"), [(128, False), (136, False), (128, True), (136, True)])
def test_torchvisions_windows_are_ours_where_they_cover_maps_evenly_or_fill_them_first(
    size: int, fill_first: bool
) -> None:
    torch = pytest.importorskip("torch")
    theirs = pytest.importorskip("torchvision.models.swin_transformer")
    parts = {"block": theirs.SwinTransformerBlockV2, "downsample_layer": theirs.PatchMergingV2}
    other = theirs.SwinTransformer([4, 4], 12, [2, 2, 2], [1, 2, 4], [8, 8], num_classes=5, **parts).eval()
    other.load_state_dict({name: _lively(name, tensor) for name, tensor in other.state_dict().items()})
    small: dict[str, Any] = {
        "img_size": size,
        "fill_first": fill_first,
        "embed_dim": 12,
        "depths": (2, 2, 2),
        "num_heads": (1, 2, 4),
        "num_classes": 5,
    }
    net = polynet.build("swinv2_tiny_window8_256", backend="torch", **small).eval()
    report = load_state(net, dict(other.state_dict()), layout="auto")
    images = torch.from_numpy(np.random.RandomState(1).standard_normal((1, 3, size, size)).astype(np.float32))
    with torch.no_grad():
        found, wanted = net(images).numpy(), other(images).numpy()
    difference = np.abs(found - wanted).max() / np.abs(wanted).max()
    assert report.ok
    differs = size == 136 and not fill_first
    assert bool(report.notes) == (difference > 1e-3) == differs
    assert differs or difference <= TOLERANCE


def _lively(name: str, tensor: Any) -> Any:
    return tensor if "relative" in name else tensor.new_tensor(drawn(name, tuple(tensor.shape)))


@pytest.mark.parametrize(
    ("name", "layout", "options", "said"),
    [
        ("mbnetv3_small_x100", "torchvision", {}, True),
        ("mbnetv3_small_x100", "torchvision", {"norm_eps": 1e-3}, False),
        ("mbnetv3_small_x100", "mmpretrain", {}, True),
        ("mbnetv3_small_x100", "timm", {}, False),
        ("mbnetv2_x035", "torchvision", {}, False),
        ("effnet_b0", "torchvision", {}, False),
        ("effnet_b5", "torchvision", {}, True),
        ("effnetv2_s", "torchvision", {}, True),
        ("effnetv2_s", "torchvision", {"norm_eps": 1e-3}, False),
        ("vit_base_patch16_clip_224", "timm", {}, False),
    ],
)
def test_a_librarys_epsilon_is_noted_where_it_is_another(
    name: str, layout: str, options: dict[str, Any], said: bool
) -> None:
    notes = computation_notes(polynet.build(name, backend="shapes", **options), layout)
    assert [note for note in notes if "norm_eps=0.001" in note or "norm_eps=1e-06" in note] == list(notes)
    assert bool(notes) == said


def test_build_logs_what_weights_are_to_be_known_of(backend: Backend, caplog: pytest.LogCaptureFixture) -> None:
    net = polynet.build("vit_tiny_patch16_224", backend=backend.name, seed=0, **SMALL)
    foreign = to_layout(state(net), "timm", "vit")
    given = {**SMALL, "norm_eps": 1e-5}
    polynet.build("vit_tiny_patch16_224", backend=backend.name, weights=foreign, layout="timm", **given)
    assert "vit_tiny_patch16_224: timm's network has norm_eps=1e-06, this one 1e-05" in caplog.text


@pytest.mark.parametrize(
    ("name", "layout", "options", "built_with"),
    [
        ("vit_tiny_patch16_224", "timm", SMALL, {"norm_eps": 1e-6}),
        ("vit_tiny_patch16_224", "polynet", SMALL, {}),
        ("mbnetv3_small_x100", "torchvision", {}, {"norm_eps": 1e-3}),
        (
            "swin_tiny_patch4_window7_224",
            "torchvision",
            {"img_size": 72, "window_size": 4, "embed_dim": 4, "depths": (2, 2), "num_heads": (1, 1)},
            {"fill_first": True},
        ),
        ("poolformer_s12", "mmpretrain", POOLED, {"head": {"norm_whole_map": True, "norm_eps": 1e-5}}),
    ],
)
def test_a_network_built_with_a_librarys_weights_computes_what_that_does(
    backend: Backend,
    caplog: pytest.LogCaptureFixture,
    name: str,
    layout: str,
    options: dict[str, Any],
    built_with: dict[str, Any],
) -> None:
    net = polynet.build(name, backend=backend.name, seed=0, **options)
    foreign = to_layout(state(net), layout, net.family, constants_of(net))
    made = polynet.build(name, backend=backend.name, weights=foreign, layout=layout, **options)
    assert not computation_notes(made, layout)
    assert not caplog.records
    assert {key: made.config[key] for key in built_with} == built_with
    for key, array in state(made).items():
        np.testing.assert_array_equal(array, state(net)[key])


@pytest.mark.parametrize(
    ("name", "options", "layout", "said"),
    [
        ("vit_tiny_patch16_224", SMALL, "timm", "norm_eps=1e-06"),
        ("vit_tiny_patch16_224", {**SMALL, "norm_eps": 1e-6}, "timm", ""),
        ("vit_tiny_patch16_224", SMALL, "polynet", ""),
        ("mbnetv3_small_x100", {}, "torchvision", "norm_eps=0.001"),
    ],
)
def test_saving_for_a_library_that_computes_otherwise_is_said(
    backend: Backend,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    name: str,
    options: dict[str, Any],
    layout: str,
    said: str,
) -> None:
    net = polynet.build(name, backend=backend.name, **options)
    polynet.save(net, tmp_path / "net.safetensors", layout=layout)
    assert bool(caplog.text) == bool(said)
    assert said in caplog.text


@pytest.mark.parametrize("options", [{"features_only": True, "out_indices": (1, 2)}, {"num_classes": 0}])
def test_a_classifier_too_many_is_said_with_the_way_to_leave_it_out(backend: Backend, options: dict[str, Any]) -> None:
    whole = to_layout(state(polynet.build("resnet18", backend=backend.name, seed=0)), "timm", "resnet")
    with pytest.raises(WeightsError, match=r"checkpoint one \(fc.weight, fc.bias\)\. To leave it out: .*adapt=True"):
        polynet.build("resnet18", backend=backend.name, weights=whole, **options)
    net = polynet.build("resnet18", backend=backend.name, weights=whole, adapt=True, **options)
    assert net.head is None


def test_a_network_of_ones_own_without_the_option_is_built_as_it_is(
    backend: Backend, caplog: pytest.LogCaptureFixture
) -> None:
    class Mine(ViT):
        def __init__(self) -> None:
            super().__init__(img_size=32, depth=1, embed_dim=8, num_heads=2, norm_eps=1e-5)

    net = polynet.build(Mine, backend=backend, seed=0)
    polynet.build(Mine, backend=backend, weights=to_layout(state(net), "timm", "vit"), layout="timm")
    assert "Mine: timm's network has norm_eps=1e-06, this one 1e-05" in caplog.text
