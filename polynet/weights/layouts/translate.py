"""Carry a whole state from one layout to another."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from attrs import field, frozen

from polynet.errors import WeightsError
from polynet.models.blocks.window_tables import Pair
from polynet.weights.elements import Array
from polynet.weights.layouts.constants import ASSUMED, BASECLS_CONSTANTS, Constant, is_constant, made_constants
from polynet.weights.layouts.layout import NameMap
from polynet.weights.layouts.native import native_shapes
from polynet.weights.layouts.own_constants import window_among
from polynet.weights.layouts.table import BASECLS, MMPRETRAIN, known_family, name_map
from polynet.weights.report import Refusal

_COUNTER = "num_batches_tracked"
_ALIKE = 1e-2
"""How far constants may be apart, which files may hold in half precision."""
_OTHERWISE = "the other library's network computes with these, so logits would not be the same"


@frozen
class Translation:
    """A foreign state under canonical names.

    Attributes:
        tensors: Arrays by canonical name; those the foreign state lacks are left out.
        origin: The foreign name of each.
        unexpected: Foreign names that no canonical one corresponds to.
        flattened: Canonical names of linear weights that came as convolutions, with the shape they came in.
        folded: Canonical names that took over a foreign tensor.
        refused: Foreign tensors that this network has no place for.
        notes: What else is to be known of them.
        windows: Height and width of the windows of tables of relative positions, as far as the state's origin says.
    """

    tensors: dict[str, Array]
    origin: dict[str, str]
    unexpected: tuple[str, ...]
    flattened: dict[str, tuple[int, ...]]
    folded: tuple[str, ...]
    refused: tuple[Refusal, ...] = ()
    notes: tuple[str, ...] = ()
    windows: Mapping[str, Pair] = field(factory=dict)


def translated(
    state: Mapping[str, Array],
    layout: str,
    family: str | None,
    canonical: Mapping[str, object],
    constants: Mapping[str, Array] | None = None,
    theirs: Mapping[str, Array] | None = None,
) -> Translation:
    """Bring a foreign state under canonical names, keeping account.

    Args:
        state: Arrays by foreign name.
        layout: How they are spelt.
        family: Family of the network.
        canonical: The network's tensors, whose names are wanted.
        constants: What the network computes and the other library may keep; numbers of the state that have to be the
            same are compared with it, and the order of others follows from it.
        theirs: What the network that the state is of computes, where that is known and may be another.

    Raises:
        UnknownNameError: There is no such layout.
        WeightsError: The layout does not know this family, or this network's options.
    """
    names = name_map(layout, family, canonical)
    foreign_of = {name: name for name in canonical} if names is None else dict(names.foreign_of)
    tensors = {name: state[foreign] for name, foreign in foreign_of.items() if foreign in state}
    used = set(foreign_of.values())
    flattened: dict[str, tuple[int, ...]] = {}
    folded: list[str] = []
    if names is not None:
        used.update(names.folded.values())
        for name, size in names.spatial.items():
            if name in tensors and tensors[name].shape[2:] == (size, size):
                flattened[name] = tensors[name].shape
                tensors[name] = tensors[name].reshape(len(tensors[name]), -1)
        for name, count in names.unit_axes.items():
            if name in tensors and tensors[name].shape[-count:] == (1,) * count:
                tensors[name] = tensors[name].reshape(tensors[name].shape[:-count])
        for name, restore in names.restores.items():
            if name in tensors:
                tensors[name] = restore(tensors[name], {**(constants or {}), **(theirs or {})})
        for name, foreign in names.folded.items():
            if name in tensors and foreign in state and tensors[name].shape == state[foreign].shape:
                tensors[name] = tensors[name] - state[foreign]
                folded.append(name)
    kept = _constants(names, family)
    origin = {name: foreign_of[name] for name in tensors}
    refused: list[Refusal] = []
    for joint in () if names is None else names.joints:
        used.add(joint.foreign)
        if joint.foreign in state:
            parts, why = joint.apart(state[joint.foreign])
            tensors.update(parts)
            origin.update(dict.fromkeys(parts, joint.foreign))
            if why:
                refused.append(_refusal(joint.foreign, state[joint.foreign], joint.wanted(), why))
    unexpected = tuple(
        name for name in state if name not in used and not _is_counter(name) and not is_constant(name, kept)
    )
    for name, mean in ({} if names is None else names.absorbed).items():
        if mean in tensors:
            tensors[name] = np.zeros_like(tensors[mean])
            origin[name] = foreign_of[mean]
    others, notes = _compared(state, layout, kept, constants or {})
    found = {name: window_among(theirs or {}, name) for name in tensors}
    windows = {name: window for name, window in found.items() if window is not None}
    return Translation(tensors, origin, unexpected, flattened, tuple(folded), (*refused, *others), notes, windows)


def _refusal(name: str, array: Array, wanted: str, why: str) -> Refusal:
    return Refusal(name, f"{array.dtype} {array.shape}", wanted, why)


def _compared(
    state: Mapping[str, Array], layout: str, kept: tuple[Constant, ...], own: Mapping[str, Array]
) -> tuple[tuple[Refusal, ...], tuple[str, ...]]:
    """What a foreign state computes otherwise than the network: refused, or noted where the sizes differ, too."""
    made = made_constants((constant for constant in kept if constant.decides), own)
    found = {name: array for name, array in made.items() if name in state}
    resized = [name for name, array in found.items() if state[name].shape != array.shape]
    others = [
        _refusal(name, state[name], "the numbers that this network computes", _OTHERWISE)
        for name, array in found.items()
        if name not in resized and not np.allclose(np.asarray(state[name], np.float32), array, rtol=0, atol=_ALIKE)
    ]
    if not resized:
        return tuple(others), ()
    first = resized[0]
    sizes = f"{found[first].shape} here and {state[first].shape} there"
    return tuple(others), (f"{first} is {sizes}: logits are not those of {layout}'s network",)


def _constants(names: NameMap | None, family: str | None) -> tuple[Constant, ...]:
    """What the other library keeps and PolyNet computes; BaseCls's where the names are PolyNet's."""
    return BASECLS_CONSTANTS.get(known_family(family), ()) if names is None else names.layout.constants


def _is_counter(name: str) -> bool:
    return name == _COUNTER or name.endswith(f".{_COUNTER}")


def from_layout(
    state: Mapping[str, Array],
    layout: str,
    family: str | None,
    canonical: Mapping[str, object],
    constants: Mapping[str, Array] | None = None,
) -> dict[str, Array]:
    """A foreign state under canonical names.

    Args:
        state: Arrays by foreign name; `num_batches_tracked` is dropped.
        layout: How they are spelt: one of `layout_names()`.
        family: Family of the network: `"resnet"`.
        canonical: The network's tensors by canonical name; only the names matter.
        constants: What the network computes and the other library may keep, as `constants_of` gives it.

    Raises:
        UnknownNameError: There is no such layout.
        WeightsError: The layout does not know this family or this network's options, or a name has no counterpart.

    Example:
        >>> theirs = {"conv1.weight": np.zeros((64, 3, 7, 7)), "bn1.num_batches_tracked": np.array(0)}
        >>> list(from_layout(theirs, "timm", "resnet", {"stem.conv.weight": None}))
        ['stem.conv.weight']
    """
    done = translated(state, layout, family, canonical, constants)
    missing = [name for name in canonical if name not in done.tensors]
    if done.refused:
        message = f"The state is not that of this network in layout {layout!r}: {done.refused[0]}."
        raise WeightsError(message)
    if missing or done.unexpected:
        message = (
            f"The state is not that of this network in layout {layout!r}: {len(missing)} names are missing "
            f"({', '.join(missing[:5])}), {len(done.unexpected)} are unexpected ({', '.join(done.unexpected[:5])})."
        )
        raise WeightsError(message)
    return done.tensors


def to_layout(
    state: Mapping[str, Array],
    layout: str,
    family: str | None,
    constants: Mapping[str, Array] | None = None,
) -> dict[str, Array]:
    """A canonical state under another layout's names and in its shapes.

    Args:
        state: Arrays by canonical name: the whole of a network's.
        layout: How to spell them: one of `layout_names()`.
        family: Family of the network: `"resnet"`.
        constants: What the network computes and the other library may keep, as `constants_of` gives it; by default
            what the family's usual networks have.

    Returns:
        Arrays by foreign name. `num_batches_tracked` (0) is added where the layout keeps it.

    Raises:
        UnknownNameError: There is no such layout.
        WeightsError: The layout does not know this family, or this network's options.

    Example:
        >>> list(to_layout({"stem.bn.running_var": np.zeros(64)}, "timm", "resnet"))
        ['bn1.running_var', 'bn1.num_batches_tracked']
    """
    names = name_map(layout, family, state)
    if names is None:
        made = _own_names(state, layout)
        if layout == BASECLS:
            made.update(made_constants(_constants(None, family), _with_constants(state, family, constants)))
        return made
    made = made_constants(names.layout.constants, _with_constants(state, family, constants))
    for constant in names.layout.constants:
        if constant.decides and not any(constant.foreign.shape().fullmatch(name) for name in made):
            message = (
                f"Networks of this family keep {constant.foreign.source!r} in layout {layout!r}, and this one computes "
                f"nothing like it: weights cannot be exchanged with it."
            )
            raise WeightsError(message)
    made.update({joint.foreign: joint.together(state) for joint in names.joints})
    biases = {mean: state[name] for name, mean in names.absorbed.items()}
    for name, whole in state.items():
        if name not in names.foreign_of:
            continue
        foreign = names.foreign_of[name]
        array = whole - biases[name] if name in biases else whole
        made[foreign] = _unflattened(name, array, names)
        if name in names.reorders:
            made[foreign] = names.reorders[name](array, constants or {})
        if name in names.unit_axes:
            made[foreign] = array.reshape(array.shape + (1,) * names.unit_axes[name])
        if name in names.folded:
            made[names.folded[name]] = np.zeros_like(array)
        if names.layout.counts_batches:
            _add_counter(made, foreign)
    return made


def _with_constants(
    state: Mapping[str, Array], family: str | None, constants: Mapping[str, Array] | None
) -> dict[str, Array]:
    """A state, and what its network computes beside it."""
    if constants is None:
        assumed = ASSUMED.get(known_family(family))
        constants = {} if assumed is None else assumed(state)
    return {**state, **constants}


def _own_names(state: Mapping[str, Array], layout: str) -> dict[str, Array]:
    """A state in a layout that spells the names as PolyNet does."""
    if layout == BASECLS:
        return native_shapes(state)
    made: dict[str, Array] = {}
    for name, array in state.items():
        made[name] = array
        if layout == MMPRETRAIN:
            _add_counter(made, name)
    return made


def _add_counter(made: dict[str, Array], name: str) -> None:
    """Add torch's count of batches where batch normalisations have it: after the running variance."""
    prefix, _, leaf = name.rpartition(".")
    if leaf == "running_var":
        made[f"{prefix}.{_COUNTER}"] = np.zeros((), np.int64)


def _unflattened(name: str, array: Array, names: NameMap) -> Array:
    size = names.spatial.get(name)
    if size is None or array.ndim != 2 or array.shape[1] % (size * size):
        return array
    return array.reshape(array.shape[0], array.shape[1] // (size * size), size, size)
