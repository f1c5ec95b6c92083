"""Measure the networks of the zoo, built without numbers; as a program, write what `polynet.models.figures` reads.

python -m polynet.models.measure
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from math import prod

from polynet.backend import get_backend
from polynet.builder import build
from polynet.description import describe
from polynet.models.figures import PATH, Figures
from polynet.models.network import ImageNetwork
from polynet.models.variants import Variant
from polynet.registry import NETWORKS
from polynet.types import NativeModule


def zoo_names() -> list[str]:
    """Names of the image networks that come as variants of a family, in natural order.

    Example:
        >>> "resnet50" in zoo_names(), "ResNet" in zoo_names()
        (True, False)
    """
    found = ((name, NETWORKS.get(name)) for name in NETWORKS.list())
    return [
        name
        for name, made in found
        if isinstance(made, Variant) and isinstance(made.network, type) and issubclass(made.network, ImageNetwork)
    ]


def measured(name: str) -> Figures:
    """Build one network without numbers, and count.

    Example:
        >>> measured("resnet18").body
        11176512
    """
    net = build(name, backend="shapes")
    found = describe(net, module_depth=0)
    return Figures(
        family=net.family,
        parameters=found.parameters,
        body=found.parameters - _in_classifiers(net),
        multiply_adds=found.multiply_adds,
        activations=found.activations,
        input_size=found.input_size,
    )


def _in_classifiers(net: NativeModule) -> int:
    """Numbers in the layers that give the classes: what changes with the number of classes."""
    slots = get_backend("shapes").slots(net).values()
    heads = [slot for slot in slots if slot.kind == "parameter" and slot.name.startswith("head")]
    return sum(prod(slot.shape) for slot in heads if slot.shape[:1] == (net.num_classes,))


def text(figures: Mapping[str, Figures]) -> str:
    """The file's text: one network a line."""
    rows = [f"{json.dumps(name)}: {json.dumps(row)}" for name, row in figures.items()]
    return "{\n" + ",\n".join(rows) + "\n}\n"


def main() -> None:
    """Write the file."""
    PATH.write_text(text({name: measured(name) for name in zoo_names()}), encoding="utf-8")


if __name__ == "__main__":
    main()
