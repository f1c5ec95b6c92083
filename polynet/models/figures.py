"""Sizes of the zoo's networks, kept as data: to list and recognise networks without importing a model.

The file `figures.json` beside this module is generated: `python -m polynet.models.measure` writes it anew, and a test
compares it with the networks.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

PATH = Path(__file__).with_name("figures.json")


class Figures(NamedTuple):
    """What a network of the zoo is like as its name builds it.

    Attributes:
        family: Its family.
        parameters: Numbers in its parameters.
        body: The same without its classifiers, the layers whose width is the number of classes.
        multiply_adds: For one image of `input_size`.
        activations: Elements put out by its convolutions and linear layers.
        input_size: `(C, H, W)` it is meant for.
    """

    family: str
    parameters: int
    body: int
    multiply_adds: int
    activations: int
    input_size: tuple[int, ...]


@functools.cache
def all_figures() -> Mapping[str, Figures]:
    """The figures of every network of the zoo, by name.

    Example:
        >>> all_figures()["resnet50"].parameters, all_figures()["resnet50"].family
        (25557032, 'resnet')
    """
    rows: dict[str, list[Any]] = json.loads(PATH.read_text(encoding="utf-8"))
    return {name: Figures._make((*row[:-1], tuple(row[-1]))) for name, row in rows.items()}


def figures_of(name: str) -> Figures | None:
    """The figures of one network; `None` for a name that is not the zoo's.

    Example:
        >>> figures_of("my_network") is None
        True
    """
    return all_figures().get(name)
