"""Tables and JSON on standard output."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from typing import Any


def print_json(value: Any) -> None:
    """Print plain data as JSON."""
    print(json.dumps(value, indent=2, ensure_ascii=False, default=str))  # noqa: T201 - a command prints


def print_table(
    title: str | None, columns: Sequence[str], rows: Iterable[Sequence[object]], *, right: Sequence[int] = ()
) -> None:
    """Print a table: framed in a terminal, plain columns into a pipe or a file.

    Args:
        title: Line above it, or `None`.
        columns: Headings.
        rows: Cells; anything but text is shown through `str`.
        right: Indices of columns set flush right.
    """
    cells = [[str(cell) for cell in row] for row in rows]
    if sys.stdout.isatty():
        _print_framed(title, columns, cells, right)
    else:
        _print_plain(title, columns, cells, right)


def _print_plain(title: str | None, columns: Sequence[str], cells: list[list[str]], right: Sequence[int]) -> None:
    lines = [list(columns), *cells]
    widths = [max(len(line[index]) for line in lines) for index in range(len(columns))]
    if title:
        print(title)  # noqa: T201 - a command prints
    for line in lines:
        padded = [
            cell.rjust(width) if index in right else cell.ljust(width)
            for index, (cell, width) in enumerate(zip(line, widths, strict=True))
        ]
        print("  ".join(padded).rstrip())  # noqa: T201 - a command prints


def _print_framed(title: str | None, columns: Sequence[str], cells: list[list[str]], right: Sequence[int]) -> None:
    # Rich costs more to import than everything else that listing needs.
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    if title:
        console.print(Text(title, style="bold"), soft_wrap=True)
    table = Table()
    for index, column in enumerate(columns):
        table.add_column(column, justify="right" if index in right else "left", overflow="fold")
    for row in cells:
        table.add_row(*map(Text, row))
    console.print(table)


def short_count(value: float) -> str:
    """A count as people write it.

    Example:
        >>> short_count(25_557_032), short_count(4.09e9)
        ('25.56 M', '4.09 G')
    """
    for factor, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= factor:
            return f"{value / factor:.2f} {unit}"
    return f"{value:g}"
