"""Activations and dropout from configs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from polynet import nn, ops
from polynet.models.bricks.layer_config import LayerConfig, chosen_layer
from polynet.types import Tensor


class HSigmoid(nn.Module):
    """`clamp((x + bias) / divisor, min_value, max_value)`.

    Args:
        bias: Added to the input.
        divisor: What the sum is divided by.
        min_value: Least result.
        max_value: Greatest result.

    Source: mmcv; Howard et al. 2019, arXiv:1905.02244.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     HSigmoid()(ops.tensor([-4.0, 0.0, 4.0])).tolist()
        [0.0, 0.5, 1.0]
    """

    def __init__(self, bias: float = 3.0, divisor: float = 6.0, min_value: float = 0.0, max_value: float = 1.0) -> None:
        super().__init__()
        self.bias = bias
        self.divisor = divisor
        self.min_value = min_value
        self.max_value = max_value

    def forward(self, x: Tensor) -> Tensor:
        """Apply it; the shape stays."""
        return ops.clamp((x + self.bias) / self.divisor, self.min_value, self.max_value)


class Clamp(nn.Module):
    """Limit values to a range; -1 to 1 by default.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     Clamp(max=2.0)(ops.tensor([-4.0, 0.0, 4.0])).tolist()
        [-1.0, 0.0, 2.0]
    """

    def __init__(self, min: float = -1.0, max: float = 1.0) -> None:
        super().__init__()
        self.min = min
        self.max = max

    def forward(self, x: Tensor) -> Tensor:
        """Apply it; the shape stays."""
        return ops.clamp(x, self.min, self.max)


ACTIVATIONS: dict[str, Callable[..., Any]] = {
    "Clamp": Clamp,
    "Clip": Clamp,
    "ELU": nn.ELU,
    "GELU": nn.GELU,
    "HSigmoid": HSigmoid,
    "HSwish": nn.Hardswish,
    "LeakyReLU": nn.LeakyReLU,
    "Mish": nn.Mish,
    "PReLU": nn.PReLU,
    "ReLU": nn.ReLU,
    "ReLU6": nn.ReLU6,
    "SiLU": nn.SiLU,
    "Sigmoid": nn.Sigmoid,
    "Swish": nn.SiLU,
    "Tanh": nn.Tanh,
}

IN_PLACE = ("ELU", "HSwish", "LeakyReLU", "Mish", "ReLU", "ReLU6", "SiLU")
"""Activations that may overwrite their input."""


def build_activation_layer(cfg: LayerConfig | None) -> Any:
    """Make an activation.

    Args:
        cfg: `type`, a key of `ACTIVATIONS`, a registered name or a class, and options; `None` for an identity.

    Raises:
        UnknownNameError: There is no activation of that name.

    Source: mmcv, `build_activation_layer`.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     build_activation_layer({"type": "LeakyReLU", "negative_slope": 0.2})
        LeakyReLU(negative_slope=0.2)
    """
    if cfg is None:
        return nn.Identity()
    _, layer, options = chosen_layer("activation", cfg, ACTIVATIONS)
    return layer(**options)


def _dropout(drop_prob: float = 0.5, inplace: bool = False) -> Any:
    return nn.Dropout(drop_prob, inplace=inplace)


def _drop_path(drop_prob: float = 0.1) -> Any:
    return nn.DropPath(float(drop_prob))


DROPOUTS: dict[str, Callable[..., Any]] = {"Dropout": _dropout, "DropPath": _drop_path}


def build_dropout(cfg: LayerConfig | None) -> Any:
    """Make a dropout: `{"type": "Dropout" | "DropPath", "drop_prob": …}`, or an identity of `None`.

    Source: mmcv, `build_dropout`.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     build_dropout({"type": "DropPath", "drop_prob": 0.2})
        DropPath(p=0.2)
    """
    if cfg is None:
        return nn.Identity()
    _, layer, options = chosen_layer("dropout", cfg, DROPOUTS)
    return layer(**options)
