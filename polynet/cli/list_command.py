"""`polynet list`."""

from __future__ import annotations

import argparse

from polynet.cli.output import print_json, print_table
from polynet.registry import MODELS


def run(options: argparse.Namespace) -> int:
    """List names; no model file is imported. 1 where nothing matches."""
    found = [
        {"name": name, "kind": kind, "defined": MODELS.where(name)}
        for name in MODELS.list(options.pattern, kind=options.kind)
        for kind in (MODELS.kinds_of(name) if options.kind is None else (options.kind,))
    ]
    if options.json:
        print_json(found)
    elif found:
        print_table(None, ("name", "kind", "defined in"), [tuple(entry.values()) for entry in found])
    else:
        kind = f" of kind {options.kind!r}" if options.kind else ""
        print(f"Nothing{kind} is named like {options.pattern!r}. `polynet list` lists all names.")  # noqa: T201 - a command prints
    return 0 if found else 1
