"""Tables and JSON on standard output."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any


def print_json(value: Any) -> None:
    """Print plain data as JSON."""
    print(json.dumps(value, indent=2, ensure_ascii=False, default=str))  # noqa: T201 - a command prints


def print_table(
    title: str | None, columns: Sequence[str], rows: Iterable[Sequence[object]], *, right: Sequence[int] = ()
) -> None:
    """Print a table.

    Args:
        title: Line above it, or `None`.
        columns: Headings.
        rows: Cells; anything but text is shown through `str`.
        right: Indices of columns set flush right.
    """
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title, title_justify="left")
    for index, column in enumerate(columns):
        table.add_column(column, justify="right" if index in right else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(str(cell)) for cell in row))
    console = Console()
    if not console.is_terminal:
        # A pipe has no width: let no name be folded.
        console = Console(width=max(console.width, 160))
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
