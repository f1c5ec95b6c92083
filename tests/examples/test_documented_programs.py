"""The programs of other libraries' documentation, in `examples/`: what comes of them on every framework."""

from __future__ import annotations

import subprocess
import sys
import warnings
from typing import Any

import numpy as np
import pytest

from polynet.backend import Backend
from polynet.registry import temporary
from tests.examples.programs import EXAMPLES, imported


def run(name: str, backend: Backend, *options: str) -> Any:
    with temporary(), warnings.catch_warnings():
        return imported(name).main(["--backend", backend.name, *options])


@pytest.mark.slow
@pytest.mark.checklist("S0-45", "S0-52", "S0-53", "S0-54", "S0-61")
def test_scepters_classifier_learns_is_tuned_and_reads_texts(
    backend: Backend, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("tokenizers")
    found = run("scepter_classifier", backend)
    assert found["tested"]["acc@1"] > 0.6
    assert found["tested"]["acc@1"] <= found["tested"]["acc@5"] <= 1
    # A fresh tuner changes nothing, and little more is trained than it has.
    assert found["fresh"] == found["tested"]
    assert {name.rpartition(".")[0] for name in found["trainable"]} == {
        "backbone.tuner.tuner_op.down",
        "backbone.tuner.tuner_op.up",
    }
    assert found["tuned"] != found["fresh"]
    assert found["tuned"]["acc@1"] > 0.6
    tokens = found["tokens"]
    assert tokens["input_ids"][0].tolist() == [101, 1037, 2192, 15773, 2698, 102, 0, 0, 0, 0, 0, 0]
    assert tokens["attention_mask"].sum(1).tolist() == [6, 4]
    assert {"token_type_ids", "position_ids"} <= set(tokens)
    assert "with a fresh tuner" in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.checklist("S3-15", "S3-18", "S3-33", "S3-45", "S3-52", "S3-53", "S3-65")
def test_mmpretrains_components_learn(backend: Backend, capsys: pytest.CaptureFixture[str]) -> None:
    found = run("mmpretrain_custom", backend)
    assert found["falls"] > 1.3
    assert found["agreed"] > 0.2, "of ten digits, chance would be right of one"
    assert found["right"] > 0.45
    assert found["last"] < 0.7 * found["first"]
    assert capsys.readouterr().out.count("at last") == 2


@pytest.mark.slow
@pytest.mark.checklist("S4-8", "S4-13", "S4-17", "S4-34")
def test_baseclss_alexnet_tells_noughts_from_ones(backend: Backend, capsys: pytest.CaptureFixture[str]) -> None:
    found = run("basecls_alexnet", backend)
    assert found["last"] < 0.5 * found["first"]
    assert found["right"] > 0.8
    printed = capsys.readouterr().out
    assert f"AlexNet is a {backend.framework}" in printed
    assert "without a head it gives (1, 256, 6, 6)" in printed


@pytest.mark.checklist("S0-8", "S0-25")
def test_running_scepters_program_again_changes_neither_its_config_nor_what_ships(backend: Backend) -> None:
    with temporary():
        program = imported("scepter_classifier")
        before = repr(program.CONFIG)
        solver = program.Solver(program.Config(cfg_dict=program.CONFIG, load=False), None, backend.name)
        assert type(solver.model.metric) is program.AccuracyMetric
        assert solver.model.backbone.tuner is None
        assert repr(program.CONFIG) == before
    scores = solver.test()
    assert list(scores) == ["acc@1", "acc@5"]
    assert np.isfinite(list(scores.values())).all()


@pytest.mark.parametrize("name", ["scepter_classifier", "mmpretrain_custom", "basecls_alexnet"])
def test_they_say_what_they_take(backend: Backend, name: str) -> None:
    command = [sys.executable, str(EXAMPLES / f"{name}.py")]
    helped = subprocess.run([*command, "--help"], capture_output=True, text=True, check=True)
    assert backend.name in helped.stdout
    refused = subprocess.run([*command, "--backend", "keras"], capture_output=True, text=True, check=False)
    assert refused.returncode == 2
    assert "keras" in refused.stderr
