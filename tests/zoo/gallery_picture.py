"""The gallery's picture: parameters against multiply-adds of every network of the zoo."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from polynet.models.figures import all_figures
from tests.zoo.family_notes import GROUPS, LABELS, NOTES

COLOURS = ("#8c6d31", "#1f77b4", "#2ca02c", "#9467bd", "#d62728", "#ff7f0e")
MARKERS = ("s", "o", "^", "D", "v", "P")


def digest() -> str:
    """What the picture is drawn from, in short: it is written into the picture, so that a test can tell an old one."""
    drawn = sorted((name, row.parameters, row.multiply_adds, NOTES[row.family].group) for name, row in points())
    return hashlib.sha256(repr((drawn, sorted(LABELS.items()))).encode()).hexdigest()[:16]


def points() -> list[tuple[str, Any]]:
    """Every network and its figures."""
    return list(all_figures().items())


def draw(path: Path) -> None:
    """Draw the picture into a file."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot
    from matplotlib.ticker import EngFormatter

    figure, axes = pyplot.subplots(figsize=(12, 9), layout="constrained")
    for group, colour, marker in zip(GROUPS, COLOURS, MARKERS, strict=True):
        members = [row for _, row in points() if NOTES[row.family].group == group]
        axes.scatter(
            [row.parameters for row in members],
            [row.multiply_adds for row in members],
            s=26,
            c=colour,
            marker=marker,
            alpha=0.6,
            linewidths=0,
            label=group,
        )
    axes.set(xscale="log", yscale="log", xlabel="parameters", ylabel="multiply-adds for one image of its own size")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(EngFormatter(sep=" "))
    axes.grid(visible=True, which="major", alpha=0.3)
    axes.legend(loc="upper left", frameon=False)
    _name_networks(figure, axes)
    figure.savefig(path, dpi=110, metadata={"Description": digest(), "Software": None})
    pyplot.close(figure)


def _name_networks(figure: Any, axes: Any) -> None:
    """Write names beside points, each where it covers no other name and the fewest points."""
    from matplotlib.text import Text

    figure.draw_without_rendering()
    renderer = figure.canvas.get_renderer()
    dots = axes.transData.transform([(row.parameters, row.multiply_adds) for _, row in points()])
    taken = [axes.get_legend().get_window_extent(renderer)]
    for name, label in LABELS.items():
        row = all_figures()[name]
        colour = COLOURS[GROUPS.index(NOTES[row.family].group)]
        trials = []
        for order, (right, up) in enumerate(_PLACES):
            text = axes.annotate(
                label,
                (row.parameters, row.multiply_adds),
                xytext=(right, up),
                textcoords="offset points",
                ha="left" if right > 0 else "right" if right < 0 else "center",
                va="center" if up == 0 else "bottom" if up > 0 else "top",
                fontsize=8,
                color="black",
                arrowprops={"arrowstyle": "-", "color": colour, "linewidth": 0.7, "shrinkA": 0, "shrinkB": 2},
            )
            text.update_positions(renderer)
            box = Text.get_window_extent(text, renderer)  # without the line to the point
            covered = sum(bool(box.overlaps(other)) for other in taken)
            outside = not axes.bbox.contains(*box.min) or not axes.bbox.contains(*box.max)
            hidden = int(sum(box.contains(*dot) for dot in dots))
            trials.append((20 * (covered + outside) + hidden + 0.2 * order, order, text, box))
        _, _, chosen, box = min(trials, key=lambda trial: trial[:2])
        for *_, text, _ in trials:
            if text is not chosen:
                text.remove()
        taken.append(box)


_PLACES = tuple(
    (round(reach * right), round(reach * up))
    for reach in (7, 16, 28, 44, 64, 88)
    for right, up in ((1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (1, -1), (-1, 1), (-1, -1))
)
"""Where a name may stand, in points from its network's point: near places first."""
