"""`polynet train` and `polynet eval`: from a recipe to a network with figures, also after a stop."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

import polynet
from polynet.backend import Backend
from polynet.cli import main
from tests.train.idx import write_fashion_mnist

RECIPE = """
model:
  name: ResNet
  in_channels: 1
  depths: [1]
  widths: [8]
  strides: [2]
  stem_w: 4
  head: {name: ClsHead}
num_classes: 10
batch_size: 16
preprocess: {img_size: 28, img_color_space: GRAY, img_mean: [73], img_std: [90]}
test: {img_size: 28, crop_pct: 1.0}
augments: null
data: {name: FashionMNIST, num_workers: 0, train_path: DATA, val_path: DATA}
solver: {max_epoch: 2, basic_lr: 0.05, warmup_epochs: 0}
"""


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    write_fashion_mnist(folder)
    path = tmp_path / "small.yaml"
    path.write_text(RECIPE.replace("DATA", str(folder)))
    return path


def test_a_recipe_trains_and_its_weights_are_measured(
    backend: Backend, recipe: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    common = ["--backend", backend.name, "--device", "cpu", "--work-dir", str(tmp_path / "work")]
    assert main(["train", str(recipe), *common, "solver.basic_lr=0.1", "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert (printed["epoch"], printed["iter"]) == (2, 12)
    assert main(["eval", str(recipe), *common, "--json"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert figures["weights"].endswith("epoch_2.safetensors")
    assert figures["accuracy/top1"] == pytest.approx(printed["best"]["accuracy/top1"])
    assert main(["eval", str(recipe), *common, "--weights", figures["weights"]]) == 0
    assert "accuracy/top1" in capsys.readouterr().out


def test_eval_says_which_weights_it_measured_and_how_to_measure_the_others(
    backend: Backend, recipe: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    common = ["--backend", backend.name, "--device", "cpu", "--work-dir", str(tmp_path / "work")]
    averaged = ["solver.max_epoch=1", "model_ema.enabled=true", "model_ema.momentum=0.5"]
    assert main(["train", str(recipe), *common, *averaged]) == 0
    capsys.readouterr()

    def said(*words: str) -> str:
        assert main(["eval", str(recipe), *common, *averaged, *words]) == 0
        return " ".join(capsys.readouterr().out.split())

    assert "the weights in" in (plain := said())
    assert "With --ema their moving average is measured" in plain
    assert "the moving average in" in (average := said("--ema"))
    assert "Without --ema the weights themselves are measured" in average
    assert json.loads(said("--ema", "--json"))["measured"] == "moving average"
    weights = tmp_path / "plain.safetensors"
    assert main(["convert", str(next((tmp_path / "work").glob("epoch_1.*"))), str(weights)]) == 0
    capsys.readouterr()
    assert "--ema" not in said("--weights", str(weights))


def test_training_begins_from_weights_for_other_classes_and_eval_refuses_them(
    backend: Backend, recipe: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    common = ["--backend", backend.name, "--device", "cpu", "--work-dir", str(tmp_path / "work")]
    weights = str(tmp_path / "seven.safetensors")
    model = {key: value for key, value in yaml.safe_load(RECIPE)["model"].items() if key != "head"}
    polynet.save(polynet.build(model, backend=backend, seed=0, num_classes=7), weights)
    assert main(["train", str(recipe), *common, "solver.max_epoch=1", "--load-from", weights]) == 0
    log = capsys.readouterr().err + "".join(file.read_text() for file in (tmp_path / "work").rglob("*.log"))
    assert "7 classes, the network has 10" in log
    assert main(["eval", str(recipe), *common, "--weights", weights]) == 2
    assert "is for 7 classes in the checkpoint, and for 10 in the network. Build it with as many (num_classes=7)" in (
        capsys.readouterr().err
    )


def test_training_goes_on_where_it_stopped_also_on_the_other_framework(
    both: tuple[Backend, Backend], recipe: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    work = ["--device", "cpu", "--work-dir", str(tmp_path / "work"), "--json"]
    assert main(["train", str(recipe), "--backend", "torch", *work, "solver.max_epoch=1"]) == 0
    assert json.loads(capsys.readouterr().out)["iter"] == 6
    assert main(["train", str(recipe), "--backend", "megengine", *work, "--resume"]) == 0
    assert json.loads(capsys.readouterr().out)["iter"] == 12


@pytest.mark.slow
def test_ctrl_c_saves_and_ends_and_the_run_goes_on(
    frameworks: tuple[Backend, ...], recipe: Path, tmp_path: Path
) -> None:
    words = ["-m", "polynet", "train", str(recipe), "--backend", frameworks[0].name, "--device", "cpu"]
    words += ["--work-dir", str(tmp_path / "work")]
    started = subprocess.Popen(
        [sys.executable, *words, "solver.max_epoch=100000"],
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    metrics = tmp_path / "work" / "metrics.jsonl"
    deadline = time.monotonic() + 120
    while not (metrics.is_file() and metrics.read_text().strip()) and time.monotonic() < deadline:
        time.sleep(0.1)
    started.send_signal(signal.SIGINT)
    _, said = started.communicate(timeout=60)
    assert started.returncode == 130
    assert "interrupted by SIGINT" in said
    assert "Traceback" not in said
    from polynet.train.checkpoint import find_latest

    saved = find_latest(tmp_path / "work")
    assert saved is not None
    assert main([*words[2:], "--resume", f"solver.max_epoch={saved.epoch + 1}"]) == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["train", "resnet19"], "Did you mean 'resnet18'"),
        (["train", "resnet18"], "data.train_path=FOLDER"),
        (["train", "RECIPE", "solver.max_epochs=3"], "Did you mean 'max_epoch'"),
        (["train", "RECIPE", "slover.max_epoch=3"], "no key 'slover'"),
        (["train", "RECIPE", "--device", "cpu", "solver.max_epoch"], "written KEY=VALUE, not 'solver.max_epoch'"),
        (
            ["train", "RECIPE", "solver.max_epoch=three"],
            "solver.max_epoch is a whole number of at least 1, not 'th",
        ),
        (["train", "RECIPE", "eval_every_n_epoch=0"], "eval_every_n_epoch is a whole number of at least 1, not 0"),
        (["train", "RECIPE", "data.nam=FakeData"], "data: there is no field 'nam'. Did you mean 'name'"),
        (["train", "RECIPE", "model.nam=resnet18"], "Is 'nam' meant for 'name'?"),
        (["train", "vit_tiny_patch16_224", "data.trian_path=x"], "'trian_path'. Did you mean 'train_path'"),
        (["train", "vit_tiny_patch16_224", "preprocess.img_size=100"], "takes images of 224 alone"),
        (["train", "RECIPE", "--resume", "missing.safetensors"], "missing.safetensors"),
        (["train", "RECIPE", "data.train_path=/nowhere", "--load-from", "missing.pth"], "missing.pth"),
        (["train", "missing.yaml"], "missing.yaml"),
        (["eval", "RECIPE", "--work-dir", "empty"], "no checkpoint"),
        (["eval", "RECIPE", "--weights", "missing.pth"], "missing.pth"),
    ],
)
def test_wrong_words_end_with_a_line_that_says_what_to_do(
    backend: Backend,
    recipe: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    given = [str(recipe) if word == "RECIPE" else word for word in words]
    assert main([*given, "--backend", backend.name]) == 2
    assert message in capsys.readouterr().err
    assert not Path("work_dirs").exists()


def test_a_choice_of_frameworks_is_offered_as_it_is_written_there(
    both: tuple[Backend, Backend], recipe: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("POLYNET_BACKEND", raising=False)
    assert main(["train", str(recipe)]) == 2
    said = capsys.readouterr().err
    assert "Choose one: --backend megengine or --backend torch." in said
    assert "use_backend" not in said


def test_data_that_is_not_installed_is_named_with_the_command_that_installs_it(
    backend: Backend, recipe: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", str(recipe), "--backend", backend.name, "data.train_path=/nowhere"]) == 2
    assert "apt-get install dataset-fashion-mnist" in capsys.readouterr().err
