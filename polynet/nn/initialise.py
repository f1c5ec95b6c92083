"""Seeded initial weights, the same on every framework.

Each parameter has its own generator, keyed by the seed and the parameter's canonical name. So a seed means the same
network everywhere, and two networks that share a part share that part's weights whatever else differs. Numbers are
drawn in the canonical layout, straight into the framework's memory where it lends it, on all cores.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from polynet.backend import backend_of
from polynet.nn.initialisers import Fan, Initialiser
from polynet.nn.recipe import DEFAULT_RECIPE, Recipe
from polynet.slots import Slot
from polynet.types import NativeModule

_PARALLEL_FROM = 1 << 20
"""Below this many numbers threads cost more than they save."""


def generator_for(seed: int, name: str) -> np.random.Generator:
    """The generator of one parameter.

    Args:
        seed: The network's seed, at least 0.
        name: The parameter's canonical name.

    Example:
        >>> generator_for(0, "head.fc.weight").integers(100) == generator_for(0, "head.fc.weight").integers(100)
        True
    """
    digest = hashlib.blake2b(name.encode(), digest_size=16).digest()
    return np.random.Generator(np.random.SFC64([seed, *np.frombuffer(digest, np.uint32).tolist()]))


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


def fill_slots(
    slots: Mapping[str, Slot], recipes: Mapping[str, Recipe], seed: int | None = None, prefix: str = ""
) -> tuple[str, ...]:
    """Fill slots by the recipes of the paths they lie under; see `initialise`."""
    if seed is None:
        seed = int(np.random.SeedSequence().generate_state(1)[0])
    work: list[tuple[Slot, Initialiser, str]] = []
    seen: set[int] = set()
    for name, slot in slots.items():
        initialiser = _nearest(recipes, name).initialiser(slot)
        # A shared tensor is filled once, under its first name.
        if initialiser is not None and id(slot.tensor) not in seen:
            seen.add(id(slot.tensor))
            work.append((slot, initialiser, prefix + name))
    fans = {id(slot.owner): _fan(slot) for slot, _, _ in work if slot.leaf in ("weight", "in_proj_weight")}
    views = [slot.view() for slot, _, _ in work]

    def draw(index: int) -> np.ndarray[Any, Any] | None:
        slot, initialiser, name = work[index]
        view = views[index]
        in_place = view is not None and view.dtype == np.float32 and view.flags.c_contiguous
        out = view if in_place and view is not None else np.empty(slot.shape, np.float32)
        initialiser.fill(out, generator_for(seed, name), fans.get(id(slot.owner)) or Fan.of(slot.shape))
        return None if in_place else out

    for index, drawn in enumerate(_mapped(draw, work)):
        slot = work[index][0]
        if drawn is not None:
            slot.write(drawn)
        padding = getattr(slot.owner, "padding_idx", None)
        if padding is not None and slot.leaf == "weight":
            values = slot.read()
            values[padding] = 0
            slot.write(values)
    return tuple(slot.name for slot, _, _ in work)


def _mapped(draw: Any, work: list[tuple[Slot, Initialiser, str]]) -> Iterable[np.ndarray[Any, Any] | None]:
    """Run `draw` for each piece of work, in order; numpy's generators release the interpreter lock."""
    size = sum(int(np.prod(slot.shape)) for slot, _, _ in work)
    cores = os.cpu_count() or 1
    if size < _PARALLEL_FROM or cores == 1:
        return map(draw, range(len(work)))
    with ThreadPoolExecutor(cores) as pool:
        return list(pool.map(draw, range(len(work))))


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


def _nearest(recipes: Mapping[str, Recipe], name: str) -> Recipe:
    path = name
    while path:
        path = path.rpartition(".")[0]
        if path in recipes:
            return recipes[path]
    return recipes[""]
