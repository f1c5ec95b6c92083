"""`polynet list` of what networks are trained with."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from polynet.cli import main


@pytest.mark.parametrize(
    ("kind", "name", "file"),
    [
        ("hook", "EMAHook", "hooks/ema_hook.py:"),
        ("dataset", "FashionMNIST", "datasets/mnist.py:"),
        ("transform", "RandAugment", "transforms/auto_augment.py:"),
        ("optimizer", "AdamW", "rules/adam.py:"),
        ("optimiser", "SGD", "rules/sgd.py:"),
        ("schedule", "CosineAnnealingLR", "schedules/cosine.py:"),
        ("sampler", "DefaultSampler", "data/sampler.py:"),
        ("augment", "Mixup", "augments/mix.py:"),
        ("preprocessor", "ClsDataPreprocessor", "preprocessors/classification.py:"),
        ("solver", "TrainValSolver", "solver/solvers.py:"),
        ("optim_wrapper", "AmpOptimWrapper", "amp_optim_wrapper.py:"),
    ],
)
def test_parts_are_listed_with_where_they_are_defined(
    capsys: pytest.CaptureFixture[str], kind: str, name: str, file: str
) -> None:
    assert main(["list", name, "--kind", kind, "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)
    assert (found["name"], found["kind"]) == (name, kind)
    path, _, line = found["defined"].rpartition(":")
    assert file in found["defined"]
    assert name in Path(path).read_text().splitlines()[int(line) - 1] or kind == "sampler"


def test_a_part_of_ones_own_is_listed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    own = tmp_path / "own_listed_hook.py"
    own.write_text("from polynet.train import HOOKS, Hook\n\n\n@HOOKS.register(force=True)\nclass Listed(Hook): ...\n")
    assert main(["list", "Listed", "--kind", "hook", "--import", str(own)]) == 0
    assert "own_listed_hook.py" in "".join(capsys.readouterr().out.split())


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--kind", "hok"], 2, "Did you mean 'hook'"),
        (["--kind", "netwrk"], 2, "Did you mean 'network'"),
        (["EMAHok", "--kind", "hook"], 1, "Did you mean 'EMAHook'"),
        (["resnet19"], 1, "Did you mean 'resnet18'"),
        (["--kind", "hook", "--max-params", "2M"], 2, "--max-params is asked of networks"),
    ],
)
def test_slips_are_answered_with_the_nearest_name(
    capsys: pytest.CaptureFixture[str], words: list[str], code: int, said: str
) -> None:
    assert main(["list", *words]) == code
    printed = capsys.readouterr()
    assert said in " ".join((printed.out + printed.err).split())
