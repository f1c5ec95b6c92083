"""Run the benchmarks and print one table: `python -m benchmarks [--only NAME …] [--quick] [--json]`.

A ratio is that of two medians. In brackets behind it are the quartiles of the ratios of single rounds: where they lie
far apart, the machine was busy with something else and the ratio says little.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
from collections.abc import Callable, Iterator

import polynet
from benchmarks import (
    building,
    convolutions,
    loading,
    metrics,
    networks,
    training,
    training_memory,
    training_speed,
    zoo,
)
from benchmarks.timing import Result


def _suites(quick: bool) -> dict[str, Callable[[], Iterator[Result]]]:
    scale = 0.3 if quick else 1.0
    suites: dict[str, Callable[[], Iterator[Result]]] = {"import": building.run_import}
    for backend in polynet.installed_backends():
        suites[f"build-{backend}"] = lambda backend=backend: building.run_build(backend)  # type: ignore[misc]  # bound now
        suites[f"networks-{backend}"] = lambda backend=backend: networks.run(backend, scale)  # type: ignore[misc]  # as above
        suites[f"training-{backend}"] = lambda backend=backend: training.run(backend, scale)  # type: ignore[misc]  # as above
        suites[f"training-memory-{backend}"] = lambda backend=backend: training_memory.run(backend, scale)  # type: ignore[misc]  # as above
    suites["files"] = building.run_files
    suites["zoo-building"] = lambda: zoo.run_building(scale)
    if "torch" in polynet.installed_backends():
        suites["metrics"] = lambda: metrics.run(quick)
        suites["loading"] = lambda: loading.run(quick)
        suites["zoo-torch"] = lambda: zoo.run_torch(scale)
    if "megengine" in polynet.installed_backends():
        suites["convolutions"] = convolutions.run
        suites["zoo-megengine"] = lambda: zoo.run_megengine(scale)
    if {"torch", "megengine"} <= set(polynet.installed_backends()):
        suites["training-speed"] = lambda: training_speed.run(scale)
    return suites


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", nargs="+", metavar="NAME", help="import, build-torch, networks-megengine, files …")
    parser.add_argument("--quick", action="store_true", help="fewer rounds: for a look, not for a figure to quote")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    suites = _suites(options.quick)
    unknown = set(options.only or ()) - set(suites)
    if unknown:
        parser.error(f"unknown: {', '.join(sorted(unknown))}; there are {', '.join(suites)}")
    results: list[Result] = []
    for name, suite in suites.items():
        if options.only is None or name in options.only:
            for result in suite():
                results.append(result)
                if not options.json:
                    print(_line(result), flush=True)
    if options.json:
        print(json.dumps([{**dataclasses.asdict(each), "ratio": each.ratio} for each in results], indent=2))


def _line(result: Result) -> str:
    scale, unit = (1000, "ms") if result.unit == "s" else (1, result.unit)
    theirs = "" if result.theirs is None else f"{scale * result.theirs:10.2f} {unit}   ratio {result.ratio:5.3f}"
    spread = "" if result.spread is None else "({:.2f} … {:.2f})".format(*result.spread)
    return f"{result.name:58s} {scale * result.ours:10.2f} {unit:4s} {theirs:31s} {spread:15s} goal: {result.goal}"


if __name__ == "__main__":
    main()
