"""Histograms of oriented gradients (Dalal and Triggs 2005), as what MaskFeat predicts (arXiv:2112.09133)."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from polynet import nn, ops
from polynet.errors import InputError, OptionError
from polynet.registry import TARGETS
from polynet.types import Tensor

CHANNELS = 3
GRID = 14
"""Patches along an image's side, for which histograms are grouped."""

_SOBEL = np.array([[1, 0, -1], [2, 0, -2], [1, 0, -1]], np.float32)


@TARGETS.register()
@TARGETS.register(name="mmpretrain.HOGGenerator")
class HOGGenerator(nn.Module):
    """Describes each patch of an image by how strong its edges are in each direction. Nothing is trained.

    Args:
        nbins: Directions that are told apart.
        pool: Side of a cell, in pixels: one histogram each.
        gaussian_window: Side of the squares over which edges count by a bell curve; 0 for all the same.

    Shapes:
        `(N, 3, H, W)` to `(N, patches, 3 · nbins · cells of a patch)`: of images with 224 pixels a side
        `(N, 196, 108)`.

    Raises:
        OptionError: An option is no whole number in its range.

    Source: MMPretrain, `HOGGenerator`, after SlowFast.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     generator = HOGGenerator()
        >>> tuple(generator(ops.ones((1, 3, 224, 224))).shape), tuple(generator(ops.ones((1, 3, 112, 112))).shape)
        ((1, 196, 108), (1, 196, 27))
    """

    def __init__(self, nbins: int = 9, pool: int = 8, gaussian_window: int = 16) -> None:
        super().__init__()
        for name, value, least in (("nbins", nbins, 1), ("pool", pool, 1), ("gaussian_window", gaussian_window, 0)):
            if isinstance(value, bool) or not isinstance(value, int) or value < least:
                message = f"HOGGenerator: {name} is a whole number of at least {least}, not {value!r}."
                raise OptionError(message)
        self.nbins = nbins
        self.pool = pool
        self.gaussian_window = gaussian_window
        self.register_buffer("weight_x", _filter(_SOBEL))
        self.register_buffer("weight_y", _filter(_SOBEL.T))
        if gaussian_window:
            self.register_buffer("gaussian_kernel", ops.tensor(gaussian(gaussian_window, gaussian_window // 2)))

    weight_x: Any
    weight_y: Any
    gaussian_kernel: Any

    def forward(self, x: Tensor) -> Tensor:
        """Histograms of images, without gradients."""
        self._check(tuple(x.shape))
        with ops.no_grad():
            return self._grouped(self._histograms(ops.stop_gradient(x)))

    def _check(self, shape: tuple[int, ...]) -> None:
        if len(shape) != 4 or shape[1] != CHANNELS:
            message = f"HOGGenerator takes images (N, 3, H, W), not {shape}."
            raise InputError(message)
        step = math.lcm(self.gaussian_window or 1, self.pool)
        if any(side % step or side // self.pool < GRID for side in shape[2:]):
            message = (
                f"HOGGenerator(pool={self.pool}, gaussian_window={self.gaussian_window}) takes images whose sides are "
                f"multiples of {step} and at least {GRID * self.pool}, not {shape[2]} x {shape[3]}."
            )
            raise InputError(message)

    def _histograms(self, x: Tensor) -> Tensor:
        """Histograms `(N, 3, nbins, H / pool, W / pool)`, each of length 1."""
        batch, channels, height, width = x.shape
        padded = ops.pad(x, (1, 1, 1, 1), mode="reflect")
        # Subtracting before weighting leaves exact zeros where neighbours are the same, as they are at the reflected
        # border. A sum of weighted pixels leaves what rounding leaves there, whose sign would choose the direction.
        across = ops.conv2d(padded[:, :, :, :-2] - padded[:, :, :, 2:], self.weight_x[:, :, :, :1], groups=CHANNELS)
        down = ops.conv2d(padded[:, :, :-2] - padded[:, :, 2:], self.weight_y[:, :, :1], groups=CHANNELS)
        strength = ops.sqrt(across * across + down * down)
        if self.gaussian_window:
            times = (height // self.gaussian_window, width // self.gaussian_window)
            strength = strength * ops.tile(self.gaussian_kernel, times)
        direction = ops.floor(ops.atan2(across, down) / math.pi * self.nbins)
        # Opposite directions are one: the bin is the direction modulo half a turn.
        direction = direction - self.nbins * ops.floor(direction / self.nbins)
        nothing = strength * 0
        bins = [ops.where(direction == number, strength, nothing) for number in range(self.nbins)]
        stacked = ops.stack(bins, 2)
        rows, columns = height // self.pool, width // self.pool
        cells = ops.reshape(stacked, (batch * channels * self.nbins, rows, self.pool, columns, self.pool))
        histograms = ops.reshape(ops.sum(cells, (2, 4)), (batch, channels, self.nbins, rows, columns))
        return ops.normalize(histograms, p=2.0, dim=2)

    def _grouped(self, histograms: Tensor) -> Tensor:
        """Histograms by patch; cells that fill no patch are left out."""
        batch, channels, bins, rows, columns = histograms.shape
        side = columns // GRID
        down, across = rows // side, columns // side
        kept = histograms[:, :, :, : down * side, : across * side]
        cells = ops.reshape(kept, (batch, channels * bins, down, side, across, side))
        patches = ops.permute(cells, (0, 2, 4, 1, 3, 5))
        return ops.reshape(patches, (batch, down * across, channels * bins * side * side))


def _filter(kernel: np.ndarray[Any, Any]) -> Tensor:
    """The same filter for each colour."""
    return ops.tensor(np.tile(kernel, (CHANNELS, 1, 1, 1)))


def gaussian(side: int, deviation: float) -> np.ndarray[Any, Any]:
    """A bell curve over a square, its numbers adding up to 1.

    Example:
        >>> float(gaussian(4, 2).sum().round(6))
        1.0
    """
    places = (np.arange(side, dtype=np.float32) - (side - 1) / 2) / np.float32(deviation)
    curve = np.exp(-0.5 * places**2).astype(np.float32)
    square = curve[:, None] * curve[None, :]
    return np.asarray(square / square.sum(), np.float32)
