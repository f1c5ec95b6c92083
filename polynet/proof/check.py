"""`polynet.parity`: build a network on two frameworks and prove that they are the same network."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from polynet.backend import get_backend
from polynet.calls import explains_options
from polynet.errors import InputError
from polynet.proof.arguments import are_networks, check_arguments, check_subject, of_one_thing
from polynet.proof.conditioning import condition
from polynet.proof.measure import FLOOR, compare_all
from polynet.proof.report import Report, Row
from polynet.proof.run import Array, Run
from polynet.proof.tolerance import Tolerance
from polynet.types import NativeModule

OPTIMIZERS: dict[str, dict[str, Any]] = {
    "sgd": {"lr": 0.01, "momentum": 0.9},
    "adamw": {"lr": 1e-4, "weight_decay": 0.05, "eps": 1e-3},
}
"""Optimisers a check steps with, and their settings.

AdamW's `eps` is far above its usual 1e-8, with which the first step is the sign of the gradient: rounding would decide
which way a weight with a gradient near zero moves, and hide what a check looks for.
"""

SMALL_SIDE = 64
"""Side, in pixels, of the images a check uses where the network takes images of any size."""


@of_one_thing
@explains_options
def parity(
    config_or_networks: Any,
    *,
    backends: Sequence[str] = ("torch", "megengine"),
    seed: int = 0,
    batch_size: int = 2,
    input_size: Sequence[int] | None = None,
    steps: int = 3,
    optimizers: Mapping[str, Mapping[str, Any]] | None = None,
    tolerance: Tolerance | None = None,
    device: str | None = None,
    **options: Any,
) -> Report:
    """Check that two builds are the same network.

    Compared are names, shapes and values of the state; every stage's output in evaluation mode; the gradient of every
    parameter and the buffers after one pass in training mode, dropout off; and losses, weights and buffers over some
    steps of each optimiser. What rounding alone can move beyond the tolerance is judged against a float64 twin.
    Networks built here are first put where rounding decides as little as it can: see `polynet.proof.conditioning`.

    Args:
        config_or_networks: Whatever `polynet.build` takes; or two built networks as a pair, `parity((first, second))`,
            whose weights and mode are left as they are found.
        backends: The two backends to build on.
        seed: Seed of weights, inputs and labels.
        batch_size: Images per batch.
        input_size: Shape of one input without the batch. By default an image of 64x64 pixels where the network says
            that it `fits` one, since a check of every layer needs no more; else the network's own `input_size`.
        steps: Steps of each optimiser; 0 leaves them out.
        optimizers: Optimisers by name with their options; `polynet.proof.OPTIMIZERS` by default.
        tolerance: Limits; `Tolerance()` by default.
        device: Device to build on, as in `polynet.build`.
        **options: Further model arguments, as in `polynet.build`.

    Returns:
        The report: prints as a table, is true if everything agrees, serialises with `to_json`.

    Raises:
        InputError: The network names no `input_size` and none is given, or what is given is no shape.
        OptionError: `steps` or `batch_size` is no such number, or networks are not given as a pair.
        ConfigError: Two backends are not given; `ConfigTypeError` where an argument is of another type.

    Example:
        >>> report = polynet.parity("resnet18", steps=0)
        >>> report.passed
        True
    """
    tolerance = Tolerance() if tolerance is None else tolerance
    check_arguments(
        batch_size=batch_size,
        steps=steps,
        input_size=input_size,
        optimizers=optimizers,
        tolerance=tolerance,
        backends=backends,
        options=options,
    )
    check_subject(config_or_networks)
    networks = _networks(config_or_networks, backends, seed, device, options)
    shape = _input_shape(networks[0], input_size)
    draw = np.random.default_rng(seed)
    batch = draw.standard_normal((batch_size, *shape), dtype=np.float32)
    runs = _Runs(*(Run(network, batch, seed) for network in networks))
    rows = _state_rows(*runs.compared)
    if all(row.passed for row in rows):
        if not are_networks(config_or_networks):
            condition(*runs.compared)
        rows += _pass_rows(runs, tolerance)
        for name, settings in (OPTIMIZERS if optimizers is None else optimizers).items():
            if steps:
                rows += _step_rows(name, settings, steps, runs, tolerance)
    names = tuple(run.backend.name for run in runs.compared)
    return Report(_name(config_or_networks, networks[0]), (names[0], names[1]), tolerance, tuple(rows))


class _Runs:
    """The two runs that are compared, and what rounding errors are judged by.

    Attributes:
        compared: The two runs.
    """

    def __init__(self, first: Run, second: Run) -> None:
        self.compared = (first, second)
        self._judge = first

    @functools.cached_property
    def twin(self) -> Run | None:
        """The same in float64, on the first of the two frameworks that has it; made when first asked for."""
        for run in self.compared:
            twin = run.twin()
            if twin is not None:
                self._judge = run
                return twin
        return None

    def perturbed(self, index: int) -> Run:
        """A copy that is off by one rounding, on the framework of the twin."""
        return self._judge.perturbed(index)


def _networks(given: Any, backends: Sequence[str], seed: int, device: str | None, options: Mapping[str, Any]) -> Any:
    if are_networks(given):
        return tuple(given)
    from polynet.builder import build

    for name in backends:
        get_backend(name)
    return tuple(build(given, backend=name, seed=seed, device=device, **options) for name in backends)


def _input_shape(network: NativeModule, given: Sequence[int] | None) -> tuple[int, ...]:
    shape = getattr(network, "input_size", None) if given is None else given
    if given is None and callable(fits := getattr(network, "fits", None)) and fits(SMALL_SIDE, SMALL_SIDE):
        shape = (network.in_channels, SMALL_SIDE, SMALL_SIDE)
    if shape is None:
        message = f"{type(network).__name__} names no input_size: give one, such as input_size=(3, 224, 224)."
        raise InputError(message)
    if given is None and isinstance(channels := getattr(network, "in_channels", None), int) and len(shape) == 3:
        shape = (channels, *shape[1:])
    return tuple(int(size) for size in shape)


def _name(given: Any, network: NativeModule) -> str:
    if isinstance(given, str):
        return given
    if isinstance(given, Mapping):
        model = given.get("model", given)
        name = model.get("name") if isinstance(model, Mapping) else None
        if isinstance(name, str):
            return name
    return type(network).__name__


def _state_rows(first: Run, second: Run) -> list[Row]:
    """Names, shapes and values of the state must be equal to the bit: both were filled from one source."""
    rows = compare_all("state", first.state(), second.state(), None, Tolerance(relative=1e-12))
    return rows or [Row("state", "no parameters", (), 0.0, None, None, True)]


def _pass_rows(runs: _Runs, tolerance: Tolerance) -> list[Row]:
    """Every stage, every gradient, every buffer."""
    passes = [_one_pass(run) for run in runs.compared]
    exact = functools.cache(lambda: _one_pass(runs.twin) if runs.twin is not None else ({}, {}, {}))
    perturbed = functools.cache(lambda number: _one_pass(runs.perturbed(number)))
    rows: list[Row] = []
    for index, (section, floor) in enumerate((("forward", 0.0), ("gradient", FLOOR), ("buffer", FLOOR))):
        rows += compare_all(
            section,
            passes[0][index],
            passes[1][index],
            lambda index=index: exact()[index],  # type: ignore[misc]  # bound now
            tolerance,
            lambda number, index=index: perturbed(number)[index],  # type: ignore[misc]  # bound now
            floor,
        )
    return rows


def _one_pass(run: Run) -> tuple[dict[str, Array], dict[str, Array], dict[str, Array]]:
    stages = run.forward()
    return stages, *run.gradients()


def _step_rows(name: str, settings: Mapping[str, Any], steps: int, runs: _Runs, tolerance: Tolerance) -> list[Row]:
    """Losses, the total movement of all weights, and the buffers.

    Weights are judged together, by how far the whole network moved: an adaptive optimiser turns the sign of a gradient
    that is zero but for rounding into a full step, so single weights differ between any two implementations.
    """
    first, second = (run.steps(name, settings, steps) for run in runs.compared)
    return compare_all(
        f"steps: {name}",
        first,
        second,
        lambda: {} if runs.twin is None else runs.twin.steps(name, settings, steps),
        tolerance,
        lambda number: runs.perturbed(number).steps(name, settings, steps),
    )
