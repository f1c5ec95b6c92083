"""`polynet train`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from polynet.cli.models import read_recipe
from polynet.cli.output import print_json


def run(options: argparse.Namespace) -> int:
    """Train a network as its config says, from the start or from where an earlier run stopped."""
    from polynet.train.faces import engine_from

    resume, given = options.resume, list(options.options)
    if isinstance(resume, str) and "=" in resume and "://" not in resume and not Path(resume).exists():
        given, resume = [resume, *given], True  # --resume KEY=VALUE: argparse takes the option for the file
    config = read_recipe(options.model, given)
    engine = engine_from(
        config,
        backend=options.backend,
        device=options.device,
        work_dir=options.work_dir or work_dir_of(config, options.model),
        resume=resume,
        load_from=options.load_from,
        launcher=options.launcher,
    )
    engine.train()
    if options.json and engine.is_main:
        print_json({"work_dir": str(engine.work_dir), "epoch": engine.epoch, "iter": engine.iter, "best": engine.best})
    return 0


def work_dir_of(config: Any, model: str) -> Path:
    """Where a config's results go: what it says, or `work_dirs/` and its name."""
    said = config.get("work_dir") or config.get("output_dir")
    return Path(said) if said else Path("work_dirs") / Path(model).stem
