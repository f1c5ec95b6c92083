"""Tensors that another library keeps in its files and PolyNet computes: dropped on reading, written anew.

They are data like the names: a layout lists them, each with the tensor of the network that it follows from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from math import isqrt

import numpy as np
from attrs import field, frozen
from attrs.converters import optional

from polynet.errors import WeightsError
from polynet.models.blocks.window_tables import Pair, relative_position_index, shifted_window_mask
from polynet.weights.elements import Array
from polynet.weights.layouts.own_constants import WINDOW, distances_by_design, rotations_by_design
from polynet.weights.layouts.template import Form, Pattern


@frozen
class Constant:
    """One kind of tensor that only the other library keeps.

    Attributes:
        canonical: Pattern of the tensor, or of the network's own constant, that it follows from.
        foreign: Form of its name.
        make: What it is, worked out from that tensor; `None` for one that files may have and need not.
        given: Form of the name of an own constant of the network that `make` takes, too: `None` where there is no
            network to ask.
        decides: Whether the other library computes with the numbers in its file, whatever its network would have had.
            So they are compared with the network's, and a network that has none has no counterpart there.
    """

    canonical: Pattern = field(converter=Pattern)
    foreign: Form = field(converter=Form)
    make: Callable[..., Array] | None = None
    decides: bool = False
    given: Form | None = field(default=None, converter=optional(Form))


def is_constant(name: str, constants: Iterable[Constant]) -> bool:
    """Whether a foreign name is that of a constant."""
    return any(constant.foreign.shape().fullmatch(name) is not None for constant in constants)


def made_constants(constants: Iterable[Constant], known: Mapping[str, Array]) -> dict[str, Array]:
    """The constants of a network by foreign name.

    Args:
        constants: Those of the layout.
        known: The network's tensors and own constants by canonical name.
    """
    made: dict[str, Array] = {}
    for constant in constants:
        if constant.make is None:
            continue
        for name, array in known.items():
            bindings = constant.canonical.match(name)
            if bindings is not None:
                more = () if constant.given is None else (known.get(constant.given.make(bindings)),)
                made[constant.foreign.make(bindings)] = constant.make(array, *more)
    return made


def window_of(table: Array) -> int:
    """Side of the square window that a table `(relative positions, heads)` is for.

    Raises:
        WeightsError: No square window has as many relative positions.

    Example:
        >>> window_of(np.zeros((169, 3)))
        7
    """
    if not _is_square(table):
        message = (
            f"A table of relative positions of shape {table.shape} is for no square window. "
            "The weights do not say which other window they are for, so name the network and its options: build it "
            "and save it in the layout, or write --model NAME img_size=… window_size=… where files are converted."
        )
        raise WeightsError(message)
    return (isqrt(len(table)) + 1) // 2


def _is_square(table: Array) -> bool:
    """Whether a table has as many rows as some square window has relative positions."""
    side = isqrt(len(table)) if table.ndim == 2 else 0
    return side % 2 == 1 and side * side == len(table)


def swapped_table(table: Array, window: Array | None = None) -> Array:
    """A table of relative positions row by row, of one that is column by column.

    Args:
        table: `(relative positions, heads)`.
        window: Height and width of its window; a square one where nothing says.

    Example:
        >>> swapped_table(np.arange(9).reshape(9, 1)).ravel().tolist()
        [0, 3, 6, 1, 4, 7, 2, 5, 8]
        >>> swapped_table(np.arange(3).reshape(3, 1), np.array([2, 1])).ravel().tolist()
        [0, 1, 2]
    """
    down, right = _distances(_sides(table, window))
    return _turned(table, right, down)


def restored_table(table: Array, window: Array | None = None) -> Array:
    """What `swapped_table` made, column by column again.

    Args:
        table: `(relative positions, heads)`; one for another window than the given is taken for a square one's, and
            comes back as it is where it is not: it has no place in the network.
        window: Height and width of the network's window.

    Example:
        >>> restored_table(swapped_table(np.arange(15).reshape(15, 1), (2, 3)), (2, 3)).ravel().tolist()[:6]
        [0, 1, 2, 3, 4, 5]
    """
    if window is not None and not _fits(table, window) and not _is_square(table):
        return table
    down, right = _distances(_sides(table, window))
    return _turned(table, down, right)


def _sides(table: Array, window: Array | None) -> Pair:
    """Height and width of a table's window: the given one, if it has as many relative positions."""
    if window is None or not _fits(table, window):
        side = window_of(table)
        return side, side
    return int(window[0]), int(window[1])


def _fits(table: Array, window: Array) -> bool:
    """Whether a table has as many rows as a window has relative positions."""
    down, right = _distances(window)
    return table.ndim == 2 and len(table) == down * right


def _distances(window: Array | Pair) -> Pair:
    """How many vertical and horizontal distances there are in a window."""
    return 2 * int(window[0]) - 1, 2 * int(window[1]) - 1


def _turned(table: Array, slow: int, fast: int) -> Array:
    """A table whose rows run over two distances, the other way round."""
    return np.ascontiguousarray(table.reshape(slow, fast, -1).swapaxes(0, 1)).reshape(table.shape)


def index_of_table(table: Array, window: Array | None = None) -> Array:
    """The index that BaseCls keeps beside a table."""
    return relative_position_index(_sides(table, window))


def flat_index_of_table(table: Array, window: Array | None = None) -> Array:
    """The index that torchvision keeps beside a table."""
    return relative_position_index(_sides(table, window), row_first=True).reshape(-1).astype(np.int64)


_TABLE = Pattern("layers.{stage}.blocks.{block}.attn.rel_pos_bias_table")
_MASK = "layers.{stage}.blocks.{block}.attn_mask"


def masks_by_design(state: Mapping[str, Array]) -> dict[str, Array]:
    """The masks of a Swin whose last map is one window, as that of each of the paper's is.

    The weights alone do not say how large the images are; a network does: `SwinTransformer.constants`.

    Args:
        state: The network's tensors by canonical name.
    """
    windows: dict[tuple[int, int], int] = {}
    for name, table in state.items():
        bound = _TABLE.match(name)
        if bound is not None:
            windows[int(bound["stage"]), int(bound["block"])] = window_of(table)
    masks: dict[str, Array] = {}
    last = max((stage for stage, _ in windows), default=0)
    for (stage, block), side in windows.items():
        whole = windows[last, 0] * 2 ** (last - stage)
        if block % 2 and whole > side:
            filled = -(-whole // side) * side
            name = Form(_MASK).make({"stage": stage, "block": block})
            masks[name] = shifted_window_mask((filled, filled), (side, side), (side // 2, side // 2))
    return masks


BASECLS_CONSTANTS: dict[str, tuple[Constant, ...]] = {
    "swin": (
        Constant(_TABLE.source, "layers.{stage}.blocks.{block}.attn.rel_pos_index", index_of_table, given=WINDOW),
        Constant(_MASK, _MASK, np.asarray),
    ),
}
"""By family. BaseCls's masks may be wrong in its files, which is why none is ever read."""

ASSUMED: dict[str, Callable[[Mapping[str, Array]], dict[str, Array]]] = {
    "swin": masks_by_design,
    "swin_v2": distances_by_design,
    "eva": rotations_by_design,
}
"""By family: a network's own constants, where there is no network to ask."""
