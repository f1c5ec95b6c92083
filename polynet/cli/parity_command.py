"""`polynet parity`."""

from __future__ import annotations

import argparse

from polynet.cli.models import read_model, read_size
from polynet.cli.output import print_json, print_table


def run(options: argparse.Namespace) -> int:
    """Check two builds and print the report; 1 where they differ."""
    from polynet.proof import Tolerance, parity

    model = read_model(options.model, options.options)
    report = parity(
        model,
        backends=tuple(options.backends.split(",")),
        seed=options.seed,
        batch_size=options.batch_size,
        input_size=read_size(options.input_size),
        steps=options.steps,
        tolerance=Tolerance(relative=options.relative),
    )
    if options.json:
        print_json(report.to_dict())
    else:
        print_report(report)
    return 0 if report.passed else 1


def print_report(report: object) -> None:
    """Print a parity report as a table with its verdict below."""
    from polynet.proof import Report

    assert isinstance(report, Report)
    lines = report.summary()
    print_table(
        f"Parity of {report.network}: {report.backends[0]} and {report.backends[1]}",
        ("section", "what", "difference", "errors against float64", ""),
        lines,
        right=(2,),
    )
    print(str(report).splitlines()[-1])  # noqa: T201 - a command prints
