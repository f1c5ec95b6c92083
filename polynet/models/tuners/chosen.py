"""Tuners that add nothing: they choose which of a network's own parameters are trained."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from polynet.errors import OptionError
from polynet.models.tuners.targets import Patterns, Place
from polynet.models.tuners.tuner import Tuner, parameters_matching
from polynet.registry import TUNERS
from polynet.slots import Slot


@TUNERS.register()
class BitFit(Tuner):
    """Trains biases alone.

    Args:
        target: In which modules; in the whole network by default.
        train: Patterns of modules or parameters of the network to be trained beside them.

    Raises:
        OptionError: There are no biases there; raised by `apply`.

    Source: Ben Zaken et al. 2021, "BitFit", arXiv:2106.10199.

    Example:
        >>> net = polynet.build("resnet18", backend="torch", num_classes=10)
        >>> BitFit().apply(net).trainable
        4810
    """

    def trained(self, slots: Mapping[str, Slot], places: Collection[Place]) -> Iterable[str]:
        """The biases."""
        biases = {
            name
            for name, slot in slots.items()
            if slot.kind == "parameter" and slot.leaf.endswith("bias") and "float" in slot.dtype
        }
        if self.target is None:
            if not biases:
                message = f"{self.name}: the network has no biases to be trained."
                raise OptionError(message)
            return biases
        wanted: set[str] = set()
        for pattern in self.target:
            found = parameters_matching(self.name, pattern, slots) & biases
            if not found:
                message = f"{self.name}: there are no biases in what {pattern!r} matches."
                raise OptionError(message)
            wanted |= found
        return wanted


@TUNERS.register()
class Partial(Tuner):
    """Trains some modules or parameters of the network, and keeps their old values, which `remove()` puts back.

    Args:
        target: Which: names, ends of names, wildcards or regular expressions, of modules or of parameters.
        train: More of the same.

    Raises:
        OptionError: Nothing is named.

    Source: Scepter, `SwiftPart`; ms-swift, `PartConfig`.

    Example:
        >>> net = polynet.build("resnet18", backend="torch", num_classes=10)
        >>> Partial(target="head").apply(net).names
        ('head.fc.weight', 'head.fc.bias')
    """

    def __init__(self, target: Patterns, train: Patterns = ()) -> None:
        super().__init__(target, train)
        if not self.target:
            message = f"{self.name}: target must name what is trained."
            raise OptionError(message)

    def trained(self, slots: Mapping[str, Slot], places: Collection[Place]) -> Iterable[str]:
        """What the patterns name."""
        return set().union(*(parameters_matching(self.name, pattern, slots) for pattern in self.target or ()))


@TUNERS.register()
class Full(Tuner):
    """Trains the whole network: what others are compared with, under the same calls.

    The network is held twice, since `remove()` puts the old values back.

    Source: Scepter, `SwiftFull`.

    Example:
        >>> net = polynet.build("resnet18", backend="torch", num_classes=10)
        >>> Full().apply(net).share
        1.0
    """

    def __init__(self) -> None:
        super().__init__()

    def trained(self, slots: Mapping[str, Slot], places: Collection[Place]) -> Iterable[str]:
        """Every parameter."""
        return {name for name, slot in slots.items() if slot.kind == "parameter" and "float" in slot.dtype}
