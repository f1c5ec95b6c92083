"""What a network computes in its constructor and other libraries keep in their files, by names like the tensors'."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from polynet.backend import backend_of
from polynet.models.blocks.rotary import rotary_tables
from polynet.models.blocks.window import window_pair
from polynet.models.blocks.window_tables import Pair, log_spaced_distances, relative_position_index
from polynet.registry import NETWORKS
from polynet.types import NativeModule
from polynet.weights.elements import Array
from polynet.weights.layouts.template import Form, Pattern

DISTANCES = "layers.{stage}.blocks.{block}.attn.relative_coords_table"
"""Swin v2's distances within a window, `(1, 2 · height - 1, 2 · width - 1, 2)`."""
WINDOW = "layers.{stage}.blocks.{block}.attn.window"
"""Height and width of the window that a table of relative positions of Swin v1 is for, `(2,)`: its rows do not say."""
COSINES, SINES = "cosines", "sines"
"""EVA-02's rotations of the patches' tokens, `(H · W, width)`; each block has them, too, under its attention."""
ATTENTION = "blocks.{block}.attn."

_TABLE_OF_COLUMNS = Pattern("layers.{stage}.blocks.{block}.attn.rel_pos_bias_table")
_USUAL_WINDOW = (8, 8)
_USUAL_SPREAD = (16, 16)
_USUAL_WIDTH = 64


def constants_of(net: NativeModule) -> Mapping[str, Array] | None:
    """What a network computes and other libraries keep in their files, by canonical name; `None` if it does not say.

    Example:
        >>> import polynet
        >>> net = polynet.build("eva02_tiny_patch14_224", backend="shapes", depth=1)
        >>> {name: array.shape for name, array in constants_of(net).items() if name.endswith("cosines")}
        {'cosines': (256, 64), 'blocks.0.attn.cosines': (256, 64)}
    """
    constants = getattr(net, "constants", None)
    said: Mapping[str, Array] | None = constants() if callable(constants) else None
    made = {"swin": _windows, "swin_v2": _distances, "eva": _rotations}.get(str(getattr(net, "family", None)))
    return said if made is None else {**(said or {}), **made(net)}


def own_window(net: NativeModule, table: str) -> Pair | None:
    """Height and width of the window of a table of relative positions that is kept column by column; `None` of others.

    Args:
        net: The network.
        table: Name of the table.

    Example:
        >>> net = polynet.build("swin_tiny_patch4_window7_224", backend="shapes", img_size=(224, 160))
        >>> own_window(net, "layers.3.blocks.0.attn.rel_pos_bias_table")
        (7, 5)
    """
    return window_among(_windows(net), table) if getattr(net, "family", None) == "swin" else None


def window_among(constants: Mapping[str, Array], table: str) -> Pair | None:
    """Height and width of the window of a table that is kept column by column; `None` where that is not known.

    Args:
        constants: What the network of the table computes, as `constants_of` gives it.
        table: Name of the table.
    """
    bound = _TABLE_OF_COLUMNS.match(table)
    window = None if bound is None else constants.get(Form(WINDOW).make(bound))
    return None if window is None else (int(window[0]), int(window[1]))


def _windows(net: Any) -> dict[str, Array]:
    """The windows of each block of a Swin."""
    return {
        Form(WINDOW).make({"stage": stage, "block": place}): np.asarray(block.windows.window, np.int64)
        for stage, layer in enumerate(getattr(net, "layers", ()))
        for place, block in enumerate(layer.blocks)
    }


def _distances(net: Any) -> dict[str, Array]:
    """The distances of each block of a Swin v2."""
    made: dict[str, Array] = {}
    for stage, layer in enumerate(net.layers):
        for place, block in enumerate(layer.blocks):
            window = block.cut.size[1], block.cut.size[3]
            table = _numbers(net, block.attn.relative_coords_table)
            if table is None:
                table = log_spaced_distances(window, _trained_window(net, stage, window))
            made[Form(DISTANCES).make({"stage": stage, "block": place})] = _as_grid(table, window)
    return made


