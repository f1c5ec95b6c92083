"""MMEngine's FashionMNIST example, on made-up images in the real files' form."""

from __future__ import annotations

from pathlib import Path

import pytest

from polynet.backend import Backend
from tests.examples.programs import imported
from tests.train.idx import write_fashion_mnist


@pytest.mark.slow
@pytest.mark.checklist("S2-58", "S2-64", "S2-67")
def test_the_plain_loop_and_the_runner_learn_the_same(backend: Backend, tmp_path: Path) -> None:
    options = ["--epochs", "3", "--lr", "0.1", "--work-dir", str(tmp_path / "work")]
    data = tmp_path / "data"
    data.mkdir()
    write_fashion_mnist(data, train=256)
    found = imported("mmengine_fashionmnist").main(["--backend", backend.name, "--data", str(data), *options])
    assert found["plain"]["Accuracy"] > 0.5
    # The runner's figures are means over batches, and on torch's CPU measured in half precision.
    assert found["runner"]["Accuracy"] == pytest.approx(found["plain"]["Accuracy"], abs=0.05)
    assert found["runner"]["Avg_loss"] == pytest.approx(found["plain"]["Avg_loss"], abs=0.02)
