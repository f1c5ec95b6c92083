"""SSF: every feature that a layer returns is scaled and shifted, which its weights can take up when training is done.

Lian et al. 2022, "Scaling & Shifting Your Features: A New Baseline for Efficient Model Tuning", arXiv:2210.08823.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from polynet import nn, ops
from polynet.models.tuners.layers import CHANNEL_NORMS, CONVOLUTIONS, TOKEN_NORMS, plain_name, width_and_axis
from polynet.models.tuners.targets import Place
from polynet.models.tuners.tuner import Array, Insert, Tuner
from polynet.nn import Constant, Recipe
from polynet.registry import TUNERS
from polynet.types import Tensor

_TUNED: dict[str, Any] = {"Linear": nn.Linear, **CONVOLUTIONS, **CHANNEL_NORMS, **TOKEN_NORMS}


class ScaleShift(Insert):
    """`scale * x + shift`, a pair of numbers for each feature; the identity when fresh.

    Args:
        width: Features.
        axis: Along which they lie: 1 or -1.
        incomplete: Whether the layer has no bias, so that the shift stays to be added when the scale is merged.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     pairs = ScaleShift(3, axis=1)
        >>> tuple(pairs(ops.ones((1, 3, 4, 4))).shape)
        (1, 3, 4, 4)
    """

    recipe = Recipe(named=(("scale", Constant(1.0)), ("shift", Constant(0.0))))

    def __init__(self, width: int, axis: int, incomplete: bool = False) -> None:
        super().__init__()
        self.axis = axis
        self.incomplete = incomplete
        self.scale: Tensor = nn.Parameter(np.ones(width, np.float32))
        self.shift: Tensor = nn.Parameter(np.zeros(width, np.float32))

    def forward(self, x: Tensor) -> Tensor:
        """Scale and shift what the layer returned."""
        if self.merged and not self.incomplete:
            return x
        scale, shift = self.scale, self.shift
        if self.axis == 1:
            shape = (-1, *(1,) * (x.ndim - 2))
            scale, shift = ops.reshape(scale, shape), ops.reshape(shift, shape)
        return x + shift if self.merged else x * scale + shift


def _scale_and_shift(host: Any, arguments: tuple[Any, ...], output: Tensor) -> Tensor:
    """The hook behind a layer."""
    return host.ssf(output)


@TUNERS.register()
class SSF(Tuner):
    """Scales and shifts what layers return, a pair of trained numbers for each feature, and can be merged into them.

    A fresh one changes nothing: scales start at 1 and shifts at 0 (the paper's start close to these). Of a layer that
    has no bias only the scale can be merged; the shift stays beside it, and `fold()` refuses.

    Args:
        target: Which linear layers, convolutions and normalisations with weights; all of them by default.
        train: Patterns of modules or parameters of the network to be trained beside it.

    Raises:
        OptionError: Patterns that are none.

    Source: Lian et al. 2022, arXiv:2210.08823.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     net = polynet.nn.Sequential(polynet.nn.Conv2d(3, 8, 3), polynet.nn.BatchNorm2d(8))
        >>> print(SSF().apply(net))
        SSF on 2 modules: 32 of 272 parameters trained (11.76 %)
    """

    child = "ssf"
    merges = True

    def takes(self, layer: Any) -> bool:
        """Linear layers, convolutions and normalisations that have weights."""
        return plain_name(layer, _TUNED) is not None and getattr(layer, "weight", None) is not None

    def make(self, place: Place) -> Insert:
        """The pairs."""
        width, axis = width_and_axis(place.layer)
        return ScaleShift(width or 0, axis or -1, incomplete=getattr(place.layer, "bias", None) is None)

    def connect(self, place: Place) -> list[Any]:
        """Run them behind the layer."""
        return [place.layer.register_forward_hook(_scale_and_shift)]

    def merged(self, place: Place, weights: Mapping[str, Array], added: Mapping[str, Array]) -> dict[str, Array]:
        """Weight and bias with the pairs in them, computed in double precision."""
        scale = added["scale"].astype(np.float64)
        weight = weights["weight"].astype(np.float64)
        is_linear = plain_name(place.layer, {"Linear": nn.Linear, **CONVOLUTIONS}) is not None
        # The rows of a weight, the last axis of what a normalisation multiplies by.
        weight = weight * (scale.reshape(-1, *(1,) * (weight.ndim - 1)) if is_linear else scale)
        found = {"weight": weight.astype(weights["weight"].dtype)}
        if "bias" in weights:
            found["bias"] = (weights["bias"] * scale + added["shift"]).astype(weights["bias"].dtype)
        return found
