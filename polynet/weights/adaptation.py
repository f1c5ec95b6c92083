"""Weights made for a slightly different network: other classes, other channels of the images, another image size.

Nothing here happens unless it is asked for (`adapt=True`, or `pretrained`), and each change is reported.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import attrs
import numpy as np

from polynet.backend import get_backend, use_backend
from polynet.slots import Slot
from polynet.types import NativeModule
from polynet.weights.adapt import fit
from polynet.weights.elements import Array
from polynet.weights.layouts.own_constants import own_window
from polynet.weights.relative_positions import resize_relative_position_table, resized_columns
from polynet.weights.report import Change
from polynet.weights.resampling import resampled_positions, square_side

HEADS = ("head", "head_dist")
"""Attributes of image networks under which their classifiers lie."""


@attrs.frozen
class Adapted:
    """Tensors changed to fit a network.

    Attributes:
        tensors: Arrays by canonical name.
        changes: What was changed, and how.
        dropped: Tensors of the checkpoint that were left out on purpose, with the reason.
        kept: Tensors of the network that keep the numbers they have.
    """

    tensors: dict[str, Array]
    changes: tuple[Change, ...] = ()
    dropped: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()


Rule = Callable[[Any, Slot, Array], "tuple[Array, str] | None"]
"""Given the network, the place and what the checkpoint has: what fits there, and what was done; or `None`."""


def head_names(net: NativeModule) -> dict[str, None]:
    """Canonical names that the head of a network without one would have, so that a checkpoint's head is known for one.

    Example:
        >>> list(head_names(polynet.build("resnet18", backend="shapes", num_classes=0)))
        ['head.fc.weight', 'head.fc.bias']
    """
    plan = getattr(net, "_head_plan", None)
    if plan is None or getattr(net, "head", None) is not None:
        return {}
    with use_backend(get_backend("shapes")) as shapes:
        names = list(shapes.slots(plan.build(None if plan.num_classes() else 1000)))
    heads = HEADS if getattr(net, "dist_token", None) is not None else HEADS[:1]
    return {f"{head}.{name}": None for head in heads for name in names}


def adapted(
    net: NativeModule,
    tensors: Mapping[str, Array],
    slots: Mapping[str, Slot],
    windows: Mapping[str, tuple[int, int]] | None = None,
) -> Adapted:
    """Change what does not fit a network by the rules that are known; the rest is left as it is.

    Args:
        net: The network.
        tensors: The checkpoint's arrays by canonical name, those of a head that the network does not have among them.
        slots: The network's places.
        windows: Those which tables of relative positions are for, where that is known: shapes may not show it.
    """
    made: dict[str, Array] = {}
    changes: list[Change] = []
    tensors = dict(tensors)
    for name, old in (windows or {}).items():
        window = own_window(net, name)
        found = None if window in (None, old) else resized_columns(tensors[name], window, old)
        if found is not None:
            changes.append(Change(name, str(tensors[name].shape), str(found[0].shape), found[1]))
            tensors[name] = found[0]
    dropped: list[str] = []
    kept: list[str] = []
    for name, array in tensors.items():
        slot = slots.get(name)
        if slot is None:
            dropped.append(f"{name} {array.shape}: the network has no head")
        elif fit(array, slot.shape) is not None:
            made[name] = array
        elif _is_classifier(net, slot, array):
            dropped.append(f"{name} {array.shape}: {len(array)} classes, the network has {slot.shape[0]}")
            kept.append(name)
        else:
            found = next((each for rule in RULES if (each := rule(net, slot, array)) is not None), None)
            made[name] = array if found is None else found[0]
            if found is not None:
                changes.append(Change(name, str(array.shape), str(slot.shape), found[1]))
    kept += absent_classifier(net, tensors, slots)
    return Adapted(made, tuple(changes), tuple(dropped), tuple(kept))


def why_refused(slot: Slot, array: Array) -> str:
    """Why a tensor of another shape than its place is not brought to it.

    Args:
        slot: The place.
        array: What the checkpoint has.
    """
    wanted, given = slot.shape, array.shape
    if slot.name.endswith("attention_biases") and len(given) == len(wanted) == 2 and given[0] == wanted[0]:
        old, new = square_side(given[1]), square_side(wanted[1])
        of = f"a grid of {old}x{old} positions" if old else f"{given[1]} positions"
        into = f"{new}x{new}" if new else str(wanted[1])
        return (
            f"these are the position biases of {of}, and the network's are of {into}; they are not resized. "
            "Build it for the image size of the weights: img_size=224 for the published ones"
        )
    return "no known layout leads from one shape to the other"


def absent_classifier(net: NativeModule, tensors: Mapping[str, Array], slots: Mapping[str, Slot]) -> list[str]:
    """The names of the layers that give the classes, where a checkpoint has none of them: weights of features alone.

    Args:
        net: The network.
        tensors: The checkpoint's arrays by canonical name.
        slots: The network's places.
    """
    classes = getattr(net, "num_classes", None)
    layers = [
        name
        for name, slot in slots.items()
        if name.partition(".")[0] in HEADS and slot.shape and slot.shape[0] == classes
    ]
    return [] if any(name in tensors for name in layers) else layers


def is_first_convolution(net: NativeModule, wanted: tuple[int, ...], given: tuple[int, ...]) -> bool:
    """Whether a shape is that of a convolution of the images, and another differs from it in their channels alone.

    Args:
        net: The network.
        wanted: The shape in the network.
        given: The shape in the checkpoint.
    """
    if len(wanted) != 4 or len(given) != 4 or wanted[1] != getattr(net, "in_channels", None):
        return False
    return (given[0], *given[2:]) == (wanted[0], *wanted[2:]) and given[1] != wanted[1]


def _is_classifier(net: Any, slot: Slot, array: Array) -> bool:
    """Whether a tensor belongs to the layer that gives the classes, and is for another number of them."""
    if slot.name.partition(".")[0] not in HEADS or slot.shape[0] != getattr(net, "num_classes", None):
        return False
    inner = array.shape[1:]
    return inner == slot.shape[1:] or (
        len(slot.shape) == 2 and inner[:1] == slot.shape[1:] and math.prod(inner[1:]) == 1
    )


def _input_channels(net: Any, slot: Slot, array: Array) -> tuple[Array, str] | None:
    """A first convolution for other channels: their sum for one, else the given ones in turn, scaled to keep the size.

    Source: the numbers are those of timm's `adapt_input_conv`.
    """
    wanted, given = slot.shape, array.shape
    if not is_first_convolution(net, wanted, given):
        return None
    channels, base = wanted[1], given[1]
    if channels == 1:
        return array.astype(np.float32).sum(axis=1, keepdims=True).astype(array.dtype), f"sum of {base} channels"
    repeated = np.tile(array.astype(np.float32), (1, -(-channels // base), 1, 1))[:, :channels]
    return (repeated * np.float32(base / channels)).astype(
        array.dtype
    ), f"{base} channels in turn, times {base}/{channels}"


def _positions(net: Any, slot: Slot, array: Array) -> tuple[Array, str] | None:
    """Position embeddings for another grid of patches, of which the given one is square."""
    new = getattr(net, "grid_size", None)
    wanted, given = slot.shape, array.shape
    if not slot.name.endswith("pos_embed") or len(wanted) != 3 or len(given) != 3 or given[2] != wanted[2]:
        return None
    if new is None:
        side = square_side(wanted[1])
        new = None if side is None else (side, side)
    if new is None:
        return None
    prefix = wanted[1] - new[0] * new[1]
    side = square_side(given[1] - prefix)
    if prefix < 0 or side is None:
        return None
    made = resampled_positions(array, (side, side), (new[0], new[1]), prefix)
    return made, f"resized from {side}x{side} to {new[0]}x{new[1]} patches"


def _relative_positions(net: Any, slot: Slot, array: Array) -> tuple[Array, str] | None:
    """A table of relative positions for another window; a class token's three rows at its end are kept."""
    wanted, given = slot.shape, array.shape
    if not slot.name.endswith("bias_table") or len(wanted) != 2 or len(given) != 2 or given[1] != wanted[1]:
        return None
    window = own_window(net, slot.name)
    if window is not None:
        return resized_columns(array, window)
    for extra in (0, CLASS_TOKEN_ROWS):
        old, new = _window(given[0] - extra), _window(wanted[0] - extra)
        grid = getattr(net, "grid_size", None)
        if extra and grid is not None and (2 * grid[0] - 1) * (2 * grid[1] - 1) == wanted[0] - extra:
            new = (grid[0], grid[1])
        if old is not None and new is not None:
            table, kept = array[: given[0] - extra], array[given[0] - extra :]
            made = np.concatenate([resize_relative_position_table(table, new, old), kept])
            return made, f"resized from windows of {old[0]}x{old[1]} to {new[0]}x{new[1]}"
    return None


def _window(rows: int) -> tuple[int, int] | None:
    """The square window whose relative positions fill so many rows."""
    side = square_side(rows)
    return None if side is None or side % 2 == 0 else ((side + 1) // 2, (side + 1) // 2)


CLASS_TOKEN_ROWS = 3
"""Rows of a table for pairs with the class token: from it, to it, and of it with itself."""

RULES: tuple[Rule, ...] = (_input_channels, _positions, _relative_positions)
"""The rules, the first that fits is taken."""
