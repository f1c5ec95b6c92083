"""A run that is killed again and again, as a program: `python -m tests.train.killed_runs BACKEND FOLDER KILLS SEED`.

It imports the framework once and forks a child for each life of the run, so that a life costs no import. Nothing of the
framework is used before the fork. After each death the newest whole checkpoint is looked for as `--resume` does it.
"""

from __future__ import annotations

import importlib
import json
import os
import random
import signal
import sys
import time
import traceback
from pathlib import Path
from typing import Any

import numpy as np

from polynet.backend import find_backend, get_backend
from polynet.train.checkpoint import find_latest
from polynet.train.hook import Hook
from polynet.train.hooks.checkpoint_hook import CheckpointHook
from tests.train.repeated_runs import Losses, small_engine

AFTERWARDS = 4
"""Iterations of the last life, which is let live."""


class Ballast(Hook):
    """A megabyte of numbers that follow from the iteration, so that writing takes a while and can be checked."""

    def __init__(self) -> None:
        self.numbers = np.zeros(1 << 17)

    def after_train_iter(self, runner: Any, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
        self.numbers = np.full(1 << 17, runner.iter + 1.0)

    def state(self) -> dict[str, Any]:
        return {"numbers": self.numbers}


class Tells(Hook):
    """Says by a byte that training begins, and by one before and after each checkpoint."""

    priority = "LOWEST"

    def __init__(self, pipe: int) -> None:
        self.pipe = pipe

    def before_train(self, runner: Any) -> None:
        os.write(self.pipe, b"x")

    def before_save_checkpoint(self, runner: Any, checkpoint: Any) -> None:
        os.write(self.pipe, b"x")

    def after_train_iter(self, runner: Any, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
        os.write(self.pipe, b"x")


def live(backend: str, folder: Path | None, iterations: int, *hooks: Hook) -> Any:
    """One life of the run: from the newest checkpoint on, with a checkpoint after every iteration."""
    engine = small_engine(
        get_backend(backend), folder, Losses(), Ballast(), *hooks, limits={"max_iters": iterations}, seed=11
    )
    engine.resume_from = None if folder is None else "auto"
    engine.train()
    return engine


def forked(backend: str, folder: Path, iterations: int) -> tuple[int, int]:
    """A child that lives; its number, and the pipe by which it says that training begins."""
    told, tell = os.pipe()
    child = os.fork()
    if child:
        os.close(tell)
        return child, told
    code = 1
    try:
        os.close(told)
        live(backend, folder, iterations, CheckpointHook(1, by_epoch=False, max_keep_ckpts=2), Tells(tell))
        code = 0
    except BaseException:  # noqa: BLE001 - a child must end here, whatever happened
        traceback.print_exc()
    finally:
        os._exit(code)


def killed(backend: str, folder: Path, generator: random.Random) -> tuple[bool, bool]:
    """Let a child live for a while and kill it; whether training had begun, and whether it died while it wrote."""
    child, told = forked(backend, folder, 10**6)
    if generator.random() < 0.2:
        time.sleep(generator.uniform(0.0, 0.3))  # also while it starts, or takes up what is there
    else:
        for _ in range(generator.randint(1, 8)):
            os.read(told, 1)
        time.sleep(0.03 * generator.random() ** 3)
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status), "the child ended by itself"
    os.close(told)
    return any(folder.glob("*.safetensors")), any(folder.glob(".*.part"))


def main(backend: str, folder: str, kills: str, seed: str) -> None:
    """Kill, look, go on; at the end compare with a run that nobody killed."""
    importlib.import_module(str(find_backend(backend).framework))
    run, generator = Path(folder), random.Random(int(seed))
    begin = time.perf_counter()
    reached, advanced, writing = 0, 0, 0
    for number in range(int(kills)):
        any_there, half_written = killed(backend, run, generator)
        writing += half_written
        found = find_latest(run)
        assert (found is not None) == any_there, f"after kill {number} no checkpoint is whole: {list(run.iterdir())}"
        if found is None:
            continue
        assert found.iter >= reached, f"after kill {number} the newest is of {found.iter}, and {reached} was reached"
        assert (found.hooks["Ballast"]["numbers"] == found.iter).all()
        assert len(found.hooks["Losses"]["losses"]) == found.iter
        advanced += found.iter > reached
        reached = found.iter
    took = time.perf_counter() - begin
    child, _told = forked(backend, run, reached + AFTERWARDS)
    assert os.waitpid(child, 0)[1] == 0
    whole = live(backend, None, reached + AFTERWARDS)
    ended = find_latest(run)
    assert ended is not None
    assert ended.iter == whole.iter == reached + AFTERWARDS
    same = ended.hooks["Losses"]["losses"] == next(h.losses for h in whole.hooks if isinstance(h, Losses))
    weights = {name: slot.read() for name, slot in whole.backend.slots(whole.model).items()}
    same = same and weights.keys() == ended.model.keys()
    same = same and all(weights[name].tobytes() == array.tobytes() for name, array in ended.model.items())
    momenta = ended.optimizer["optimizer"]["slots"]
    same = same and all(whole.optim_wrapper.momenta[name].tobytes() == momenta[name].tobytes() for name in momenta)
    left = sorted(path.name for path in run.iterdir())
    figures = {"kills": int(kills), "while writing": writing, "advanced": advanced, "iterations": ended.iter}
    print(json.dumps({**figures, "seconds": round(took, 1), "same": same, "left": left}))


if __name__ == "__main__":
    main(*sys.argv[1:])
