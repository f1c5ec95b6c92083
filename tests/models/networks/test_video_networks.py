"""Whole classifiers of videos: from one config, in both frameworks and on the command line."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import polynet
from polynet import ops
from polynet.backend import Backend, use_backend
from polynet.cli import main
from polynet.errors import OptionError
from tests.compare import assert_close

SMALL = {"num_frames": 4, "image_size": 16, "dim": 24, "patch_size": 8, "depth": 2, "drop_path": 0.0}
TRANSFORMER = {
    "stem": {"name": "TubeletEmbeddingStem", "tubelet_size": 2},
    "branch": {"name": "BaseTransformerLayer", "num_heads": 3},
}
POOLING = {"name": "GlobalAveragePooling", "dim": 3}
LINEAR = {"name": "VideoClassifierHead", "num_classes": 5, "dropout_rate": 0}
HIDDEN = {"name": "TransformerHead", "num_classes": 5, "dropout_rate": 0, "pre_logits": True}
NARROW = {"depth": 10, "num_filters": [8, 16, 16, 16, 16]}

NETWORKS: dict[str, dict[str, Any]] = {
    "transformer": {
        "backbone": {"name": "VideoTransformer", **SMALL, **TRANSFORMER},
        "head": {**HIDDEN, "dim": 24},
    },
    "factorised transformer": {
        "backbone": {"name": "FactorizedVideoTransformer", **SMALL, **TRANSFORMER, "depth_temporal": 1},
        "head": {**LINEAR, "dim": 24},
    },
    "timesformer": {
        "backbone": {
            "name": "VideoTransformer",
            **SMALL,
            "stem": {"name": "PatchEmbedStem"},
            "branch": {"name": "TimesformerLayer", "num_heads": 3},
        },
        "head": {**HIDDEN, "dim": 24, "pre_logits": False},
    },
    "residual": {"backbone": {"name": "ResNet3D", **NARROW}, "neck": POOLING, "head": {**LINEAR, "dim": 16}},
    "factorised residual": {
        "backbone": {"name": "ResNet3D_2plus1d", **NARROW},
        "neck": POOLING,
        "head": {**LINEAR, "dim": 16},
    },
    "channel-separated": {
        "backbone": {"name": "ResNet3D_CSN", **NARROW, "depth": 26},
        "neck": POOLING,
        "head": {**LINEAR, "dim": 16},
    },
}
each_network = pytest.mark.parametrize("parts", NETWORKS.values(), ids=NETWORKS)


def whole(parts: dict[str, Any]) -> dict[str, Any]:
    return {"name": "VideoClassifier", **parts}


def batch() -> dict[str, Any]:
    generator = np.random.default_rng(8)
    return {
        "video": generator.standard_normal((3, 3, 4, 16, 16)).astype(np.float32),
        "gt_label": np.array([0, 4, 2], np.int32),
    }


def on_backend(arrays: dict[str, Any]) -> dict[str, Any]:
    return {key: ops.tensor(value) for key, value in arrays.items()}


@pytest.mark.checklist("S1-12", "S1-13", "S1-17", "S1-18", "S1-20", "S1-23", "S1-32", "S1-34", "S1-39")
@each_network
def test_each_mode_returns_what_the_page_promises(backend: Backend, parts: dict[str, Any]) -> None:
    config = whole(parts)
    before = repr(config)
    net = polynet.build(config, backend=backend, seed=2)
    assert repr(config) == before
    given = on_backend(batch())
    trained = net.train()(**given)
    assert list(trained) == ["loss", "batch_size", "acc@1"]
    assert trained["batch_size"] == 3
    tested = net.eval()(**given)
    assert list(tested) == ["logits", "acc@1"]
    bare = net(given["video"])
    assert tuple(bare.shape) == (3, 5)
    assert_close(ops.sum(bare, 1), np.ones(3, np.float32))
    assert_close(bare, tested["logits"], 0)


@pytest.mark.checklist("S0-62", "S1-32", "S1-39", "S1-43")
@each_network
def test_loss_logits_and_gradients_agree_between_the_frameworks(
    both: tuple[Backend, Backend], parts: dict[str, Any]
) -> None:
    seen = []
    for backend in both:
        with use_backend(backend):
            # Running statistics: those of a batch this small would magnify rounding.
            net = polynet.build({**whole(parts), "freeze_bn": True}, backend=backend, seed=2).train()
            given = on_backend(batch())
            slots = {name: slot for name, slot in backend.slots(net).items() if slot.kind == "parameter"}
            loss, gradients = backend.differentiate(
                lambda net=net, given=given: net(**given)["loss"], [slot.tensor for slot in slots.values()]
            )
            arrays = [slot.canonical(each) for slot, each in zip(slots.values(), gradients, strict=True)]
            seen.append((loss, net(given["video"]), dict(zip(slots, arrays, strict=True))))
    (loss, logits, gradients), (other_loss, other_logits, other_gradients) = seen
    assert_close(other_loss, loss)
    assert_close(other_logits, logits)
    assert list(gradients) == list(other_gradients)
    largest = max(np.abs(each).max() for each in gradients.values())
    # In networks this narrow every channel of a layer may be shut off.
    assert sum(gradient.any() for gradient in gradients.values()) >= 0.9 * len(gradients)
    for name, gradient in gradients.items():
        assert np.abs(other_gradients[name] - gradient).max() <= 1e-5 * largest, name


@pytest.mark.checklist("S1-14")
@each_network
def test_torch_traces_it(parts: dict[str, Any]) -> None:
    torch = pytest.importorskip("torch")
    with use_backend("torch"), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="`torch.jit", category=FutureWarning)
        warnings.filterwarnings("ignore", message="`torch.jit", category=DeprecationWarning)
        warnings.filterwarnings("ignore", category=torch.jit.TracerWarning)  # sizes are those of the trace
        net = polynet.build(whole(parts), backend="torch", seed=2).eval()
        x = torch.from_numpy(batch()["video"])
        assert_close(torch.jit.trace(net, x)(x * 2), net(x * 2), 1e-6)


@pytest.mark.checklist("S1-14")
@each_network
def test_megengine_traces_it(parts: dict[str, Any]) -> None:
    megengine = pytest.importorskip("megengine")
    with use_backend("megengine"):
        net = polynet.build(whole(parts), backend="megengine", seed=2).eval()
        x = ops.tensor(batch()["video"])
        traced = megengine.jit.trace(net, symbolic=True)
        traced(x)
        assert_close(traced(x * 2), net(x * 2), 1e-6)


@pytest.mark.checklist("S1-39")
def test_a_head_of_another_width_is_refused(backend: Backend) -> None:
    parts = NETWORKS["transformer"]
    with pytest.raises(OptionError, match=r"^(model\.)?head: .* 32, and VideoTransformer gives 24"):
        polynet.build(whole({**parts, "head": {**HIDDEN, "dim": 32}}), backend=backend)


def test_a_network_knows_its_videos_where_the_backbone_does() -> None:
    def size(name: str) -> Any:
        return polynet.build(whole(NETWORKS[name]), backend="shapes").input_size

    assert size("timesformer") == (3, 4, 16, 16)
    assert size("residual") is None


def written(folder: Path, parts: dict[str, Any]) -> str:
    path = folder / "video.json"
    path.write_text(json.dumps({"model": whole(parts)}))
    return str(path)


@pytest.mark.parametrize(("name", "size"), [("transformer", ()), ("residual", ("--input-size", "3x8x32x32"))])
def test_show_describes_a_config_of_a_video_network(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, size: tuple[str, ...]
) -> None:
    assert main(("show", written(tmp_path, NETWORKS[name]), "--json", *size)) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["input_size"] == ([3, 8, 32, 32] if size else [3, 4, 16, 16])
    assert found["output_shape"] == [1, 5]
    assert found["parameters"] > 9_000
    assert found["multiply_adds"] > 100_000


@pytest.mark.usefixtures("both")
@pytest.mark.parametrize(
    ("name", "size"), [("factorised transformer", ()), ("residual", ("--input-size", "3x4x16x16"))]
)
def test_parity_compares_a_config_of_a_video_network(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, size: tuple[str, ...]
) -> None:
    assert main(("parity", written(tmp_path, NETWORKS[name]), "--steps", "2", *size)) == 0
    assert "The two builds agree" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "size", "says"),
    [
        ("transformer", "3x2x16x16", "made for videos of 4 frames, and was given 2"),
        ("transformer", "3x16x16", r"takes videos (N, 3, 4, H, W), not (1, 3, 16, 16)"),
        ("transformer", "3x4x20x16", "squares of 8 pixels, which do not divide frames of 20 x 16"),
        ("residual", None, "give input_size"),
    ],
)
def test_show_explains_videos_that_do_not_fit(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, size: str | None, says: str
) -> None:
    words = () if size is None else ("--input-size", size)
    assert main(("show", written(tmp_path, NETWORKS[name]), *words)) == 2
    assert says in " ".join(capsys.readouterr().err.split())
