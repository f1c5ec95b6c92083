"""What one process of two does: `python -m tests.train.distributed_program BACKEND FOLDER`, with torchrun's variables.

Every check trains in two processes and in one with the batches of both as one, and notes how far the results lie apart;
rank 0 writes the notes to `FOLDER/notes.json`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from polynet import nn, ops
from polynet.backend import use_backend
from polynet.data.datasets import ArrayDataset
from polynet.data.loader import DataLoader
from polynet.errors import PolyNetError
from polynet.metrics.evaluator import Evaluator
from polynet.models.mmengine_model import BaseModel
from polynet.nn import initialise
from polynet.train import build_optim_wrapper
from polynet.train.checkpoint import load_checkpoint
from polynet.train.distributed import Processes
from polynet.train.engine import Engine
from polynet.train.hooks.checkpoint_hook import CheckpointHook
from polynet.train.hooks.ema_hook import EMAHook
from polynet.train.tasks.classification import ClassificationTask
from tests.train.repeated_runs import Losses

BATCH = 8
STEPS = 6
SGD = {"type": "SGD", "lr": 0.05, "momentum": 0.9, "weight_decay": 1e-3}
ADAMW = {"type": "AdamW", "lr": 1e-2, "weight_decay": 0.05}


class Small(nn.Module):
    """A convolution, perhaps batch normalisation, and linear layers in a sequence, one of them perhaps unused."""

    def __init__(self, norm: bool = False, unused: bool = False) -> None:
        super().__init__()
        self.stem = nn.Conv2d(1, 4, 3, bias=not norm)
        self.norm = nn.BatchNorm2d(4) if norm else nn.Identity()
        self.body = nn.Sequential(nn.Linear(64, 8), nn.ReLU(), nn.Linear(8, 8))
        self.fc = nn.Linear(8, 4)
        self.spare = nn.Linear(8, 4) if unused else None

    def forward(self, x: Any) -> Any:
        return self.fc(self.body(ops.flatten(ops.relu(self.norm(self.stem(x))), 1)))


class Aside(BaseModel):
    """Computes its loss without calling itself."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(2, 1)

    def forward(self, data: Any, mode: str = "loss") -> Any:
        return self.fc(data)

    def train_step(self, data: Any, optim_wrapper: Any) -> Any:
        with optim_wrapper.optim_context(self):
            loss = ops.mean(self.fc(data))
        optim_wrapper.update_params(loss)
        return {"loss": loss}


