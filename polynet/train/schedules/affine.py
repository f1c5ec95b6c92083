"""What a schedule does to a value: multiply, and add."""

from __future__ import annotations

from typing import NamedTuple


class Affine(NamedTuple):
    """The map `scale * entry + share * base + shift`.

    A schedule is such a map from the value that it took over to the value of a step, so that schedules that follow one
    another are maps applied one after the other, and any step is reached without those before it.

    Attributes:
        scale: Multiplies the value that the schedule took over, its entry.
        share: Multiplies the value in the optimiser's own settings, its base, which no schedule has touched.
        shift: Is added.

    Example:
        >>> warm, anneal = Affine(scale=0.5), Affine(scale=0.9, shift=0.01)
        >>> anneal.after(warm).of(0.2, base=0.2)
        0.1
    """

    scale: float = 1.0
    share: float = 0.0
    shift: float = 0.0

    def after(self, earlier: Affine) -> Affine:
        """The map that applies `earlier`, then this."""
        scale = self.scale
        return Affine(scale * earlier.scale, scale * earlier.share + self.share, scale * earlier.shift + self.shift)

    def of(self, entry: float, base: float) -> float:
        """The value it gives."""
        return self.scale * entry + self.share * base + self.shift


IDENTITY = Affine()
