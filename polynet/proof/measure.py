"""Differences between arrays, and the verdict on them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import numpy as np

from polynet.proof.report import Row
from polynet.proof.tolerance import Tolerance

Array: TypeAlias = "np.ndarray[Any, Any]"

FLOOR = 1e-2
"""Gradients and buffers are judged on a scale of at least this fraction of the network's largest.

A gradient that is zero but for rounding, such as that of a bias before batch normalisation, has an error of about the
precision of float32 times the network's largest gradient; 1e-5 of 1e-2 of it is just that.
"""

BLOCK = 1 << 22
"""Elements that are compared at a time."""

MOST_COPIES = 16
"""Copies off by one rounding that are drawn at most, to show what rounding does to a network."""


def relative_difference(actual: Array, expected: Array, scale: float = 0.0) -> float:
    """`max|actual - expected| / max(max|expected|, scale)`; infinite where the shapes differ or a value is not finite.

    Example:
        >>> relative_difference(np.array([1.0, 2.0]), np.array([1.0, 2.5]))
        0.2
    """
    if actual.shape != expected.shape:
        return float("inf")
    if not actual.size:
        return 0.0
    if not (np.isfinite(actual).all() and np.isfinite(expected).all()):
        return 0.0 if np.array_equal(actual, expected, equal_nan=True) else float("inf")
    difference = max(float(np.abs(first - second).max()) for first, second in _blocks(actual, expected))
    if difference == 0.0:
        return 0.0
    return difference / max(float(np.abs(expected).max()), scale, sys.float_info.min)


def distance(actual: Array, expected: Array, scale: float = 0.0) -> float:
    """Relative error in the Euclidean norm, which one unlucky element does not decide."""
    if actual.shape != expected.shape:
        return float("inf")
    squares = [(np.sum((first - second) ** 2), np.sum(second**2)) for first, second in _blocks(actual, expected)]
    error, length = (float(np.sqrt(sum(pair[side] for pair in squares))) for side in (0, 1))
    if not np.isfinite(error):
        return float("inf")
    return error / max(length, scale, sys.float_info.min)


def _blocks(*arrays: Array) -> Iterator[tuple[Array, ...]]:
    """Arrays of one shape in float64, a piece at a time: a whole copy of a giant's weights would not fit."""
    flat = [np.ravel(array) for array in arrays]
    for start in range(0, max(flat[0].size, 1), BLOCK):
        yield tuple(np.asarray(array[start : start + BLOCK], np.float64) for array in flat)


def _error(found: dict[str, Array], oracle: dict[str, Array], name: str, scale: float) -> float:
    """A result's error against float64; `scale` is for one element."""
    return distance(found[name], oracle[name], scale * float(np.sqrt(found[name].size)))


def compare_all(
    section: str,
    first: dict[str, Array],
    second: dict[str, Array],
    oracle: Callable[[], dict[str, Array]] | None,
    tolerance: Tolerance,
    perturbed: Callable[[int], dict[str, Array]] | None = None,
    floor: float = 0.0,
) -> list[Row]:
    """Compare two builds' results of one kind, name by name.

    A result passes within `tolerance.relative`. Otherwise its error against float64 decides. It is judged against what
    rounding does to this network: the largest error, over all names, of the other build and of copies whose weights are
    off by one rounding. One run alone would be a matter of luck: most have errors near the precision of float32, and
    one in which an activation next to zero changes its sign has errors a hundred times as large. So copies are drawn
    until one explains the error, `MOST_COPIES` at most.

    Args:
        section: Name of the kind.
        first: One build's results by name.
        second: The other's.
        oracle: Gives the float64 twin's, where there is one; called only where some result needs judging.
        tolerance: Limits.
        perturbed: Gives the results of the copy of a number; called only for those that are needed.
        floor: Judge small results on a scale of this fraction of the largest.
    """
    rows: list[Row] = []
    judged: list[tuple[str, float, tuple[float, float]]] = []
    exact: dict[str, Array] | None = None
    scale = floor * max((float(np.abs(array).max()) for array in first.values() if array.size), default=0.0)
    for name in [*first, *(name for name in second if name not in first)]:
        if name not in first or name not in second:
            rows.append(Row(section, name, (), float("inf"), None, None, False))
            continue
        difference = relative_difference(second[name], first[name], scale)
        if difference > tolerance.relative and exact is None and oracle is not None:
            exact = oracle()
        if difference <= tolerance.relative or exact is None or name not in exact:
            passed = difference <= tolerance.relative
            rows.append(Row(section, name, first[name].shape, difference, None, None, passed))
            continue
        errors = _error(first, exact, name, scale), _error(second, exact, name, scale)
        judged.append((name, difference, errors))
    worst = [max((errors[side] for _, _, errors in judged), default=0.0) for side in (0, 1)]

    def explained(errors: tuple[float, float]) -> bool:
        return all(
            error <= max(tolerance.oracle_ratio * worst[1 - side], tolerance.relative)
            and error <= tolerance.oracle_limit
            for side, error in enumerate(errors)
        )

    if judged and exact is not None and perturbed is not None:
        for index in range(MOST_COPIES):
            if all(explained(errors) for _, _, errors in judged):
                break
            found = perturbed(index)
            noise = max(_error(found, exact, name, scale) for name in found)
            worst = [max(noise, each) for each in worst]
    for name, difference, errors in judged:
        passed = explained(errors)
        rows.append(Row(section, name, first[name].shape, difference, errors[0], errors[1], passed))
    order = {name: index for index, name in enumerate(first)}
    return sorted(rows, key=lambda row: order.get(row.name, len(order)))
