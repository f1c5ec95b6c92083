"""One process of two, the last of which fails: `python -m tests.train.failing_program BACKEND FOLDER HOW TIMEOUT`."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

from polynet.backend import use_backend
from polynet.train import build_optim_wrapper
from polynet.train.distributed import Processes
from polynet.train.engine import Engine
from polynet.train.hook import Hook
from polynet.train.hooks.checkpoint_hook import CheckpointHook
from polynet.train.tasks.classification import ClassificationTask
from tests.train.distributed_program import SGD, Small, loader

FAILS_AT = 3
SIGNALS = {"killed": signal.SIGKILL, "stands still": signal.SIGSTOP, "stopped": signal.SIGTERM}


class Fails(Hook):
    """Ends the last process, in one way or another, before the fourth step."""

    def __init__(self, how: str, folder: Path) -> None:
        self.how, self.folder = how, folder

    def before_train_iter(self, runner: Any, batch_idx: int, data_batch: Any = None) -> None:
        if runner.iter != FAILS_AT or runner.rank != runner.world_size - 1:
            return
        (self.folder / "failed").write_text(str(time.time()), encoding="utf-8")
        if self.how == "raises":
            message = "no such batch"
            raise KeyError(message)
        os.kill(os.getpid(), SIGNALS[self.how])


def main(backend: str, folder: str, how: str, timeout: str) -> None:
    where = Path(folder)
    with Processes.find("auto").start(backend, device="cpu", timeout=float(timeout)) as processes:
        with use_backend(backend):
            task = ClassificationTask(Small(), num_classes=4)
        engine = Engine(
            task,
            work_dir=where / "run",
            train_dataloader=loader(800, processes.rank, processes.world_size),
            limits={"max_iters": 100},
            hooks=[Fails(how, where), CheckpointHook(interval=1, by_epoch=False, max_keep_ckpts=2)],
            processes=processes,
        )
        engine.optim_wrapper = build_optim_wrapper(task, {"optimizer": SGD})
        try:
            engine.train()
        finally:
            (where / f"ended {processes.rank}").write_text(f"{time.time()} {engine.iter}", encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
