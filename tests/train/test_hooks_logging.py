"""The log in text: its lines, its means, and where it goes."""

from __future__ import annotations

import logging
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from polynet.backend import Backend
from polynet.errors import OptionError
from polynet.train.hook import Hook
from polynet.train.hooks.iter_timer_hook import IterTimerHook
from polynet.train.hooks.log_hook import LogHook
from polynet.train.hooks.logger_hook import LoggerHook
from polynet.train.hooks.runtime_info_hook import RuntimeInfoHook
from polynet.train.log_output import LogOutput
from polynet.train.registry import HOOKS
from tests.train.hand_checked_runs import Measured, Script, engine_of


def steps(*losses: float, sizes: tuple[int, ...] | None = None) -> list[dict[str, Any]]:
    if sizes is None:
        return [{"loss": loss} for loss in losses]
    return [{"loss": loss, "batch_size": size} for loss, size in zip(losses, sizes, strict=True)]


def logged(caplog: pytest.LogCaptureFixture, start: str) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.getMessage().startswith(start)]


@pytest.fixture(autouse=True)
def at_info(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "polynet.train")


@pytest.mark.checklist("S2-75")
def test_a_line_has_mmengines_form(backend: Backend, caplog: pytest.LogCaptureFixture) -> None:
    hooks = [RuntimeInfoHook(), IterTimerHook(), LoggerHook(interval=2)]
    engine_of(backend, Script(), steps(1.0, 2.0, 3.0, 5.0), hooks).train()
    first, second = logged(caplog, "Epoch(train)")
    number = r"\d+\.\d{4}"
    times = rf"eta: 0:00:00  time: {number}  data_time: {number}"
    form = rf"Epoch\(train\) \[1\]\[(\d)/4\]  lr: 1\.0000e-01  {times}  loss: (.*)"
    assert re.fullmatch(form, first).groups() == ("2", "1.5000")
    assert re.fullmatch(form, second).groups() == ("4", "4.0000")


@pytest.mark.checklist("S1-37")
def test_batch_size_weighs_means_and_is_not_shown(backend: Backend, caplog: pytest.LogCaptureFixture) -> None:
    hooks = [LoggerHook(interval=2), LogHook(log_interval=2)]
    engine_of(backend, Script(), steps(1.0, 4.0, sizes=(2, 4)), hooks).train()
    (line,) = logged(caplog, "Epoch(train)")
    assert line == "Epoch(train) [1][2/2]  lr: 1.0000e-01  loss: 3.0000"
    (line,) = logged(caplog, "Epoch [")
    assert line == "Epoch [0/1], iter: [2/2], loss: 3.0000(3.0000), lr: 0.1000"


def test_log_hook_shows_recent_means_and_those_of_the_epoch(backend: Backend, caplog: pytest.LogCaptureFixture) -> None:
    batches = [
        {"acc": acc, "loss": loss, "batch_size": size}
        for acc, loss, size in ((0.0, 1.0, 1), (1.0, 3.0, 3), (0.5, 0.005, 4))
    ]
    evaluator = Measured([{"accuracy": 0.5}, {"accuracy": 0.25}])
    engine = engine_of(
        backend, Script(), batches, [LogHook(log_interval=2)], 2, val_dataloader=[1], val_evaluator=evaluator
    )
    engine.train()
    expected = [
        "Epoch [0/2], iter: [2/3], acc: 0.7500(0.7500), loss: 2.5000(2.5000), lr: 0.1000",
        "Epoch [0/2], iter: [3/3], acc: 0.5000(0.6250), loss: 0.005000(1.2525), lr: 0.1000",
        "Epoch [1/2], accuracy: 0.5000",
        "Epoch [1/2], iter: [2/3], acc: 0.7500(0.7500), loss: 2.5000(2.5000), lr: 0.1000",
        "Epoch [1/2], iter: [3/3], acc: 0.5000(0.6250), loss: 0.005000(1.2525), lr: 0.1000",
        "Epoch [2/2], accuracy: 0.2500",
    ]
    assert logged(caplog, "Epoch [") == expected


