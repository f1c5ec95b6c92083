"""`polynet eval`."""

from __future__ import annotations

import argparse
from typing import Any

from polynet.cli.models import read_recipe
from polynet.cli.output import print_json, print_table
from polynet.cli.train_command import work_dir_of
from polynet.errors import CheckpointError, ConfigError


def run(options: argparse.Namespace) -> int:
    """Measure a network on the data that its config validates or tests with."""
    from polynet.train.checkpoint import find_latest
    from polynet.train.faces import engine_from
    from polynet.weights import load_state

    config = read_recipe(options.model, options.options)
    folder = options.work_dir or work_dir_of(config, options.model)
    engine = engine_from(
        config,
        backend=options.backend,
        device=options.device,
        work_dir=folder,
        launcher=options.launcher,
        evaluation=True,
    )
    engine.work_dir = None  # measuring leaves the run's own records alone
    latest = None if options.weights else find_latest(folder)
    weights = options.weights if latest is None else latest.path
    if weights is None:
        message = f"There are no weights to measure: {folder} has no checkpoint. Name a file: --weights FILE."
        raise ConfigError(message)
    load_state(engine.weights_module(), weights, layout="auto", ema=options.ema)
    figures = engine.test() if engine.test_dataloader is not None else engine.val()
    if not engine.is_main:
        return 0
    measured = "moving average" if options.ema else "weights"
    if options.json:
        print_json({"weights": str(weights), "measured": measured, **figures})
    else:
        rows = [(name, f"{value:.6g}" if isinstance(value, float) else str(value)) for name, value in figures.items()]
        both = _keeps_average(weights)
        title = f"{options.model} with {f'the {measured} in ' if both else ''}{weights}"
        print_table(title, ("figure", "value"), rows, right=(1,))
        if both:
            other = "Without --ema the weights themselves are" if options.ema else "With --ema their moving average is"
            print(f"{other} measured: the checkpoint has both.")  # noqa: T201 - a command prints
    return 0


def _keeps_average(path: Any) -> bool:
    """Whether a file is a training checkpoint with a moving average of the weights beside them."""
    from polynet.train.checkpoint import load_checkpoint
    from polynet.weights.training_file import AVERAGED

    try:
        return AVERAGED in load_checkpoint(path, verify=False).tree
    except CheckpointError:  # a file of weights alone
        return False