def _trained_window(net: Any, stage: int, window: Pair) -> Pair:
    """The window which a stage's distances are measured in, of a network without numbers."""
    sizes: Sequence[Any] | None = _option(net, "pretrained_window_sizes")
    trained = (0, 0) if sizes is None else window_pair(type(net).__name__, sizes[stage], least=0)
    return trained if trained[0] else window


def _as_grid(table: Array, window: Pair) -> Array:
    return table.reshape(1, 2 * window[0] - 1, 2 * window[1] - 1, 2)


def index_of_distances(table: Array) -> Array:
    """The flat index that torchvision keeps beside a table `(1, 2 · height - 1, 2 · width - 1, 2)`.

    Example:
        >>> index_of_distances(np.zeros((1, 1, 3, 2))).tolist()
        [1, 0, 2, 1]
    """
    window = (table.shape[1] + 1) // 2, (table.shape[2] + 1) // 2
    return relative_position_index(window, row_first=True).reshape(-1).astype(np.int64)


def _rotations(net: Any) -> dict[str, Array]:
    """The rotations of an EVA-02; none of an EVA, whose tokens are not turned."""
    if not net.use_rot_pos_emb:
        return {}
    cosines, sines = _numbers(net, net.cosines), _numbers(net, net.sines)
    if cosines is None or sines is None:
        spread = _option(net, "ref_feat_shape")
        cosines, sines = rotary_tables(net.grid_size, net.cosines.shape[-1], prefix=1, reference=spread)
    signs = np.tile(np.asarray([-1, 1], sines.dtype), sines.shape[-1] // 2)
    return dict(_in_each_block(cosines[1:], sines[1:] * signs, range(len(net.blocks))))


def _in_each_block(cosines: Array, sines: Array, blocks: Sequence[int]) -> Iterator[tuple[str, Array]]:
    for prefix in ("", *(Form(ATTENTION).make({"block": block}) for block in blocks)):
        yield prefix + COSINES, cosines
        yield prefix + SINES, sines


def _numbers(net: NativeModule, buffer: Any) -> Array | None:
    """The numbers of a buffer; `None` in a network that has none."""
    backend = backend_of(net)
    return backend.numpy(buffer) if backend.is_framework else None


def _option(net: Any, name: str) -> Any:
    """What an option of a network was, which the weights do not show."""
    config = getattr(net, "config", None)
    if not isinstance(config, Mapping):
        return inspect.signature(type(net).__init__).parameters[name].default
    made = NETWORKS.get(config["name"])
    return config.get(name, inspect.signature(made).parameters[name].default)


def distances_by_design(state: Mapping[str, Array]) -> dict[str, Array]:
    """The distances of a Swin v2 with windows of 8 places a side, as all of torchvision's have.

    The weights alone do not say how large a window is; a network does: `constants_of`.

    Args:
        state: The network's tensors by canonical name.
    """
    scales = Pattern("layers.{stage}.blocks.{block}.attn.logit_scale")
    table = _as_grid(log_spaced_distances(_USUAL_WINDOW, _USUAL_WINDOW), _USUAL_WINDOW)
    found = (scales.match(name) for name in state)
    return {Form(DISTANCES).make(bound): table for bound in found if bound is not None}


def rotations_by_design(state: Mapping[str, Array]) -> dict[str, Array]:
    """The rotations of an EVA-02 for square images, with heads 64 wide; none of an EVA.

    Args:
        state: The network's tensors by canonical name.
    """
    gated = "blocks.0.mlp.fc1_g.weight" in state
    if not gated and all(f"blocks.0.mlp.{layer}.weight" in state for layer in ("fc1", "fc2")):
        gated = len(state["blocks.0.mlp.fc1.weight"]) == 2 * state["blocks.0.mlp.fc2.weight"].shape[1]
    if not gated or "pos_embed" not in state:
        return {}
    side = round((state["pos_embed"].shape[1] - 1) ** 0.5)
    cosines, sines = rotary_tables((side, side), _USUAL_WIDTH, reference=_USUAL_SPREAD)
    sines = sines * np.tile(np.asarray([-1, 1], np.float32), _USUAL_WIDTH // 2)
    norms = (Pattern("blocks.{block}.norm1.weight").match(name) for name in state)
    return dict(_in_each_block(cosines, sines, [int(bound["block"]) for bound in norms if bound is not None]))