def loader(size: int, rank: int, world_size: int, uneven: str = "pad") -> DataLoader:
    generator = np.random.default_rng(1)
    images = generator.integers(0, 256, (size, 1, 6, 6), np.uint8)
    options = {"rank": rank, "world_size": world_size, "uneven": uneven}
    return DataLoader(ArrayDataset(images, np.arange(size) % 4), batch_size=BATCH // world_size, seed=3, **options)


def run(
    backend: Any, processes: Processes, folder: Path | None, net: dict[str, Any], recipe: dict[str, Any], **options: Any
) -> tuple[Engine, Losses]:
    """An engine that has trained `STEPS` steps; every process starts from weights of its own."""
    with use_backend(backend):
        task = ClassificationTask(Small(**net), data_preprocessor={"mean": [127.0], "std": [64.0]}, num_classes=4)
    initialise(task, processes.rank)
    losses = Losses()
    rank, world_size = processes.rank, processes.world_size
    resume, more = options.pop("resume", None), options.pop("hooks", ())
    engine = Engine(
        task,
        work_dir=folder,
        train_dataloader=loader(48, rank, world_size),
        val_dataloader=loader(13, rank, world_size, "keep"),
        val_evaluator=Evaluator([{"type": "Accuracy", "topk": 1}, "AverageLoss"]),
        limits={"max_iters": STEPS, "val_interval": 3 if more else 1000},
        hooks=[losses, CheckpointHook(interval=2, by_epoch=False), *more] if folder is not None else [losses],
        processes=processes,
        parallel=options,
    )
    engine.optim_wrapper = build_optim_wrapper(task, recipe)
    engine.resume_from = resume
    engine.train()
    return engine, losses


def state_of(engine: Engine) -> dict[str, Any]:
    return {name: slot.read() for name, slot in engine.backend.slots(engine.weights_module()).items()}


def apart(first: dict[str, Any], second: dict[str, Any]) -> float:
    assert first.keys() == second.keys()
    return max(float(np.abs(first[name] - second[name]).max()) for name in first)


class Program:
    """The checks, and what they note."""

    def __init__(self, processes: Processes, folder: Path) -> None:
        self.processes, self.folder = processes, folder
        self.backend = processes.backend
        self.strategies = ["replicate", "shard"] if self.backend.name == "torch" else ["replicate"]

    def collectives(self) -> Iterator[tuple[str, Any]]:
        processes, rank = self.processes, self.processes.rank
        array = np.array([[1, 2], [3, 4]], np.int64) * (rank + 1)
        for how in ("sum", "mean", "max"):
            reduced = processes.all_reduce(array, how)
            yield f"{how} of arrays", [reduced.dtype.name, reduced.tolist()]
        tensor = self.backend.tensor(np.array([1.0, rank], np.float32))
        yield "mean of tensors", self.backend.numpy(processes.all_reduce(tensor, "mean")).tolist()
        yield "max of flags", processes.all_reduce(np.array([rank == 1, False]), "max").tolist()
        yield "mean of numbers", processes.all_reduce(float(rank), "mean")
        sent = [np.full(2, rank), np.full((1, 2), rank, np.float32), np.full((), rank)]
        yield "broadcast", [each.tolist() for each in processes.broadcast(sent, source=1)]
        yield "gather", processes.gather({"rank": rank})
        processes.barrier()

    def same_steps(self) -> Iterator[tuple[str, float]]:
        recipes = {
            "sgd": {"optimizer": SGD},
            "clipped": {"optimizer": ADAMW, "clip_grad": {"max_norm": 0.1}},
            "accumulated": {"optimizer": SGD, "accumulative_counts": 2},
        }
        cases = [({}, name, recipes[name], {}) for name in recipes]
        cases += [
            ({"norm": True}, "synchronised", recipes["sgd"], {"sync_batch_norm": True}),
            ({"unused": True}, "unused", recipes["clipped"], {"find_unused_parameters": True}),
        ]
        for net, name, recipe, options in cases:
            alone, own = run(self.backend, Processes(), None, net, recipe)
            for strategy in self.strategies:
                given = {"smallest_unit": 50} if strategy == "shard" else {}
                if name == "unused" and strategy == "shard":
                    options = {}
                engine, losses = run(
                    self.backend, self.processes, None, net, recipe, strategy=strategy, **options, **given
                )
                mean = self.processes.all_reduce(np.array(losses.losses), "mean")
                yield f"{name}, {strategy}: losses", float(np.abs(mean - np.array(own.losses)).max())
                yield f"{name}, {strategy}: weights", apart(state_of(engine), state_of(alone))
                yield f"{name}, {strategy}: across", max(self.processes.gather(apart_from_main(self.processes, engine)))
                if name in ("sgd", "clipped"):
                    found, expected = engine.val(), alone.val()
                    yield f"{name}, {strategy}: figures", max(abs(found[key] - expected[key]) for key in expected)

    def buffers(self) -> Iterator[tuple[str, Any]]:
        engine, _ = run(self.backend, self.processes, None, {"norm": True}, {"optimizer": SGD})
        before = self.processes.gather(state_of(engine)["norm.running_mean"])
        engine.trainee.synchronise_buffers()
        after = self.processes.gather(state_of(engine)["norm.running_mean"])
        yield "differed", bool((before[0] != before[1]).any())
        yield "those of rank 0", bool((before[0] == after[0]).all() and (before[0] == after[1]).all())

    def checkpoints(self) -> Iterator[tuple[str, Any]]:
        recipe = {"optimizer": ADAMW}
        alone, _ = run(self.backend, Processes(), self.folder / f"alone{self.processes.rank}", {}, recipe)
        expected = state_of(alone)
        for strategy in self.strategies:
            given = {"smallest_unit": 50} if strategy == "shard" else {}
            folder = self.folder / strategy
            run(self.backend, self.processes, folder, {}, recipe, strategy=strategy, **given)
            self.processes.barrier()
            yield f"{strategy}: files", sorted(path.name for path in folder.iterdir())
            saved = load_checkpoint(folder / f"iter_{STEPS}.safetensors")
            yield f"{strategy}: saved weights", apart(dict(saved.model), expected)
            yield f"{strategy}: saved moments", moments_apart(saved, alone.optim_wrapper.state())
            for other in self.strategies:
                engine, _ = run(
                    self.backend,
                    self.processes,
                    self.folder / f"{strategy} to {other}",
                    {},
                    recipe,
                    strategy=other,
                    resume=folder / "iter_2.safetensors",
                    **({"smallest_unit": 50} if other == "shard" else {}),
                )
                yield f"{strategy} to {other}: weights", apart(state_of(engine), expected)
        engine, _ = run(
            self.backend, Processes(), None, {}, recipe, resume=self.folder / self.strategies[-1] / "iter_2.safetensors"
        )
        yield f"{self.strategies[-1]} to one process: weights", apart(state_of(engine), expected)

    def averages(self) -> Iterator[tuple[str, Any]]:
        """A moving average, which takes the model's place in validations between steps."""
        net, recipe, folder = {"norm": True}, {"optimizer": SGD}, self.folder / f"averaged{self.processes.rank}"
        run(self.backend, Processes(), folder, net, recipe, hooks=[EMAHook(momentum=0.1)])
        expected = load_checkpoint(folder / f"iter_{STEPS}.safetensors")
        for strategy in self.strategies:
            given = {"smallest_unit": 50} if strategy == "shard" else {}
            folder, hooks = self.folder / f"averaged {strategy}", [EMAHook(momentum=0.1)]
            options = {"strategy": strategy, "sync_batch_norm": True, "hooks": hooks, **given}
            run(self.backend, self.processes, folder, net, recipe, **options)
            found = load_checkpoint(folder / f"iter_{STEPS}.safetensors")
            yield f"{strategy}: weights", apart(dict(found.model), dict(expected.model))
            yield f"{strategy}: averages", apart(dict(found.ema), dict(expected.ema))

    def refusals(self) -> Iterator[tuple[str, str]]:
        rank = self.processes.rank
        with use_backend(self.backend):
            yield "other model", self._refusal(lambda: self.processes.parallelise(task(Small(norm=rank == 0))))
            yield "option", self._refusal(lambda: self.processes.parallelise(task(Small()), bucket=3))
            yield "strategy", self._refusal(lambda: self.processes.parallelise(task(Small()), "pipeline"))
            if self.backend.name == "torch":
                aside = Aside()
                parallel = self.processes.parallelise(aside)
                wrapper = build_optim_wrapper(aside, {"optimizer": SGD})
                yield "aside", self._refusal(lambda: parallel.train_step(self.backend.tensor([[1.0, 2.0]]), wrapper))
            else:
                yield "shard", self._refusal(lambda: self.processes.parallelise(task(Small()), "shard"))

    @staticmethod
    def _refusal(call: Any) -> str:
        try:
            call()
        except PolyNetError as error:
            return f"{type(error).__name__}: {error}"
        return "none"


def task(network: Any) -> ClassificationTask:
    return ClassificationTask(network, num_classes=4)


def apart_from_main(processes: Processes, engine: Engine) -> float:
    states = processes.gather(state_of(engine))
    return apart(states[0], states[processes.rank])


def moments_apart(saved: Any, expected: dict[str, Any]) -> float:
    found, wanted = (
        {f"{name}.{key}": value for name, slot in state["slots"].items() for key, value in slot.items()}
        for state in (saved.optimizer["optimizer"], expected["optimizer"])
    )
    return apart(found, wanted)


def main(backend: str, folder: str) -> None:
    with Processes.find("auto").start(backend, device="cpu", timeout=60) as processes:
        program = Program(processes, Path(folder))
        names = ("collectives", "same_steps", "buffers", "checkpoints", "averages", "refusals")
        notes = {name: dict(getattr(program, name)()) for name in names}
        if processes.is_main:
            (Path(folder) / "notes.json").write_text(json.dumps(notes, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
