"""Tables of relative positions of windows that are not square, against the libraries that keep them row by row."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import polynet
from polynet.backend import Backend
from polynet.errors import WeightsError
from polynet.weights import from_layout, load_state, to_layout
from polynet.weights.layouts.constants import restored_table, swapped_table
from polynet.weights.layouts.own_constants import constants_of
from tests.compare import assert_close

NAME = "swin_tiny_patch4_window7_224"
SMALL: dict[str, Any] = {"embed_dim": 16, "depths": (2, 1, 1, 2), "num_heads": (2, 4, 2, 4)}
TWO_STAGES: dict[str, Any] = {"embed_dim": 24, "depths": (2, 2), "num_heads": (2, 4)}
TOLERANCE = 2e-5
OPTIONS = [
    {"img_size": (224, 160)},
    {"img_size": (96, 64), "window_size": 4},
    {"img_size": 64, "window_size": (4, 2)},
    {"img_size": (64, 96), "window_size": (2, 6)},
    {"img_size": (8, 40), "window_size": (1, 5)},
]
"""The last one's tables have 9 rows, as many as those of windows of 3x3."""


@pytest.fixture
def _timm() -> Any:
    pytest.importorskip("torch")
    return pytest.importorskip("timm")


def sizes(options: dict[str, Any]) -> tuple[int, int]:
    size = options["img_size"]
    return size if isinstance(size, tuple) else (size, size)


def timms(options: dict[str, Any], **more: Any) -> Any:
    """timm's network with tables that are large enough to be seen in its logits."""
    import timm
    import torch

    torch.manual_seed(0)
    net = timm.create_model(NAME, **options, **more).eval()
    with torch.no_grad():
        for name, tensor in net.named_parameters():
            if name.endswith("bias_table"):
                tensor.normal_()
    return net


def numbers(net: Any) -> dict[str, np.ndarray[Any, Any]]:
    return {name: tensor.numpy() for name, tensor in net.state_dict().items()}


