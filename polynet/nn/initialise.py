"""Seeded initial weights, the same on every framework.

Each parameter has its own generator, keyed by the seed and the parameter's canonical name. So a seed means the same
network everywhere, and two networks that share a part share that part's weights whatever else differs. Numbers are
drawn in the canonical layout, straight into the framework's memory where it lends it, on all cores. Large parameters
are drawn in parts of a fixed size, so that what is drawn does not depend on how many cores there are.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np

from polynet.backend import backend_of
from polynet.nn.initialisers import Fan, Initialiser
from polynet.nn.recipe import DEFAULT_RECIPE, Recipe
from polynet.slots import Slot
from polynet.types import NativeModule

_PARALLEL_FROM = 1 << 20
"""Below this many numbers threads cost more than they save."""

_PART = 1 << 20
"""Numbers drawn from one generator. Changing it changes the initial weights of every large parameter."""


class _Part(NamedTuple):
    """A piece of work for one thread."""

    initialiser: Initialiser
    out: np.ndarray[Any, Any]
    fan: Fan
    name: str
    number: int


def generator_for(seed: int, name: str, part: int = 0) -> np.random.Generator:
    """The generator of one parameter.

    Args:
        seed: The network's seed, at least 0.
        name: The parameter's canonical name.
        part: Which part of a large parameter.

    Example:
        >>> first, again = (generator_for(0, "head.fc.weight").integers(100) for _ in range(2))
        >>> bool(first == again)
        True
    """
    digest = hashlib.blake2b(name.encode(), digest_size=16).digest()
    key = [seed, *np.frombuffer(digest, np.uint32).tolist()]
    return np.random.Generator(np.random.SFC64([*key, part] if part else key))


def initialise(
    module: NativeModule, seed: int | None = None, *, prefix: str = "", recipe: Recipe | None = None
) -> tuple[str, ...]:
    """Give every parameter of a network its initial value, in place.

    Args:
        module: A built network or part of one.
        seed: At least 0; a fresh one by default.
        prefix: Canonical path of `module` within its network, so that a part starts as it would within the whole.
        recipe: Recipe for parameters below which no module names one; torch's defaults by default.

    Returns:
        Names of the parameters that were filled; the others kept what their constructor gave them.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     layer = polynet.nn.Linear(2, 2)
        >>> polynet.nn.initialise(layer, seed=0)
        ('weight', 'bias')
    """
    slots = backend_of(module).slots(module)
    return fill_slots(slots, _recipes(module, recipe or DEFAULT_RECIPE), seed, prefix)


def initialise_some(module: NativeModule, names: Iterable[str], seed: int | None = None) -> tuple[str, ...]:
    """Give some parameters of a network the initial values that `initialise` would give them.

    Args:
        module: A built network.
        names: Canonical names of the parameters.
        seed: At least 0; a fresh one by default.

    Returns:
        Names of the parameters that were filled.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     layer = polynet.nn.Linear(2, 2)
        >>> initialise_some(layer, ["bias"], seed=0)
        ('bias',)
    """
    slots = backend_of(module).slots(module)
    return fill_slots({name: slots[name] for name in names}, _recipes(module, DEFAULT_RECIPE), seed)


def fill_slots(
    slots: Mapping[str, Slot], recipes: Mapping[str, Recipe], seed: int | None = None, prefix: str = ""
) -> tuple[str, ...]:
    """Fill slots by the recipes of the paths they lie under; see `initialise`."""
    if seed is None:
        seed = int(np.random.SeedSequence().generate_state(1)[0])
    work: list[tuple[Slot, Initialiser, str]] = []
    seen: set[int] = set()
    for name, slot in slots.items():
        path = _nearest(recipes, name)
        initialiser = recipes[path].initialiser(slot, path)
        # A shared tensor is filled once, under its first name.
        if initialiser is not None and id(slot.tensor) not in seen:
            seen.add(id(slot.tensor))
            work.append((slot, initialiser, prefix + name))
    fans = {id(slot.owner): _fan(slot) for slot, _, _ in work if slot.leaf in ("weight", "in_proj_weight")}
    outputs = [_output(slot) for slot, _, _ in work]
    parts: list[_Part] = []
    for (slot, initialiser, name), (out, _) in zip(work, outputs, strict=True):
        fan = fans.get(id(slot.owner)) or Fan.of(slot.shape)
        parts.extend(_parts(initialiser, out, fan, name))
    _draw(parts, seed)
    for (slot, _, _), (out, in_place) in zip(work, outputs, strict=True):
        if not in_place:
            slot.write(out)
        padding = getattr(slot.owner, "padding_idx", None)
        if padding is not None and slot.leaf == "weight":
            values = slot.read()
            values[padding] = 0
            slot.write(values)
    return tuple(slot.name for slot, _, _ in work)


def _output(slot: Slot) -> tuple[np.ndarray[Any, Any], bool]:
    """Where to draw a parameter, and whether that is the parameter's own memory."""
    view = slot.view()
    if view is not None and view.dtype == np.float32 and view.flags.c_contiguous:
        return view, True
    return np.empty(slot.shape, np.float32), False


def _parts(initialiser: Initialiser, out: np.ndarray[Any, Any], fan: Fan, name: str) -> Iterable[_Part]:
    if not initialiser.elementwise or out.size <= _PART:
        yield _Part(initialiser, out, fan, name, 0)
        return
    flat = out.reshape(-1)
    for number, start in enumerate(range(0, out.size, _PART)):
        yield _Part(initialiser, flat[start : start + _PART], fan, name, number)


def _draw(parts: list[_Part], seed: int) -> None:
    """Fill every part, the largest first, on all cores; numpy's generators release the interpreter lock."""

    def fill(part: _Part) -> None:
        generator = generator_for(seed, part.name, part.number) if part.initialiser.random else idle
        part.initialiser.fill(part.out, generator, part.fan)

    idle = generator_for(seed, "")
    cores = os.cpu_count() or 1
    if cores == 1 or sum(part.out.size for part in parts) < _PARALLEL_FROM:
        for part in parts:
            fill(part)
        return
    with ThreadPoolExecutor(cores) as pool:
        for _ in pool.map(fill, sorted(parts, key=lambda part: -part.out.size)):
            pass


def _fan(slot: Slot) -> Fan:
    groups = getattr(slot.owner, "groups", 1)
    return Fan.of(slot.shape, groups if isinstance(groups, int) else 1)


def _recipes(module: NativeModule, root: Recipe) -> dict[str, Recipe]:
    """Recipes by the path of the module that names them."""
    found = {"": root}
    for path, part in module.named_modules():
        recipe = getattr(part, "recipe", None)
        if isinstance(recipe, Recipe):
            found[path] = recipe
    return found


def _nearest(recipes: Mapping[str, Recipe], name: str) -> str:
    """The path of the nearest module above a parameter that names a recipe."""
    path = name
    while path:
        path = path.rpartition(".")[0]
        if path in recipes:
            return path
    return ""
