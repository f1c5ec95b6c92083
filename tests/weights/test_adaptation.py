"""Weights made for other classes, channels or image sizes, against what timm makes of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import polynet
from polynet.backend import Backend
from polynet.errors import OptionError, WeightsError
from polynet.weights import load_state, to_layout
from polynet.weights.checkpoint import Checkpoint
from polynet.weights.resampling import resampled_positions
from polynet.weights.transfer import fitted_state
from tests.compare import assert_close

VIT: dict[str, Any] = {"norm_eps": 1e-6}


@pytest.fixture
def _timm() -> Any:
    pytest.importorskip("torch")
    return pytest.importorskip("timm")


# timm's resizing of tables does what torch warns of.
@pytest.mark.filterwarnings("ignore:torch.searchsorted:UserWarning", "ignore:Using a non-tuple sequence:UserWarning")
@pytest.mark.usefixtures("_timm")
@pytest.mark.parametrize(
    ("name", "ours", "theirs"),
    [
        ("resnet18", {"num_classes": 10}, {"num_classes": 10}),
        ("resnet18", {"in_channels": 1}, {"in_chans": 1}),
        ("resnet18", {"in_channels": 4}, {"in_chans": 4}),
        ("resnet18", {"in_channels": 7}, {"in_chans": 7}),
        ("vit_tiny_patch16_224", {**VIT, "img_size": 96}, {"img_size": 96}),
        ("swin_tiny_patch4_window7_224", {"img_size": 128, "window_size": 4}, {"img_size": 128, "window_size": 4}),
        (
            "vit_tiny_patch16_224",
            {**VIT, "img_size": (160, 256), "in_channels": 1},
            {"img_size": (160, 256), "in_chans": 1},
        ),
    ],
)
def test_what_is_adapted_has_timms_numbers(
    backend: Backend, tmp_path: Path, name: str, ours: dict[str, Any], theirs: dict[str, Any]
) -> None:
    import timm
    import torch

    torch.manual_seed(0)
    source = timm.create_model(name)
    torch.save(source.state_dict(), tmp_path / "source.pth")
    adapted = timm.create_model(
        name, pretrained=True, pretrained_cfg_overlay={"file": str(tmp_path / "source.pth")}, **theirs
    )
    net = polynet.build(name, backend=backend, seed=0, **ours)
    report = polynet.load(net, tmp_path / "source.pth", adapt=True)
    assert report.ok
    exported = to_layout(polynet.state(net), "timm", net.family)
    for key, tensor in adapted.state_dict().items():
        if not (key.startswith(("fc.", "head.")) and "num_classes" in ours) and tensor.is_floating_point():
            assert_close(np.asarray(exported[key]), tensor.numpy(), what=key)


def test_a_classifier_of_other_classes_is_left_as_it_was_and_said_to_be(backend: Backend) -> None:
    state = polynet.state(polynet.build("resnet18", backend=backend, seed=0))
    net = polynet.build("resnet18", backend=backend, seed=1, num_classes=10)
    before = polynet.state(net)["head.fc.weight"]
    report = load_state(net, state, adapt=True)
    assert report.ok
    assert report.kept == ("head.fc.weight", "head.fc.bias")
    assert "1000 classes, the network has 10" in str(report)
    assert_close(polynet.state(net)["head.fc.weight"], before)
    assert_close(polynet.state(net)["stem.conv.weight"], state["stem.conv.weight"])


def test_a_network_without_head_takes_the_rest(backend: Backend) -> None:
    state = polynet.state(polynet.build("resnet18", backend=backend, seed=0))
    net = polynet.build("resnet18", backend=backend, seed=1, features_only=True)
    report = load_state(net, state, adapt=True)
    assert report.ok
    assert all("no head" in line for line in report.dropped)
    assert_close(polynet.state(net)["s4.b2.b.weight"], state["s4.b2.b.weight"])


def test_nothing_is_adapted_unless_asked(backend: Backend) -> None:
    state = polynet.state(polynet.build("resnet18", backend=backend, seed=0))
    net = polynet.build("resnet18", backend=backend, seed=1, in_channels=1)
    with pytest.raises(WeightsError, match=r"stem\.conv\.weight"):
        load_state(net, state)


def test_weights_of_another_network_are_refused_although_asked_to_adapt(backend: Backend) -> None:
    state = polynet.state(polynet.build("resnet34", backend=backend, seed=0))
    net = polynet.build("resnet18", backend=backend, seed=1)
    before = polynet.state(net)
    with pytest.raises(WeightsError, match="as resnet34 has; the network is resnet18"):
        load_state(net, state, adapt=True)
    assert_close(polynet.state(net)["stem.conv.weight"], before["stem.conv.weight"])


@pytest.mark.parametrize("layout", ["torchvision", "timm", "polynet"])
def test_a_checkpoint_of_another_network_says_which_it_looks_like(layout: str) -> None:
    shapes = {name: slot.shape for name, slot in _slots("resnet50", num_classes=7).items()}
    state = to_layout({name: np.zeros(shape, np.float32) for name, shape in shapes.items()}, layout, "resnet")
    net = polynet.build("resnet18", backend="shapes")
    with pytest.raises(WeightsError, match="as resnet50 has; the network is resnet18, ResNet"):
        load_state(net, state, layout=layout)


def test_a_checkpoint_of_another_family_says_which_it_looks_like() -> None:
    shapes = {name: slot.shape for name, slot in _slots("vgg11").items()}
    state = to_layout({name: np.zeros(shape, np.float32) for name, shape in shapes.items()}, "torchvision", "vgg")
    with pytest.raises(WeightsError, match="as vgg11 has; the network is resnet18"):
        load_state(polynet.build("resnet18", backend="shapes"), state, layout="auto")


def _slots(name: str, **options: Any) -> Any:
    with polynet.use_backend("shapes") as shapes:
        return shapes.slots(polynet.build(name, backend="shapes", **options))


@pytest.mark.usefixtures("_timm")
@pytest.mark.parametrize(
    ("old", "new"), [((14, 14), (24, 24)), ((14, 14), (7, 7)), ((14, 14), (10, 17)), ((14, 14), (5, 5))]
)
def test_positions_are_resized_to_timms_numbers(old: tuple[int, int], new: tuple[int, int]) -> None:
    import torch
    from timm.layers.pos_embed import resample_abs_pos_embed

    table = np.random.RandomState(0).standard_normal((1, 1 + old[0] * old[1], 8)).astype(np.float32)
    expected = resample_abs_pos_embed(torch.from_numpy(table), list(new), list(old), 1).numpy()
    assert_close(resampled_positions(table, old, new, 1), expected)


def test_build_adapts_weights_when_asked_to_and_draws_the_classifier(backend: Backend, tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    source = polynet.build("resnet18", backend=backend, seed=0, num_classes=7)
    polynet.save(source, path)
    with pytest.raises(WeightsError, match=r"num_classes=7\).*polynet.build\(…, weights=path, adapt=True\)"):
        polynet.build("resnet18", backend=backend, weights=path, num_classes=10)
    net = polynet.build("resnet18", backend=backend, seed=3, weights=path, num_classes=10, adapt=True)
    made, given = polynet.state(net), polynet.state(source)
    fresh = polynet.state(polynet.build("resnet18", backend=backend, seed=3, num_classes=10))
    np.testing.assert_array_equal(made["stem.conv.weight"], given["stem.conv.weight"])
    np.testing.assert_array_equal(made["head.fc.weight"], fresh["head.fc.weight"])


@pytest.mark.parametrize("adapt", [True, "yes"])
def test_build_adapts_nothing_where_there_are_no_weights(backend: Backend, adapt: Any) -> None:
    with pytest.raises(OptionError, match="whether `weights` are changed to fit"):
        polynet.build("resnet18", backend=backend, adapt=adapt)


@pytest.mark.parametrize("adapt", [False, True])
def test_position_biases_of_another_grid_are_refused_and_said_to_be_such(adapt: bool) -> None:
    slots = polynet.get_backend("shapes").slots(polynet.build("levit_128s", backend="shapes"))
    weights = Checkpoint({name: np.zeros(slot.shape, np.float32) for name, slot in slots.items()})
    net = polynet.build("levit_128s", backend="shapes", img_size=160)
    with pytest.raises(WeightsError, match="position biases of a grid of 14x14 positions, and the network's are of 10"):
        fitted_state(net, weights, adapt=adapt)
