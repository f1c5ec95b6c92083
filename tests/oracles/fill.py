"""Weights and inputs of the oracle cases: a weight depends on its key, its shape and the case's seed alone."""

from __future__ import annotations

import json
import zlib
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

Array = np.ndarray[Any, np.dtype[np.float32]]

FOLDER = Path(__file__).parent / "basecls"
_INPUT_SEED = 12345


class Case(NamedTuple):
    """One network of a reference library, and what it computed."""

    name: str
    family: str
    seed: int
    gain: float
    input_shape: tuple[int, int, int, int]
    tolerance: float
    state: dict[str, list[Any]]

    def weight(self, key: str) -> Array:
        """A weight in the reference's own layout."""
        kind, shape = self.state[key][:2]
        draw = np.random.RandomState(zlib.crc32(f"{self.seed}:{key}".encode()))
        return np.asarray(_drawn(draw, kind, tuple(shape), self.gain), np.float32)

    def weights(self) -> dict[str, Array]:
        """Every weight by its key, in the reference's own layout."""
        return {key: self.weight(key) for key in self.state}

    def images(self) -> Array:
        """The input, normalised already; the second image is brighter and so tells the batch's order."""
        batch, channels = self.input_shape[:2]
        draw = np.random.RandomState(self.seed + _INPUT_SEED)
        noise = draw.standard_normal(self.input_shape)
        offset = draw.standard_normal((batch, channels, 1, 1))
        return np.asarray(noise + np.arange(1, batch + 1).reshape(-1, 1, 1, 1) * offset, np.float32)

    def output(self) -> Array:
        """What the reference library computed."""
        with np.load(FOLDER / f"{self.name}.npz") as arrays:
            return np.asarray(arrays["output"], np.float32)


def case_names() -> list[str]:
    """Names of all cases."""
    return sorted(path.stem for path in FOLDER.glob("*.json"))


def read_case(name: str) -> Case:
    """One case."""
    fields = json.loads((FOLDER / f"{name}.json").read_text())
    return Case(**{**fields, "input_shape": tuple(fields["input_shape"])})


def _drawn(draw: np.random.RandomState, kind: str, shape: tuple[int, ...], gain: float) -> Any:
    if kind == "const":
        # What the reference computes, not learns. It must be computed here too, so what a file says is wrong.
        return np.zeros(shape)
    if kind == "weight":
        # A grouped convolution's (G, O / G, I / G, K, K): its fan lies within one group.
        fan_in = np.prod(shape[2:] if len(shape) == 5 else shape[1:])
        return np.sqrt(2.0 / fan_in) * draw.standard_normal(shape)
    normal = {"rmean": 0.02, "bias": 0.02, "embed": 0.1}
    if kind in normal:
        return normal[kind] * draw.standard_normal(shape)
    if kind == "nscale":
        return gain * draw.uniform(0.75, 1.25, shape)
    low, high = {"rvar": (0.8, 1.2), "affine": (0.8, 1.2), "lscale": (0.1, 0.3)}[kind]
    return draw.uniform(low, high, shape)
