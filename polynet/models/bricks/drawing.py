"""Drawing a module's own parameters within `init_weights`."""

from __future__ import annotations

from typing import Any

from polynet.models.init_cfg.run import running
from polynet.nn.initialise import fill_slots
from polynet.nn.initialisers import Initialiser
from polynet.nn.recipe import Recipe


def draw_parameters(module: Any, **initialisers: Initialiser) -> None:
    """Fill parameters that a module holds itself, such as a class token; those it does not hold are passed over.

    Numbers depend on the seed of the run and each parameter's name alone, and are the same on every framework.

    Args:
        module: The module.
        **initialisers: What fills each parameter, by attribute.

    Example:
        >>> layer = nn.Linear(2, 1)
        >>> draw_parameters(layer, bias=nn.Constant(3.0))
        >>> layer.bias.tolist()
        [3.0]
    """
    with running(module) as run:
        slots = {slot.name: slot for leaf, slot in run.slots_of(module).items() if leaf in initialisers}
        recipe = Recipe(named=tuple((slot.name, initialisers[slot.leaf]) for slot in slots.values()))
        fill_slots(slots, {"": recipe}, run.seed)
        for slot in slots.values():
            run.note(slot, f"init_weights of {type(module).__name__}")
