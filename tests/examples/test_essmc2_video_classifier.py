"""The example of EssentialMC2's page runs on every framework, and the two builds of its network are one."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import polynet
from polynet import ops
from polynet.backend import Backend
from polynet.registry import temporary
from tests.compare import assert_close

EXAMPLE = Path(__file__).parents[2] / "examples" / "essmc2_video_classifier.py"


@pytest.fixture
def example() -> Iterator[Any]:
    specification = importlib.util.spec_from_file_location("essmc2_video_classifier", EXAMPLE)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    with temporary():
        specification.loader.exec_module(module)
        yield module


@pytest.mark.slow
@pytest.mark.checklist("S1-7", "S1-8", "S1-9", "S1-19", "S1-21", "S1-23", "S1-24", "S1-25", "S1-32", "S1-34", "S1-44")
def test_it_learns_what_happens_in_shots(backend: Backend, example: Any, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("sklearn")
    pytest.importorskip("PIL")
    found = example.main(["--backend", backend.name, "--epochs", "3"])
    assert found["last"] < 0.5 * found["first"]
    assert found["acc@1"] > 0.75
    assert found["acc@2"] >= found["acc@1"]
    assert found["frozen"] < 0.4  # one frame tells nothing: a guess is right once in four
    printed = capsys.readouterr().out.splitlines()
    assert [line.partition(":")[0] for line in printed[:3]] == ["epoch 1", "epoch 2", "epoch 3"]
    assert printed[3].startswith(f"new shots: {found['acc@1']:.1%} of events told")


@pytest.mark.checklist("S1-2", "S1-3", "S1-12", "S1-13", "S1-28", "S1-44", "S0-62")
def test_its_network_is_the_same_on_both(both: tuple[Backend, Backend], example: Any) -> None:
    shots = np.random.default_rng(3).standard_normal((4, 3, 4, 16, 16)).astype(np.float32)
    labels = np.arange(4, dtype=np.int32)
    seen = []
    for backend in both:
        net = polynet.build(example.VideoClassifier, backend=backend, seed=0)
        with polynet.use_backend(backend):
            video, gt_label = ops.tensor(shots), ops.tensor(labels)
            trained = net.train()(video, gt_label=gt_label)
            bare = net(video)
            tested = net.eval()(video, gt_label=gt_label)
        assert list(trained) == ["loss", "batch_size", "acc@1", "acc@2"]
        assert list(tested) == ["logits", "acc@1", "acc@2"]
        seen.append((trained["loss"], bare, tested["logits"]))
    for first, second in zip(*seen, strict=True):
        assert_close(second, first)
    assert_close(seen[0][1].sum(1), np.ones(4, np.float32))


def test_shots_are_what_they_are_called(example: Any) -> None:
    pixels = np.random.default_rng(4).random((90, 120, 3)).astype(np.float32)
    changes = {}
    for event in example.EVENTS:
        frames = example.shot(pixels, event, np.random.default_rng(5))
        assert frames.shape == (3, 4, 16, 16)
        assert abs(frames.mean()) < 1e-5
        changes[event] = [int((frames[:, index + 1] != frames[:, index]).any()) for index in range(3)]
    assert changes["still"] == [0, 0, 0]
    assert sum(changes["cut"]) == 1
    assert changes["fade"] == changes["pan"] == [1, 1, 1]
