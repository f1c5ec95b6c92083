"""Curves of a run as a picture, drawn when it ends."""

from __future__ import annotations

import importlib
import importlib.util
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from polynet.train.records import Record, RecordingHook

_MOST_POINTS = 2000
"""Points of a curve beyond which neighbours are merged, so that a long run takes no more memory."""


class CurvesHook(RecordingHook):
    """Draws losses, other figures and learning rates over iterations into `work_dir/curves.png` when training ends.

    Needs matplotlib; without it nothing is drawn, and the log says so.

    Args:
        interval: Iterations between points.
        ignore_last: Whether to leave out the last point of an epoch where it would stand for fewer iterations.
        filename: The file's name.

    Example:
        >>> CurvesHook(filename="curves.svg").filename
        'curves.svg'
    """

    def __init__(self, interval: int = 10, ignore_last: bool = True, filename: str = "curves.png") -> None:
        super().__init__(interval, ignore_last)
        self.filename = filename
        self.curves: dict[str, Curve] = {}

    def write(self, runner: Any, record: Record) -> None:
        """Keep the figures that are numbers."""
        for name, value in {**record.rates, **record.values}.items():
            if isinstance(value, int | float) and not isinstance(value, bool):
                self.curves.setdefault(f"{record.phase}/{name}", Curve()).add(record.iter, float(value))

    def after_train(self, runner: Any) -> None:
        """Draw, however training ended; a picture that cannot be drawn does not spoil it."""
        if runner.rank or runner.work_dir is None or not self.curves:
            return
        if importlib.util.find_spec("matplotlib") is None:
            runner.logger.info("Curves are not drawn: that needs matplotlib (pip install 'polynet[plots]').")
            return
        path = Path(runner.work_dir) / self.filename
        try:
            draw(self.curves, path)
        except (OSError, ValueError) as error:
            runner.logger.warning("Curves cannot be drawn into %s: %s", path, error)

    def state(self) -> dict[str, Any]:
        """The curves so far."""
        curves = {name: curve.state() for name, curve in self.curves.items()}
        return {**super().state(), **({"curves": curves} if curves else {})}

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Go on with these."""
        super().load_state(state)
        self.curves = {name: Curve.of_state(curve) for name, curve in state.get("curves", {}).items()}


class Curve:
    """Values over iterations, at most so many: beyond that, a point stands for twice as many as before.

    Attributes:
        places: Iterations, means of those that a point stands for.
        values: Mean values.
        stride: How many values a point stands for.

    Example:
        >>> curve = Curve()
        >>> for place in range(10_000):
        ...     curve.add(place, 1.0)
        >>> len(curve.places) <= 2000, curve.values[-1]
        (True, 1.0)
    """

    def __init__(self) -> None:
        self.places: list[float] = []
        self.values: list[float] = []
        self.stride = 1
        self._waiting: list[tuple[float, float]] = []

    def add(self, place: float, value: float) -> None:
        """Add a value."""
        self._waiting.append((place, value))
        if len(self._waiting) < self.stride:
            return
        places, values = zip(*self._waiting, strict=True)
        self.places.append(sum(places) / self.stride)
        self.values.append(sum(values) / self.stride)
        self._waiting = []
        if len(self.places) >= _MOST_POINTS:
            self.places, self.values = _halved(self.places), _halved(self.values)
            self.stride *= 2

    def state(self) -> dict[str, Any]:
        """The points, as arrays, and what is to become the next."""
        waiting = np.asarray(self._waiting, np.float64).reshape(-1, 2)
        points = {"iter": np.asarray(self.places), "value": np.asarray(self.values)}
        return {**points, "stride": self.stride, "waiting": waiting}

    @classmethod
    def of_state(cls, state: Mapping[str, Any]) -> Curve:
        """What `state` was taken of."""
        curve = cls()
        curve.places, curve.values = np.asarray(state["iter"]).tolist(), np.asarray(state["value"]).tolist()
        curve.stride = int(state["stride"])
        curve._waiting = [(place, value) for place, value in np.asarray(state["waiting"]).tolist()]
        return curve


def _halved(values: list[float]) -> list[float]:
    """The means of each two neighbours."""
    return [(one + other) / 2 for one, other in zip(values[::2], values[1::2], strict=True)]


def _panel(name: str) -> str:
    """Where a curve is drawn: figures of one kind share an axis."""
    _, _, figure = name.partition("/")
    if figure == "lr" or figure.endswith((".lr", "_lr")):
        return "learning rate"
    return "loss" if "loss" in figure else "figures"


def _is_twin(name: str, curves: Mapping[str, Curve]) -> bool:
    """Whether a curve is the base of a learning rate and nowhere different from it."""
    other = curves.get(name.replace("base_lr", "lr"))
    return "base_lr" in name and other is not None and other.values == curves[name].values


def draw(curves: Mapping[str, Curve], path: Path) -> None:
    """Draw curves, a panel for each kind, into a file.

    Args:
        curves: The curves by name: `train/loss`.
        path: The file; its suffix says of which format.

    Raises:
        OSError: It cannot be written.
        ValueError: There is no such format.
    """
    # Without pyplot, which would choose a window system and keep every figure.
    figure_type = importlib.import_module("matplotlib.figure").Figure
    agg = importlib.import_module("matplotlib.backends.backend_agg")
    panels = [panel for panel in ("loss", "figures", "learning rate") if any(_panel(name) == panel for name in curves)]
    figure = figure_type(figsize=(8, 2.8 * len(panels)), layout="constrained")
    agg.FigureCanvasAgg(figure)
    all_axes = figure.subplots(len(panels), 1, sharex=True, squeeze=False)[:, 0]
    for axes, panel in zip(all_axes, panels, strict=True):
        for name, curve in curves.items():
            if _panel(name) == panel and not _is_twin(name, curves):
                marker = "o" if len(curve.places) < 30 else ""
                axes.plot(curve.places, curve.values, label=name, marker=marker, markersize=3, linewidth=1.2)
        values = [value for name, curve in curves.items() if _panel(name) == panel for value in curve.values]
        # On a logarithmic axis of less than a decade there would be no labels to read values by.
        if panel == "loss" and all(math.isfinite(value) and value > 0 for value in values):
            axes.set_yscale("log" if max(values) >= 10 * min(values) else "linear")
        axes.set_ylabel(panel)
        axes.grid(alpha=0.3)
        axes.legend(fontsize="small")
    all_axes[-1].set_xlabel("iteration")
    figure.savefig(path, dpi=120)