def test_log_hook_puts_times_first(backend: Backend, caplog: pytest.LogCaptureFixture) -> None:
    engine_of(backend, Script(), steps(1.0), [IterTimerHook(), LogHook(log_interval=1)]).train()
    (line,) = logged(caplog, "Epoch [")
    number = r"\d+\.\d{4,6}"
    times = rf"data_time: {number}\({number}\), time: {number}\({number}\)"
    assert re.fullmatch(rf"Epoch \[0/1\], iter: \[1/1\], {times}, loss: 1\.0000\(1\.0000\), lr: 0\.1000", line)


def test_iterations_are_counted_where_the_run_is(backend: Backend, caplog: pytest.LogCaptureFixture) -> None:
    engine = engine_of(backend, Script(), steps(1.0, 2.0, 3.0), [LoggerHook(interval=5)], limits={"max_iters": 10})
    engine.train()
    assert logged(caplog, "Iter(train)") == [
        "Iter(train) [ 5/10]  lr: 1.0000e-01  loss: 1.8000",
        "Iter(train) [10/10]  lr: 1.0000e-01  loss: 2.0000",
    ]


@pytest.mark.parametrize(("ignore_last", "places"), [(True, ["[3/5]"]), (False, ["[3/5]", "[5/5]"])])
def test_the_rest_of_an_epoch_is_logged_if_asked_for_and_spans_no_two_epochs(
    backend: Backend, caplog: pytest.LogCaptureFixture, ignore_last: bool, places: list[str]
) -> None:
    hook = LoggerHook(interval=3, ignore_last=ignore_last)
    engine_of(backend, Script(), steps(1.0, 1.0, 1.0, 7.0, 9.0), [hook], 2).train()
    lines = logged(caplog, "Epoch(train)")
    assert [line.split("]", 1)[1].split("  ")[0] for line in lines] == places * 2
    assert [line.rpartition(" ")[2] for line in lines] == ["1.0000", "8.0000"][: len(places)] * 2


def test_an_epoch_shorter_than_the_interval_is_logged_once(backend: Backend, caplog: pytest.LogCaptureFixture) -> None:
    engine_of(backend, Script(), steps(1.0, 3.0), [LoggerHook(interval=10)]).train()
    assert logged(caplog, "Epoch(train)") == ["Epoch(train) [1][2/2]  lr: 1.0000e-01  loss: 2.0000"]


@pytest.mark.checklist("S2-75")
def test_a_validation_has_a_line(backend: Backend, caplog: pytest.LogCaptureFixture) -> None:
    evaluator = Measured([{"accuracy/top1": 87.5, "count": 3}])
    hooks = [IterTimerHook(), LoggerHook()]
    engine = engine_of(backend, Script(), steps(1.0), hooks, val_dataloader=[1, 2], val_evaluator=evaluator)
    engine.train()
    (line,) = logged(caplog, "Epoch(val)")
    number = r"\d+\.\d{4}"
    form = rf"Epoch\(val\) \[1\]\[2/2\]  accuracy/top1: 87\.5000  count: 3  data_time: {number}  time: {number}"
    assert re.fullmatch(form, line)


def test_what_is_no_scalar_is_left_out(backend: Backend, caplog: pytest.LogCaptureFixture) -> None:
    engine_of(backend, Script(), [{"loss": 1.0, "logits": [1.0, 2.0]}], [LoggerHook()]).train()
    assert logged(caplog, "Epoch(train)") == ["Epoch(train) [1][1/1]  lr: 1.0000e-01  loss: 1.0000"]


