"""What every tuner is: options, and `apply(net)`, which freezes a network and adds what is to be trained in its stead.

What is added is a child of the layer that it tunes, under one name for each tuner, and a forward hook of the layer runs
it. Layers are not wrapped: a wrapped layer would change the names of the network's own weights, and code that asks a
layer for its class or weight would find the wrapper. Both frameworks run hooks wherever they run modules: in copies and
pickles, under torch's tracing, export and compilation, under MegEngine's `jit.trace` and `dump`. The hooks are
functions of a module, so a copied network runs its own additions and not those of the network it was copied from.
"""

from __future__ import annotations

import inspect
from collections.abc import Collection, Iterable, Mapping
from typing import Any, ClassVar

import numpy as np

from polynet import nn
from polynet.backend import Backend, backend_of
from polynet.calls import ExplainsOptions
from polynet.errors import InputError, ModeError, OptionError, UnknownNameError
from polynet.models.tuners.layers import CONTAINERS
from polynet.models.tuners.targets import Patterns, Place, check_patterns, choose, matches, nothing_matches
from polynet.models.tuners.tuned import MARK, Tuned
from polynet.nn.module import same_backend
from polynet.slots import Slot
from polynet.types import NativeModule, Tensor

Array = np.ndarray[Any, Any]


class Insert(nn.Module):
    """Base of what a tuner adds to a layer.

    Attributes:
        merged: Whether its effect lies in the layer's own weights now, so that it must not be added again.
    """

    def __init__(self) -> None:
        super().__init__()
        self.merged = False


def first_argument(host: Any, arguments: tuple[Any, ...]) -> Tensor:
    """The input that a hooked layer was called with.

    Raises:
        InputError: It was given by keyword, which hooks do not see.
    """
    if arguments:
        return arguments[0]
    message = f"A tuned {type(host).__name__} must be called with its input as a positional argument, not by keyword."
    raise InputError(message)


def only_output(host: Any, output: Any) -> Tensor:
    """The tensor that a hooked module returned.

    Raises:
        InputError: It returned several things, or none.
    """
    if isinstance(output, (tuple, list, dict)) or output is None:
        message = f"A tuned {type(host).__name__} must return one tensor; it returned a {type(output).__name__}."
        raise InputError(message)
    return output


