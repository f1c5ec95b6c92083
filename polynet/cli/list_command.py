"""`polynet list`."""

from __future__ import annotations

import argparse
import re
import warnings
from typing import Any

from polynet.cli.output import print_json, print_table
from polynet.errors import OptionError, suggest
from polynet.listing import list_models
from polynet.models.other_names import other_pattern_hint
from polynet.registry import MODELS

_UNITS = {"": 1, "k": 1e3, "m": 1e6, "g": 1e9, "b": 1e9}


def run(options: argparse.Namespace) -> int:
    """List names; no model file is imported. 1 where nothing matches."""
    if options.pretrained:
        return _run_pretrained(options)
    if options.kind is not None and options.kind not in MODELS.kinds:
        return _run_parts(options)
    limit = None if options.max_params is None else number_of(options.max_params)
    # What is asked of sizes and families can be said of networks alone.
    sized = limit is not None or options.family is not None
    kind = options.kind or ("network" if sized else None)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # the line below says it
        names = list_models(
            options.pattern,
            kind=kind,
            exclude=options.exclude,
            backend=options.backend,
            family=options.family,
            max_params=limit,
        )
    found = [
        {"name": name, "kind": each, **(_size(name) if sized else {}), "defined": MODELS.where(name)}
        for name in names
        for each in (MODELS.kinds_of(name) if kind is None else (kind,))
    ]
    headings = ("name", "kind", *(("parameters",) if sized else ()), "defined in")
    near = "" if found else other_pattern_hint(options.pattern) or suggest(options.pattern, list_models(kind=kind))
    return _shown(options, found, headings, near)


def _run_parts(options: argparse.Namespace) -> int:
    """List what networks are trained with: hooks, data sets and the like."""
    from polynet.cli.part_kinds import parts_of
    from polynet.registry.listing import matching, natural_order

    homes = parts_of(options.kind)
    for option in ("backend", "family", "max_params"):
        if getattr(options, option) is not None:
            message = (
                f"--{option.replace('_', '-')} is asked of networks and their components, not of a {options.kind}."
            )
            raise OptionError(message)
    names = sorted(matching(homes, options.pattern, options.exclude), key=natural_order)
    found = [{"name": name, "kind": options.kind, "defined": homes[name]} for name in names]
    return _shown(options, found, ("name", "kind", "defined in"), suggest(options.pattern, homes))


def _run_pretrained(options: argparse.Namespace) -> int:
    """List the known weights, with where they come from and their licence."""
    from polynet.pretrained import find_record

    names = list_models(
        options.pattern,
        exclude=options.exclude,
        backend=options.backend,
        family=options.family,
        max_params=None if options.max_params is None else number_of(options.max_params),
        pretrained=True,
    )
    records = {name: find_record(name) for name in names}
    found: list[dict[str, Any]] = [
        {"name": name, "licence": record.licence or "not stated", "source": str(record.source)}
        for name, record in records.items()
    ]
    return _shown(options, found, ("name", "licence", "source"))


def _shown(options: argparse.Namespace, found: list[dict[str, Any]], headings: tuple[str, ...], near: str = "") -> int:
    if options.json:
        print_json(found)
    elif found:
        print_table(None, headings, [tuple(entry.values()) for entry in found])
    else:
        kind = f" of kind {options.kind!r}" if options.kind else ""
        print(f"Nothing{kind} is named like {options.pattern!r}.{near} `polynet list` lists all names.")  # noqa: T201 - a command prints
    return 0 if found else 1


def _size(name: str) -> dict[str, int]:
    from polynet.models.figures import all_figures

    return {"parameters": all_figures()[name].parameters}


def number_of(text: str) -> float:
    """A number such as `25M`, `900k` or `1e6`.

    Raises:
        OptionError: It is none.

    Example:
        >>> number_of("25M"), number_of("1e6")
        (25000000.0, 1000000.0)
    """
    match = re.fullmatch(r"([0-9.]+(?:[eE][0-9]+)?)([kKmMgGbB]?)", text)
    try:
        if match is None:
            raise ValueError
        return float(match[1]) * _UNITS[match[2].lower()]
    except ValueError as error:
        message = f"--max-params is a number such as 25M, not {text!r}."
        raise OptionError(message) from error