def test_a_stop_between_two_lines_changes_no_mean(backend: Backend, caplog: pytest.LogCaptureFixture) -> None:
    first, second = LoggerHook(interval=4), LogHook(log_interval=4)

    class Stop(Hook):
        def after_train_iter(self, runner: Any, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
            if batch_idx == 1:
                runner.request_stop("enough")

    engine_of(backend, Script(), steps(1.0, 2.0, 9.0, 9.0), [first, second, Stop()]).train()
    resumed = LoggerHook(interval=4), LogHook(log_interval=4)
    for old, new in zip((first, second), resumed, strict=True):
        new.load_state(old.state())
    engine = engine_of(backend, Script(), steps(0.0, 0.0, 3.0, 6.0), resumed)
    engine.position.go_to({"epoch": 0, "iter": 2, "iter_in_epoch": 2})
    engine.train()
    assert logged(caplog, "Epoch(train)") == ["Epoch(train) [1][4/4]  lr: 1.0000e-01  loss: 3.0000"]
    assert logged(caplog, "Epoch [")[-1] == "Epoch [0/1], iter: [4/4], loss: 3.0000(3.0000), lr: 0.1000"


@pytest.mark.parametrize("hook", [LogHook(1), LogHook(1, priority="LOW")])
def test_the_log_is_also_a_file_where_there_is_but_essentialmc2s_hook(
    backend: Backend, tmp_path: Path, hook: LogHook
) -> None:
    engine_of(backend, Script(), steps(1.0), [hook], work_dir=tmp_path).train()
    (path,) = tmp_path.glob("*.log")
    assert path.read_text().count("Epoch [0/1], iter: [1/1], loss: 1.0000(1.0000), lr: 0.1000\n") == 1


def test_two_hooks_that_log_write_one_file(backend: Backend, tmp_path: Path) -> None:
    engine_of(backend, Script(), steps(1.0), [LogHook(1), LoggerHook(1)], work_dir=tmp_path).train()
    (path,) = tmp_path.glob("*.log")
    assert path.read_text().count("Epoch [0/1], iter: [1/1]") == 1
    assert path.read_text().count("Epoch(train)") == 1


def test_the_log_is_also_a_file(backend: Backend, tmp_path: Path) -> None:
    engine = engine_of(backend, Script(), steps(1.0), [LoggerHook()], work_dir=tmp_path)
    engine.train()
    (path,) = tmp_path.glob("*.log")
    assert path.stem == engine.timestamp
    text = path.read_text()
    assert f"Training on {backend.name}, cpu, from epoch 1, iteration 1." in text
    assert "INFO - Epoch(train) [1][1/1]  lr: 1.0000e-01  loss: 1.0000\n" in text
    assert not any(isinstance(each, logging.FileHandler) for each in engine.logger.handlers)


def test_only_the_main_process_logs(backend: Backend, caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    from polynet.train.distributed import Place, Processes

    processes = Processes(Place(rank=1, world_size=2))
    hooks = [LoggerHook(interval=1), LogHook(log_interval=1)]
    engine = engine_of(backend, Script(), steps(1.0), hooks, work_dir=tmp_path)
    engine.processes = processes
    for hook in hooks:
        hook.before_run(engine)
        hook.after_train_iter(engine, 0, None, {"loss": 1.0})
    assert not logged(caplog, "Epoch")
    assert not list(tmp_path.iterdir())


PROGRAM = """
import sys
import polynet
from polynet.train.hooks.logger_hook import LoggerHook
from polynet.train.hooks.progress_hook import ProgressHook
from tests.train.hand_checked_runs import Script, engine_of
with polynet.use_backend(sys.argv[1]) as backend:
    engine_of(backend, Script(), [{"loss": 0.5}] * 4, [LoggerHook(interval=2), ProgressHook()]).train()
"""


def test_out_of_a_terminal_the_log_is_plain_lines_on_standard_error(backend: Backend) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", PROGRAM, backend.name], capture_output=True, text=True, check=True
    )
    lines = [line for line in done.stderr.splitlines() if " - INFO - " in line]
    assert [line.split(" - INFO - ")[1] for line in lines if "(train)" in line] == [
        "Epoch(train) [1][2/4]  lr: 1.0000e-01  loss: 0.5000",
        "Epoch(train) [1][4/4]  lr: 1.0000e-01  loss: 0.5000",
    ]
    assert "\x1b" not in done.stderr
    assert "\r" not in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize("name", ["LoggerHook", "LogHook"])
@pytest.mark.parametrize("interval", [0, -1, 2.5, "10", True])
def test_a_wrong_interval_is_refused(name: str, interval: Any) -> None:
    key = "interval" if name == "LoggerHook" else "log_interval"
    with pytest.raises(OptionError, match="whole number of at least 1"):
        HOOKS.build({"type": name, key: interval})


def test_a_wrong_level_is_refused(backend: Backend) -> None:
    engine: Any = engine_of(backend, Script(), steps(1.0), [LoggerHook()])
    engine.log_level = "INFOO"
    with pytest.raises(OptionError, match="Did you mean 'INFO'"):
        engine.train()


def test_a_full_disk_ends_the_log_and_not_the_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    logger = logging.getLogger("polynet.train.full")
    output = LogOutput(logger, file=Path("/dev/full"))
    for number in range(3):
        logger.warning("line %d", number)
    output.close()
    assert capsys.readouterr().err.count("The log /dev/full is no longer written") == 1
