"""Weights and inputs of the MMPretrain cases: a weight depends on its key, its shape and its kind alone."""

from __future__ import annotations

import json
import zlib
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

Array = np.ndarray[Any, Any]

FOLDER = Path(__file__).parent / "mmpretrain"
CENSUS = Path(__file__).parent / "mmpretrain_census.json"
TOLERANCE = 2e-5
"""A rounding of every weight moves the reference library's own outputs by 3e-7 to 1e-6."""

_SEED = 20240229


class MMPretrainCase(NamedTuple):
    """One network of MMPretrain, and what it computed.

    Attributes:
        name: Name of the case.
        model: The `model` of its config.
        parameters: How many numbers its parameters have.
        state: From each key of its state dict to how it was filled, its shape, and its checksum.
        gradient_norms: Norm of the gradient of each parameter, where recorded.
        shape: Shape of its input.
    """

    name: str
    model: dict[str, Any]
    parameters: int
    state: dict[str, list[Any]]
    gradient_norms: dict[str, float]
    shape: tuple[int, ...]

    def weights(self, part: str = "") -> dict[str, Array]:
        """The weights of a part (`"backbone"`), by their keys within it; constant buffers have none."""
        prefix = f"{part}." if part else ""
        return {
            key.removeprefix(prefix): _drawn(key, kind, tuple(shape))
            for key, (kind, shape, *_) in self.state.items()
            if key.startswith(prefix) and not key.endswith("num_batches_tracked") and kind != "keep"
        }

    def images(self) -> Array:
        """The input, normalised already."""
        return np.random.RandomState(_SEED).randn(*self.shape).astype(np.float32)

    def output(self, name: str) -> Array:
        """What MMPretrain computed: `"out/backbone.0"`, `"loss.loss"` …"""
        with np.load(FOLDER / f"{self.name}.npz") as arrays:
            return np.asarray(arrays[name])


def noise(shape: tuple[int, ...]) -> Array:
    """What took the place of uniform noise in the cases."""
    return np.random.RandomState(20240231).rand(*shape).astype(np.float32)


def read_case(name: str) -> MMPretrainCase:
    """One case."""
    fields = json.loads((FOLDER / f"{name}.json").read_text())
    return MMPretrainCase(
        name,
        fields["model"],
        fields["params"],
        fields["state"],
        fields["grad_l2"],
        tuple(fields["inputs"]["input"]),
    )


def _drawn(key: str, kind: str, shape: tuple[int, ...]) -> Array:
    draw = np.random.RandomState(zlib.crc32(key.encode()) ^ _SEED)
    if kind in ("zero", "one"):
        value = np.full(shape, float(kind == "one"))
    elif kind == "rvar":
        value = 1 + 0.25 * draw.rand(*shape)
    elif kind == "weight":
        value = draw.randn(*shape) / np.sqrt(int(np.prod(shape[1:])))
    else:
        offset, scale = {"rmean": (0, 0.1), "vec": (0, 0.1), "scale": (1, 0.1), "embed": (0, 0.2)}[kind]
        value = offset + scale * draw.randn(*shape)
    return np.asarray(value, np.float32).reshape(shape)