class Tuner(metaclass=ExplainsOptions):
    """Base of tuners. A tuner holds options alone: one tuner may be applied to many networks.

    A tuner of one's own derives from it, says in `child` under which name it adds to a layer, gives the module in
    `make` and registers the hooks that run it in `connect`.

    Args:
        target: Which modules to tune: names, ends of names, wildcards or regular expressions (see
            `polynet.models.tuners.targets.matches`); by default what suits the tuner.
        train: Patterns of modules or parameters of the network to be trained beside it: a new head, say.

    Attributes:
        name: The name under which it is saved.

    Example:
        >>> from polynet.models.tuners import LoRA
        >>> with polynet.use_backend("torch"):
        ...     net = polynet.nn.Sequential(polynet.nn.Linear(8, 8), polynet.nn.Linear(8, 2))
        >>> tuned = LoRA(r=2, target="0", train="1").apply(net)
        >>> print(tuned)
        LoRA on 1 module: 50 of 122 parameters trained (40.98 %)
    """

    child: ClassVar[str | None] = None
    merges: ClassVar[bool] = False
    name: ClassVar[str]
    _form: ClassVar[type[Tuner]]

    def __init_subclass__(cls, *, alias: bool = False, **options: Any) -> None:
        """Name the tuner after its class, unless the class is another spelling of the one that it derives from."""
        super().__init_subclass__(**options)
        if not alias:
            cls.name, cls._form = cls.__name__, cls

    def __init__(self, target: Patterns = None, train: Patterns = ()) -> None:
        self.target = check_patterns(self.name, "target", target)
        self.train = check_patterns(self.name, "train", train) or ()

    def __repr__(self) -> str:
        """Show the options."""
        options = {key: value for key, value in self.config.items() if key != "name"}
        return f"{self.name}({', '.join(f'{key}={value!r}' for key, value in options.items())})"

    @property
    def config(self) -> dict[str, Any]:
        """The tuner as a config that `TUNERS.build` takes, in plain data."""
        parameters = list(inspect.signature(self._form.__init__).parameters)[1:]
        options = {key: getattr(self, key) for key in parameters}
        return {
            "name": self.name,
            **{key: list(value) if isinstance(value, tuple) else value for key, value in options.items()},
        }

    # What a tuner says of itself

    def takes(self, layer: Any) -> bool:
        """Whether it can tune such a module."""
        return False

    def picks(self, path: str, layer: Any) -> bool:
        """Whether it tunes this module where no target is named."""
        return self.takes(layer)

    def make(self, place: Place) -> Any:
        """The module to add, built while the network's framework is active; its `recipe` says how it starts."""
        raise NotImplementedError

    def connect(self, place: Place) -> list[Any]:
        """Register the hooks that run what was added; returns their handles."""
        return []

    def disconnect(self, place: Place) -> None:
        """Undo what `connect` did beside registering hooks; what was added is gone by then."""

    def trained(self, slots: Mapping[str, Slot], places: Collection[Place]) -> Iterable[str]:
        """Names of the network's own parameters to be trained, beside those that `train` names."""
        return ()

    def merged(self, place: Place, weights: Mapping[str, Array], added: Mapping[str, Array]) -> dict[str, Array]:
        """A layer's own weights with the effect of what was added in them.

        Args:
            place: The layer.
            weights: Its own parameters, in the canonical layout.
            added: The parameters of what was added to it.

        Returns:
            Those of its parameters that change.
        """
        raise NotImplementedError

    # Applying

    def apply(self, net: NativeModule, *, seed: int = 0) -> Tuned:
        """Freeze a network, in place, and add what is to be trained.

        Statistics of batch normalisations whose weights are frozen stay as they are, in training too.

        Args:
            net: A built network, of any origin.
            seed: From which the initial weights of what is added are drawn; the same on every framework.

        Returns:
            The record of what was done: it counts, saves, loads, merges and removes.

        Raises:
            FrameworkMismatchError: `net` is no module of any framework.
            UnknownNameError: A pattern matches nothing; the message names the nearest.
            OptionError: A pattern matches only what it cannot tune.
            ModeError: The network carries such a tuner already, or another on the same layer.

        Example:
            >>> from polynet.models.tuners import LoRA
            >>> net = polynet.build("resnet18", backend="torch", num_classes=10)
            >>> LoRA(r=2).apply(net).trainable
            72890
        """
        backend = backend_of(net)
        carried = getattr(net, MARK, ())
        if self.name in carried:
            message = f"{type(net).__name__} carries the tuner {self.name} already; remove() that one first."
            raise ModeError(message)
        slots = backend.slots(net)
        places = self.places(net)
        for place in places:
            self._check_free(place)
        own = self._own(slots, places)
        added = self._made(backend, net, places, seed)
        record = Tuned(self, net, places, own)
        try:
            for place, module in zip(places, added, strict=True):
                setattr(place.layer, self.child or "", module)
                record.handles += self.connect(place)
            record.freeze(keep=bool(carried))
        except BaseException:
            record.undo()
            raise
        record.log()
        return record

    def places(self, net: NativeModule) -> list[Place]:
        """The modules of a network that it is put on; none for a tuner that only chooses among parameters."""
        if self.child is None:
            return []
        parts = dict(net.named_modules())
        attentions = tuple(f"{path}." for path, part in parts.items() if isinstance(part, nn.MultiheadAttention))
        added = tuple(f"{path}." for path, part in parts.items() if isinstance(part, Insert))

        def refusal(path: str, layer: Any) -> str | None:
            if isinstance(layer, CONTAINERS):
                return f"is a {type(layer).__name__}, whose members are all it has; name the modules in it."
            if f"{path}.".startswith(attentions) and not isinstance(layer, nn.MultiheadAttention):
                return "is part of a MultiheadAttention, which may use its weights without calling it."
            if f"{path}.".startswith(added):
                return "was added by a tuner."
            if not self.takes(layer):
                return f"is a {type(layer).__name__}."
            return None

        return choose(net, self.name, self.target, self.picks, refusal)

    def _check_free(self, place: Place) -> None:
        """Refuse a layer that another tuner has a hook on: merging would mistake the order of the two."""
        carried = [child for _, child in place.layer.named_children() if isinstance(child, Insert)]
        if carried or getattr(place.layer, self.child or "", None) is not None:
            what = type(carried[0]).__name__ if carried else f"an attribute {self.child!r}"
            message = f"{self.name}: {place.path!r} carries {what} already; remove() that first, or name other targets."
            raise ModeError(message)

    def _own(self, slots: Mapping[str, Slot], places: Collection[Place]) -> set[str]:
        """Names of the network's own parameters that are to be trained."""
        names = set(self.trained(slots, places))
        for pattern in self.train:
            names |= parameters_matching(self.name, pattern, slots)
        return names

    def _made(self, backend: Backend, net: NativeModule, places: list[Place], seed: int) -> list[Any]:
        """What is to be added, initialised, each on its layer's device."""
        made: list[Any] = []
        with same_backend(net), backend.building():
            made += [self.make(place) for place in places]
        for place, module in zip(places, made, strict=True):
            nn.initialise(module, seed, prefix=f"{place.path}.{self.child}.")
            device = backend.resolve_device(backend.device_of(place.layer if backend.slots(place.layer) else net))
            backend.place(module, device)
            backend.set_training(module, bool(place.layer.training))
        return made


def parameters_matching(owner: str, pattern: str, slots: Mapping[str, Slot]) -> set[str]:
    """Names of the parameters that a pattern means: by their own name, or by that of a module they lie in.

    Raises:
        UnknownNameError: There are none.
        OptionError: They are no floating-point numbers, which alone can be trained.
    """
    found = {
        name
        for name, slot in slots.items()
        if slot.kind == "parameter" and any(matches(pattern, part) for part in _prefixes(name))
    }
    if not found:
        names = dict.fromkeys(part for name in slots for part in _prefixes(name))
        raise UnknownNameError(nothing_matches(owner, pattern, names))
    whole = [name for name in sorted(found) if "float" not in slots[name].dtype]
    if whole:
        message = f"{owner}: {whole[0]!r} is of {slots[whole[0]].dtype}; only floating-point numbers can be trained."
        raise OptionError(message)
    return found


def _prefixes(name: str) -> list[str]:
    parts = name.split(".")
    return [".".join(parts[:count]) for count in range(1, len(parts) + 1)]
