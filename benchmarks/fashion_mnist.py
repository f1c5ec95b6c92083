"""The recipe `configs/fashion_mnist/resnet8.py` on both frameworks: the same losses, and accuracies over several seeds.

    python -m benchmarks.fashion_mnist --seeds 0 1 2 --folder runs --plot docs/images/fashion_mnist.png

Every run goes into a folder of its own, `runs/torch-0`, and is left as it is if it is done already: a table that was
interrupted goes on. A whole run takes some minutes on two cores.
"""

from __future__ import annotations

import argparse
import json
import statistics
from pathlib import Path
from typing import Any

import numpy as np

import polynet
from polynet.config import Config
from polynet.train import Hook, engine_from

RECIPE = Path(__file__).parents[1] / "configs" / "fashion_mnist" / "resnet8.py"
STEPS = 50
ROUNDING = 2.0**-23
FIGURE = "accuracy/top1"


class _FirstLosses(Hook):
    """Keeps the losses of the first steps, and then stops the run."""

    def __init__(self) -> None:
        self.losses: list[float] = []

    def after_train_iter(self, runner: Any, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
        self.losses.append(float(outputs["loss"]))
        if len(self.losses) == STEPS:
            runner.request_stop(f"{STEPS} steps are compared")


def first_losses(backend: str, seed: int, rounding: float = 0.0) -> np.ndarray[Any, Any]:
    """The losses of the first steps of a run, its images perhaps off by a rounding."""
    config = Config.fromfile(RECIPE)
    mean = [value * (1 + rounding) for value in config["preprocess"]["img_mean"]]
    changed = {"seed": seed, "preprocess": {**config["preprocess"], "img_mean": mean}}
    engine = engine_from({**config, **changed}, backend=backend, device="cpu")
    hook = _FirstLosses()
    engine.register_hook(hook)
    engine.train()
    return np.array(hook.losses)


def whole_run(backend: str, seed: int, folder: Path) -> list[dict[str, Any]]:
    """The lines of a run's `metrics.jsonl`; the run is made, or finished, if it has to be."""
    place = folder / f"{backend}-{seed}"
    config = {**Config.fromfile(RECIPE), "seed": seed}
    engine = engine_from(config, backend=backend, device="cpu", work_dir=place, resume=True)
    if not (place / f"epoch_{engine.max_epochs}.safetensors").is_file():
        engine.train()
    return [json.loads(line) for line in (place / "metrics.jsonl").read_text().splitlines()]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fashion_mnist", description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--folder", type=Path, default=Path("work_dirs/fashion_mnist"))
    parser.add_argument("--plot", type=Path, help="where to draw the curves of the first seed")
    options = parser.parse_args()
    backends = polynet.installed_backends()
    names = "   ".join(f"{name:>10s}" for name in backends)
    print(f"seed   {names}   largest difference of the first {STEPS} losses, and of {backends[-1]} off by a rounding")
    finals: dict[str, list[float]] = {name: [] for name in backends}
    for seed in options.seeds:
        runs = {name: whole_run(name, seed, options.folder) for name in backends}
        for name, lines in runs.items():
            finals[name].append([line[FIGURE] for line in lines if FIGURE in line][-1])
        losses = [first_losses(name, seed) for name in backends]
        apart = max(float(np.abs(each - losses[0]).max()) for each in losses)
        # What one rounding comes to in the same framework is what can be asked of two.
        rounded = float(np.abs(first_losses(backends[-1], seed, ROUNDING) - losses[-1]).max())
        shares = "   ".join(f"{finals[name][-1]:9.2f}%" for name in backends)
        print(f"{seed:4d}   {shares}   {apart:.1e}, {rounded:.1e}", flush=True)
        if options.plot and seed == options.seeds[0]:
            _draw(runs, options.plot)
    print(f"mean   {'   '.join(f'{statistics.mean(finals[name]):9.2f}%' for name in backends)}")


def _draw(runs: dict[str, list[dict[str, Any]]], path: Path) -> None:
    """The loss of every run against the iteration, and its accuracy on the test images."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, (left, right) = pyplot.subplots(1, 2, figsize=(10, 4), dpi=110)
    for (name, lines), style in zip(runs.items(), ("-", "--"), strict=False):
        train = [line for line in lines if line["phase"] == "train"]
        val = [line for line in lines if FIGURE in line]
        left.plot([line["iter"] for line in train], [line["loss"] for line in train], style, label=name)
        right.plot([line["epoch"] for line in val], [line[FIGURE] for line in val], style, label=name, marker="o")
    left.set(xlabel="iteration", ylabel="training loss", yscale="log")
    right.set(xlabel="epoch", ylabel="test images classified rightly, %")
    for axes in (left, right):
        axes.legend()
        axes.grid(alpha=0.3)
    figure.suptitle("FashionMNIST: one recipe and seed on two frameworks")
    figure.tight_layout()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path)


if __name__ == "__main__":
    main()
