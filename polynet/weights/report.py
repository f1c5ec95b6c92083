"""The report of a load: what went where, what did not, and why."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from attrs import frozen

from polynet.errors import suggest

_SHOWN = 10


@frozen
class Change:
    """A tensor that was brought to another shape or type.

    Attributes:
        name: The network's name of it.
        given: Shape or type in the checkpoint.
        used: Shape or type in the network.
        rule: What was done, in words.
    """

    name: str
    given: str
    used: str
    rule: str = ""

    def __str__(self) -> str:
        """One line."""
        return f"{self.name}: {self.given} → {self.used}{f' ({self.rule})' if self.rule else ''}"


@frozen
class Refusal:
    """A tensor that is there but does not fit.

    Attributes:
        name: The network's name of it; the checkpoint's, where the network has no place for it.
        given: Shape and type in the checkpoint.
        wanted: Shape and type in the network.
        why: The reason, in words.
    """

    name: str
    given: str
    wanted: str
    why: str

    def __str__(self) -> str:
        """One line."""
        return f"{self.name}: {self.given} given, {self.wanted} wanted: {self.why}"


@frozen
class LoadReport:
    """What a load did to a network.

    Attributes:
        layout: Name of the layout that the names were read in.
        loaded: Names of the network that were overwritten, by the network's own spelling.
        missing: Names of the network that the checkpoint does not have.
        unexpected: Names of the checkpoint that the network does not have.
        reshaped: Tensors whose shape was spelt otherwise.
        converted: Tensors whose element type was another.
        refused: Tensors that are there but do not fit.
        dropped: Tensors of the checkpoint left out on purpose by an adapting load, each with the reason.
        kept: Names of the network that an adapting load left as they were: a classifier of other classes, or one that
            the checkpoint does not have.
        renamed: How many loaded tensors had another name in the checkpoint.
        notes: What was done to find the tensors in the file.
    """

    layout: str = "polynet"
    loaded: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    unexpected: tuple[str, ...] = ()
    reshaped: tuple[Change, ...] = ()
    converted: tuple[Change, ...] = ()
    refused: tuple[Refusal, ...] = ()
    dropped: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    renamed: int = 0
    notes: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether all tensors of the network were loaded and all of the checkpoint used, but those left on purpose."""
        return not (self.missing or self.unexpected or self.refused)

    def to_dict(self) -> dict[str, Any]:
        """The report as plain data, for JSON.

        Example:
            >>> LoadReport(loaded=("fc.weight",)).to_dict()["loaded"]
            ['fc.weight']
        """
        return {
            "ok": self.ok,
            "layout": self.layout,
            "loaded": list(self.loaded),
            "missing": list(self.missing),
            "unexpected": list(self.unexpected),
            "reshaped": [_plain(change, "name", "given", "used", "rule") for change in self.reshaped],
            "converted": [_plain(change, "name", "given", "used", "rule") for change in self.converted],
            "refused": [_plain(refusal, "name", "given", "wanted", "why") for refusal in self.refused],
            "dropped": list(self.dropped),
            "kept": list(self.kept),
            "renamed": self.renamed,
            "notes": list(self.notes),
        }

    def __str__(self) -> str:
        """The report as text: a line of counts, then each group, at most ten names of it."""
        counts = [f"{len(self.loaded)} loaded"]
        counts += [f"{self.renamed} of them renamed"] if self.renamed else []
        groups: list[tuple[str, Sequence[object]]] = [
            ("reshaped", self.reshaped),
            ("converted", self.converted),
            ("missing", self.missing),
            ("unexpected", self.unexpected),
            ("refused", self.refused),
            ("dropped", self.dropped),
            ("kept", self.kept),
        ]
        counts += [f"{len(items)} {title}" for title, items in groups if items]
        lines = [f"Weights in layout {self.layout!r}: {', '.join(counts)}."]
        lines += [f"  note: {note}" for note in self.notes]
        for title, items in groups:
            if items:
                lines.append(f"  {title} ({len(items)}):")
                lines += [f"    {line}" for line in _shown(self._lines(title, items))]
        return "\n".join(lines)

    def _lines(self, title: str, items: Iterable[object]) -> Iterable[str]:
        """One line an item; an unexpected name says which missing one it resembles."""
        for item in items:
            hint = suggest(item, self.missing, limit=1) if title == "unexpected" and len(self.missing) <= 200 else ""
            yield f"{item}{hint}"


def hint_first(hint: str, text: object) -> str:
    """A message that begins with what the weights are of, which says more than many names do.

    Example:
        >>> print(hint_first(" These are of resnet50.", "0 loaded"))
        These are of resnet50.
        0 loaded
    """
    return f"{hint.strip()}\n{text}" if hint else str(text)


def _shown(lines: Iterable[str]) -> list[str]:
    shown: list[str] = []
    for count, line in enumerate(lines):
        if count < _SHOWN:
            shown.append(line)
    total = count + 1
    if total > _SHOWN:
        shown.append(f"… and {total - _SHOWN} more")
    return shown


def _plain(entry: Change | Refusal, *names: str) -> dict[str, str]:
    return {name: getattr(entry, name) for name in names}