def logits(net: Any, backend: Backend, image: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    backend.set_training(net, False)
    return np.asarray(backend.numpy(net(backend.tensor(image))))


def images(options: dict[str, Any]) -> np.ndarray[Any, Any]:
    return np.random.RandomState(7).standard_normal((2, 3, *sizes(options))).astype(np.float32)


def assert_alike(found: np.ndarray[Any, Any], wanted: np.ndarray[Any, Any]) -> None:
    assert np.abs(found - wanted).max() <= TOLERANCE * np.abs(wanted).max()


@pytest.mark.usefixtures("_timm")
@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_timms_weights_give_timms_logits_and_go_back(backend: Backend, tmp_path: Path, options: dict[str, Any]) -> None:
    import torch

    theirs = timms(options, **SMALL)
    net = polynet.build(NAME, backend=backend, seed=1, **SMALL, **options)
    assert load_state(net, numbers(theirs), layout="timm").ok
    image = images(options)
    with torch.no_grad():
        assert_alike(logits(net, backend, image), theirs(torch.from_numpy(image)).numpy())
    polynet.save(net, tmp_path / "ours.pth", layout="timm")
    written = torch.load(tmp_path / "ours.pth", weights_only=True)
    theirs.load_state_dict(written, strict=True)
    for name, array in numbers(theirs).items():
        np.testing.assert_array_equal(written[name].numpy(), array)


# timm's resizing of tables does what torch warns of.
@pytest.mark.filterwarnings("ignore:torch.searchsorted:UserWarning", "ignore:Using a non-tuple sequence:UserWarning")
@pytest.mark.usefixtures("_timm")
@pytest.mark.parametrize(
    "options",
    [
        {"img_size": (224, 160)},
        {"img_size": (256, 192), "window_size": (8, 6)},
        {"img_size": (96, 64), "window_size": 4},
        {"img_size": (160, 224), "window_size": (5, 7)},
    ],
    ids=str,
)
def test_adapted_tables_have_timms_numbers(backend: Backend, tmp_path: Path, options: dict[str, Any]) -> None:
    import timm
    import torch

    source = timms({}, **SMALL)
    path = tmp_path / "source.pth"
    torch.save(source.state_dict(), path)
    overlay = {"file": str(path)}
    adapted = timm.create_model(NAME, pretrained=True, pretrained_cfg_overlay=overlay, **SMALL, **options).eval()
    net = polynet.build(NAME, backend=backend, seed=1, **SMALL, **options)
    report = load_state(net, numbers(source), layout="timm", adapt=True)
    assert report.ok
    assert any("resized from windows of 7x7 to " in str(change) for change in report.reshaped)
    wanted = from_layout(numbers(adapted), "timm", "swin", polynet.state(net), constants_of(net))
    for name, array in polynet.state(net).items():
        assert_close(array, wanted[name], 1e-6, what=name)
    image = images(options)
    with torch.no_grad():
        assert_alike(logits(net, backend, image), adapted(torch.from_numpy(image)).numpy())


def test_torchvisions_weights_give_its_logits_and_go_back(backend: Backend, tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    models = pytest.importorskip("torchvision.models")
    torch.manual_seed(0)
    theirs = models.SwinTransformer([4, 4], 24, [2, 2], [2, 4], [4, 2], stochastic_depth_prob=0.0).eval()
    with torch.no_grad():
        for name, tensor in theirs.named_parameters():
            if name.endswith("bias_table"):
                tensor.normal_()
    net = polynet.build(NAME, backend=backend, seed=1, img_size=64, window_size=(4, 2), **TWO_STAGES)
    assert load_state(net, numbers(theirs), layout="torchvision").ok
    image = images({"img_size": 64})
    with torch.no_grad():
        assert_alike(logits(net, backend, image), theirs(torch.from_numpy(image)).numpy())
    polynet.save(net, tmp_path / "ours.pth", layout="torchvision")
    written = torch.load(tmp_path / "ours.pth", weights_only=True)
    theirs.load_state_dict(written, strict=True)
    for name, array in numbers(theirs).items():
        np.testing.assert_array_equal(written[name].numpy(), array)


@pytest.mark.parametrize("layout", ["polynet", "basecls", "timm", "torchvision", "mmpretrain"])
@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_every_layout_is_written_and_read(
    backend: Backend, tmp_path: Path, layout: str, options: dict[str, Any]
) -> None:
    net = polynet.build(NAME, backend=backend, seed=0, **SMALL, **options)
    path = tmp_path / "a.safetensors"
    polynet.save(net, path, layout=layout)
    other = polynet.build(NAME, backend=backend, seed=1, **SMALL, **options)
    assert polynet.load(other, path).ok
    for name, array in polynet.state(net).items():
        np.testing.assert_array_equal(polynet.state(other)[name], array, err_msg=name)


def test_the_windows_are_known_without_numbers() -> None:
    net = polynet.build(NAME, backend="shapes", img_size=(224, 160))
    constants = constants_of(net)
    assert constants is not None
    windows = [constants[f"layers.{stage}.blocks.1.attn.window"].tolist() for stage in range(4)]
    assert windows == [[7, 7], [7, 7], [7, 7], [7, 5]]


def test_a_table_goes_back_by_its_window_alone() -> None:
    table = np.random.RandomState(0).standard_normal((15, 3))
    window = np.array([3, 2])
    assert np.abs(swapped_table(table, window) - swapped_table(table, window[::-1])).max() > 0
    np.testing.assert_array_equal(restored_table(swapped_table(table, window), window), table)


@pytest.mark.parametrize("shape", [(), (15,), (13, 3), (16, 3), (3, 5, 3)])
def test_what_is_for_no_window_stays_as_it_is_to_be_refused(shape: tuple[int, ...]) -> None:
    given = np.zeros(shape)
    assert restored_table(given, np.array([3, 2])) is given


def test_without_a_network_windows_are_square_and_the_error_says_what_to_do(backend: Backend) -> None:
    net = polynet.build(NAME, backend=backend, seed=0, img_size=64, window_size=(4, 2), **SMALL)
    state = polynet.state(net)
    with pytest.raises(WeightsError, match="name the network and its options"):
        to_layout(state, "timm", "swin")
    with pytest.raises(WeightsError, match="name the network and its options"):
        from_layout(to_layout(state, "timm", "swin", constants_of(net)), "timm", "swin", state)


def test_a_table_of_another_window_is_refused_without_adapt(backend: Backend) -> None:
    source = polynet.build(NAME, backend=backend, seed=0, img_size=56, **SMALL)
    weights = to_layout(polynet.state(source), "timm", "swin", constants_of(source))
    net = polynet.build(NAME, backend=backend, seed=0, img_size=64, window_size=(4, 2), **SMALL)
    with pytest.raises(WeightsError, match="rel_pos_bias_table"):
        load_state(net, weights, layout="timm")


@pytest.mark.filterwarnings("ignore:torch.searchsorted:UserWarning", "ignore:Using a non-tuple sequence:UserWarning")
@pytest.mark.usefixtures("_timm")
@pytest.mark.parametrize("layout", ["polynet", "timm"])
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({"img_size": 64, "window_size": (4, 2)}, {"img_size": (64, 96), "window_size": (2, 6)}),
        ({"img_size": 64, "window_size": (4, 2)}, {"img_size": 64, "window_size": (2, 4)}),
        ({"img_size": 64, "window_size": (4, 2)}, {"img_size": 64, "window_size": 4}),
    ],
    ids=["other", "turned", "square"],
)
def test_a_file_that_records_its_windows_is_adapted_as_timm_does(
    backend: Backend, tmp_path: Path, layout: str, old: dict[str, Any], new: dict[str, Any]
) -> None:
    theirs = timms(old, **SMALL)
    source = polynet.build(NAME, backend="torch", seed=1, **SMALL, **old)
    load_state(source, numbers(theirs), layout="timm")
    polynet.save(source, tmp_path / "a.safetensors", layout=layout)
    net = polynet.build(NAME, backend=backend, seed=2, **SMALL, **new)
    report = polynet.load(net, tmp_path / "a.safetensors", adapt=True)
    assert any("resized from windows of 4x2 to " in str(change) for change in report.reshaped)
    theirs.set_input_size(img_size=sizes(new), window_size=new["window_size"])
    wanted = from_layout(numbers(theirs), "timm", "swin", polynet.state(net), constants_of(net))
    for name, array in polynet.state(net).items():
        assert_close(array, wanted[name], 1e-6, what=name)
