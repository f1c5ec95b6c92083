"""Two linear layers with an activation between them, on tokens or on maps: what several tuners add to a layer."""

from __future__ import annotations

from typing import Any

import numpy as np

from polynet import nn, ops
from polynet.errors import OptionError
from polynet.models.blocks.activation import activation
from polynet.models.tuners.layers import width_and_axis
from polynet.models.tuners.targets import Place
from polynet.models.tuners.tuner import Insert
from polynet.nn import Constant, Recipe, XavierUniform
from polynet.nn.arguments import integer
from polynet.types import Tensor


def on_last_axis(layers: Any, x: Tensor, axis: int | None) -> Tensor:
    """Call layers that work on the last axis along the axis of a tensor's channels.

    Args:
        layers: What to call.
        x: Tokens or maps.
        axis: 1 or -1; `None` for 1 with four or five axes, else -1.

    Example:
        >>> double = lambda x: x + x
        >>> tuple(on_last_axis(double, ops.ones((1, 3, 4, 5)), 1).shape)
        (1, 3, 4, 5)
    """
    rank = x.ndim
    if rank == 2 or axis == -1 or (axis is None and rank not in (4, 5)):
        return layers(x)
    spatial = range(2, rank)
    return ops.permute(layers(ops.permute(x, (0, *spatial, 1))), (0, rank - 1, *range(1, rank - 1)))


class Bottleneck(Insert):
    """`up(act(down(x)))`; zero when fresh, since the second layer starts at zero.

    Args:
        width: Width of the features.
        length: Width between the layers.
        act: Activation.
        axis: Axis of the features, as `on_last_axis` takes it.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     layers = Bottleneck(8, 2)
        >>> bool((layers(ops.ones((1, 5, 8))) == 0).all())
        True
    """

    recipe = Recipe(
        linear=XavierUniform(), bias=Constant(0.0), named=(("up.weight", Constant(0.0)), ("up.bias", Constant(0.0)))
    )

    def __init__(self, width: int, length: int, act: str = "gelu", axis: int | None = None) -> None:
        super().__init__()
        self.axis = axis
        self.down = nn.Linear(width, length)
        self.act = activation(act)
        self.up = nn.Linear(length, width)
        self.up.weight = nn.Parameter(np.zeros((width, length), np.float32))
        self.up.bias = nn.Parameter(np.zeros(width, np.float32))

    def _narrowed(self, x: Tensor) -> Tensor:
        return self.up(self.act(self.down(x)))

    def forward(self, x: Tensor) -> Tensor:
        """What is to be added, of the shape of `x`."""
        return on_last_axis(self._narrowed, x, self.axis)


def bottleneck_for(owner: str, place: Place, width: int | None, length: int | float, act: str) -> Bottleneck:
    """The bottleneck for a place's output.

    Args:
        owner: The tuner's name, for messages.
        place: The place.
        width: Width of its output; `None` to tell it from the layer.
        length: Width between the layers: a whole number, or a part of the output's width.
        act: Activation.

    Raises:
        OptionError: The width cannot be told.
    """
    known, axis = width_and_axis(place.layer)
    width = known if width is None else width
    if width is None:
        message = f"{owner}: the width of what {place.path!r} returns cannot be told; give it as `dim`."
        raise OptionError(message)
    if isinstance(length, float):
        length = max(int(width * length), 1)
    return Bottleneck(width, length, act, axis)


def check_widths(owner: str, dim: Any) -> int | tuple[int, ...] | None:
    """The option `dim`: a width for all places, one each, or `None`.

    Raises:
        OptionError: No whole numbers of at least 1.
    """
    if dim is None or isinstance(dim, int):
        return None if dim is None else integer(owner, "dim", dim, lowest=1)
    if isinstance(dim, (list, tuple)):
        return tuple(integer(owner, "dim", each, lowest=1) for each in dim)
    message = f"{owner}: dim is a width, or a list of one for each place, not {dim!r}."
    raise OptionError(message)


def width_at(owner: str, dim: int | tuple[int, ...] | None, place: Place) -> int | None:
    """The width given for a place.

    Raises:
        OptionError: The list of widths is shorter or longer than the list of places.
    """
    if not isinstance(dim, tuple):
        return dim
    if place.index >= len(dim) or (place.last and place.index + 1 != len(dim)):
        message = f"{owner}: dim has {len(dim)} widths, and the targets match another number of modules."
        raise OptionError(message)
    return dim[place.index]
