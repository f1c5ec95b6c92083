"""A run with everything random and everything that has a state, as a program: `python -m tests.train.real_runs`.

It trains on the digits with dropout, mixed batches, a shuffled loader, a schedule for each iteration, a moving
average, and gradients accumulated over two; a checkpoint is written after every iteration.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

from polynet import nn, ops
from polynet.backend import use_backend
from polynet.data.datasets import ArrayDataset
from polynet.data.loader import DataLoader
from polynet.nn import initialise
from polynet.train import build_optim_wrapper
from polynet.train.engine import Engine
from polynet.train.hooks.checkpoint_hook import CheckpointHook
from polynet.train.hooks.ema_hook import EMAHook
from polynet.train.hooks.param_scheduler_hook import ParamSchedulerHook
from polynet.train.tasks.classification import ClassificationTask
from tests.train.repeated_runs import Losses

ITERATIONS = 11
OPTIMISERS = {
    "sgd": {"type": "SGD", "lr": 0.05, "momentum": 0.9, "weight_decay": 1e-3},
    "adamw": {"type": "AdamW", "lr": 1e-3, "weight_decay": 0.05},
}


class TinyNet(nn.Module):
    """A convolution, batch normalisation, dropout and a linear layer."""

    def __init__(self, drop: float) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 4, 3, padding=1, bias=False)  # normalisation would take a bias away again
        self.norm = nn.BatchNorm2d(4)
        self.drop = nn.Dropout(drop)
        self.fc = nn.Linear(4, 10)

    def forward(self, x: Any) -> Any:
        x = ops.relu(self.norm(self.conv(x)))
        return self.fc(self.drop(ops.mean(x, dim=(2, 3))))


class Draws(Losses):
    """Notes, beside losses, what Python's and numpy's generators give: they go on, too."""

    def after_train_iter(self, runner: Any, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
        import random

        self.losses += [float(runner.backend.numpy(outputs["loss"])), random.random(), float(np.random.rand())]


def digits(seed: int) -> DataLoader:
    generator = np.random.default_rng(7)
    images = generator.integers(0, 256, (40, 1, 6, 6), np.uint8)
    return DataLoader(ArrayDataset(images, np.arange(40) % 10), batch_size=8, shuffle=True, seed=seed)


def real_engine(backend: str, folder: Path, optimiser: str, drop: float = 0.5, **options: Any) -> Engine:
    with use_backend(backend):
        task = ClassificationTask(
            TinyNet(drop),
            data_preprocessor={"mean": [127.0], "std": [64.0]},
            batch_augments={"augments": [{"type": "Mixup", "alpha": 0.8}, {"type": "CutMix", "alpha": 1.0}]},
            num_classes=10,
        )
        initialise(task, 0)
        wrapper = build_optim_wrapper(
            task, {"optimizer": OPTIMISERS[optimiser], "accumulative_counts": 2, "clip_grad": {"max_norm": 1.0}}
        )
    return Engine(
        task,
        work_dir=folder,
        optim_wrapper=wrapper,
        train_dataloader=digits(seed=3),
        limits={"max_iters": ITERATIONS},
        param_schedulers=[{"type": "CosineAnnealingLR", "T_max": ITERATIONS, "by_epoch": False}],
        hooks=[Draws(), ParamSchedulerHook(), EMAHook(momentum=0.1, begin_iter=2), *options.pop("hooks", ())],
        seed=5,
        **options,
    )


def keeps(interval: int) -> CheckpointHook:
    return CheckpointHook(interval=interval, by_epoch=False)


def main(backend: str, folder: str, drop: str, *stops: str) -> None:
    """Train without a break, or go on from each of the checkpoints of a run in that folder."""
    for optimiser in OPTIMISERS:
        origin = Path(folder) / optimiser
        if not stops:
            real_engine(backend, origin, optimiser, float(drop), hooks=[keeps(1)]).train()
        for stop in stops:
            target = Path(folder) / f"{optimiser}_{backend}_from_{stop}"
            engine = real_engine(backend, target, optimiser, float(drop), hooks=[keeps(-1)])
            engine.resume_from = origin / f"iter_{stop}.safetensors"
            engine.train()
    print(json.dumps({"done": True}))


if __name__ == "__main__":
    main(*sys.argv[1:])
