"""The record of a tuner applied to a network: what is trained, saving and loading it alone, merging, taking it away."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from polynet.backend import backend_of
from polynet.errors import ModeError, OptionError
from polynet.models.tuners.saving import load_tuner_state, save_tuner_state
from polynet.models.tuners.targets import Place
from polynet.slots import Slot
from polynet.types import NativeModule
from polynet.weights.report import LoadReport

if TYPE_CHECKING:
    from polynet.models.tuners.tuner import Tuner

MARK = "_polynet_tuners"
"""The attribute under which a network keeps the names of the tuners it carries. Copies and pickles keep it."""

_STATISTICS = ("running_mean", "running_var", "num_batches_tracked")


class Tuned:
    """A tuner on a network.

    Attributes:
        tuner: The tuner.
        net: The network, which was changed in place.
        places: The modules that it was put on, by path.
        merged: Whether its effect lies in the network's own weights now.

    Example:
        >>> from polynet.models.tuners import LoRA
        >>> net = polynet.build("vit_tiny_patch16_224", backend="torch", num_classes=10)
        >>> tuned = LoRA(r=4, target="qkv", train="head").apply(net)
        >>> tuned.trainable, round(tuned.share, 4)
        (38794, 0.007)
        >>> tuned.names[:2]
        ('blocks.0.attn.qkv.lora.down.weight', 'blocks.0.attn.qkv.lora.up.weight')
    """

    def __init__(self, tuner: Tuner, net: NativeModule, places: list[Place], own: set[str]) -> None:
        self.tuner = tuner
        self.net = net
        self.places = {place.path: place for place in places}
        self.merged = False
        self.handles: list[Any] = []
        self._backend = backend_of(net)
        self._own = own
        self._depth = len(getattr(net, MARK, ()))
        slots = self._backend.slots(net)
        self._before = {name: slot.trainable for name, slot in slots.items() if slot.kind == "parameter"}
        self._base = own | self._statistics(slots)
        has_numbers = self._backend.is_framework
        self._kept = {name: slots[name].read() for name in slots if name in self._base} if has_numbers else {}
        self._unmerged: dict[str, np.ndarray[Any, Any]] = {}
        self._silenced: list[tuple[NativeModule, bool]] = []

    def __reduce_ex__(self, protocol: Any) -> Any:
        """Refuse copies, which would hold the handles of this network's hooks."""
        message = "The record of a tuner is neither copied nor pickled: copy or pickle its `net`, which stays tuned."
        raise OptionError(message)

    def __str__(self) -> str:
        """What is trained, in a line."""
        count = len(self.places)
        on = f" on {count} module{'s' * (count != 1)}" if count else ""
        return (
            f"{self.tuner.name}{on}: {self.trainable:,} of {self.total:,} parameters trained ({100 * self.share:.2f} %)"
        )

    # What is trained

    @property
    def trainable(self) -> int:
        """How many numbers are trained."""
        return _count(slot for slot in self._slots().values() if slot.trainable)

    @property
    def total(self) -> int:
        """How many numbers the network's parameters have, the tuner's among them."""
        return _count(self._slots().values())

    @property
    def share(self) -> float:
        """What part of the parameters is trained."""
        return self.trainable / max(self.total, 1)

    @property
    def names(self) -> tuple[str, ...]:
        """Canonical names of what the tuner trains, and of the statistics that go with it: what is saved."""
        added = tuple(f"{path}.{self.tuner.child}." for path in self.places)
        return tuple(name for name in self._slots() if name.startswith(added) or name in self._base)

    def state(self) -> dict[str, np.ndarray[Any, Any]]:
        """What the tuner trains, as arrays in the canonical layout: the tuner alone, the same on every framework."""
        slots = self._slots()
        return {name: slots[name].read() for name in self.names}

    def base_state(self) -> dict[str, np.ndarray[Any, Any]]:
        """The network's own parameters and buffers, under the names they had before; what was added is left out."""
        added = tuple(f"{path}.{self.tuner.child}." for path in self.places)
        return {name: slot.read() for name, slot in self._slots().items() if not name.startswith(added)}

    # Saving and loading

    def save(self, path: str | Path) -> None:
        """Write the tuner alone to a safetensors file, its config beside the numbers.

        Args:
            path: The file, which ends in `.safetensors`.

        Raises:
            CheckpointError: It cannot be written, or has another suffix.
            ModeError: The tuner was removed.
        """
        self._check_there()
        save_tuner_state(path, self.state(), self.tuner.config)

    def load(self, source: str | Path | Mapping[str, Any], *, strict: bool = True) -> LoadReport:
        """Overwrite what the tuner trains, from a file or arrays by name: all of it or nothing.

        Args:
            source: A file that `save` wrote, on either framework, or what `state` gave.
            strict: Whether anything missing, unexpected or refused is an error.

        Returns:
            What was done, tensor by tensor.

        Raises:
            WeightsError: The file is another tuner's, or does not fit; nothing was changed.
            CheckpointError: The file is missing or damaged.
            ModeError: The tuner is merged, or was removed.
        """
        self._check_there()
        if self.merged:
            message = f"{self.tuner.name} is merged into the network's weights; unmerge() before loading."
            raise ModeError(message)
        return load_tuner_state(self.net, source, self.names, self.tuner.config, strict=strict)

    # Merging

    def merge(self) -> Tuned:
        """Put the tuner's effect into the network's own weights, so that it costs nothing; returns the record.

        Outputs stay the same, up to rounding. What was added stays in its place, idle, and is not to be trained until
        `unmerge()`.

        Raises:
            ModeError: It is merged already, was removed, is a tuner that cannot be, or shares a weight with another
                layer.
        """
        self._check_there()
        if not self.tuner.merges:
            reason = "it computes what no weights of the network's layers can"
            if self.tuner.child is None:
                reason = "what it trains are the network's own weights; fold() keeps them"
            message = f"{self.tuner.name} cannot be merged: {reason}."
            raise ModeError(message)
        if self.merged:
            message = f"{self.tuner.name} is merged already; unmerge() undoes it."
            raise ModeError(message)
        changes: dict[str, np.ndarray[Any, Any]] = {}
        for path, place in self.places.items():
            weights, added = self._read(place)
            new = self.tuner.merged(place, weights, added)
            changes.update({f"{path}.{leaf}": array for leaf, array in new.items()})
        slots = self._slots()
        self._check_unshared(changes, slots)
        self._unmerged = {name: slots[name].read() for name in changes}
        self._write(changes)
        self._set_merged(True)
        return self

    def unmerge(self) -> Tuned:
        """Put the network's own weights back as they were, to the last bit; returns the record.

        Raises:
            ModeError: It is not merged, or was removed.
        """
        self._check_there()
        if not self.merged:
            message = f"{self.tuner.name} is not merged."
            raise ModeError(message)
        self._write(self._unmerged)
        self._unmerged = {}
        self._set_merged(False)
        return self

    def _check_unshared(self, names: Collection[str], slots: Mapping[str, Slot]) -> None:
        """Refuse to change a weight that a layer without the tuner computes with too."""
        changed = {id(slots[name].tensor): slots[name] for name in names}
        for other, slot in slots.items():
            own = changed.get(id(slot.tensor), slot)
            if own.owner is not slot.owner:
                message = f"{self.tuner.name} cannot be merged: {other} is the same parameter as {own.name}."
                raise ModeError(message)

    def _read(self, place: Place) -> tuple[dict[str, Any], dict[str, Any]]:
        """A layer's own parameters, and those of what was added to it."""
        slots = self._backend.slots(place.layer)
        start = f"{self.tuner.child}."
        added = {name.removeprefix(start): slot.read() for name, slot in slots.items() if name.startswith(start)}
        return {name: slot.read() for name, slot in slots.items() if not name.startswith(start)}, added

    def _set_merged(self, merged: bool) -> None:
        self.merged = merged
        for place in self.places.values():
            getattr(place.layer, self.tuner.child or "").merged = merged

    # Taking it away

    def remove(self) -> NativeModule:
        """Put the network back as it was before, to the last bit; returns it.

        Its structure, its weights (those that were trained beside the tuner too) and what of it is frozen are restored.

        Raises:
            ModeError: It was removed, or another tuner was applied after it, which goes first.
        """
        self._check_last()
        if self.merged:
            self.unmerge()
        self._write(self._kept)
        self.undo()
        return self.net

    def fold(self) -> NativeModule:
        """Merge for good and take away what was added; returns the network, an ordinary one with tuned weights.

        Parameters that were trained beside the tuner keep their new values.

        Raises:
            ModeError: It cannot be merged, was removed, or another tuner was applied after it.
        """
        self._check_last()
        if self.places:
            if not self.merged:
                self.merge()
            left = [place.path for place in self.places.values() if self._leaves_something(place)]
            if left:
                self.unmerge()
                message = f"{self.tuner.name}: {left[0]!r} has no bias that could take the shift; nothing was changed."
                raise ModeError(message)
        self.undo()
        return self.net

    def _leaves_something(self, place: Place) -> bool:
        return bool(getattr(getattr(place.layer, self.tuner.child or ""), "incomplete", False))

    def undo(self) -> None:
        """Take away hooks, additions and marks, and unfreeze what was not frozen before."""
        for handle in self.handles:
            handle.remove()
        self.handles = []
        for place in self.places.values():
            if getattr(place.layer, self.tuner.child or "", None) is not None:
                delattr(place.layer, self.tuner.child or "")
                self.tuner.disconnect(place)
        for name, slot in self._slots().items():
            if slot.kind == "parameter" and slot.trainable != self._before.get(name, slot.trainable):
                slot.tensor.requires_grad = self._before[name]
        carried = tuple(getattr(self.net, MARK, ()))[: self._depth]
        if carried:
            setattr(self.net, MARK, carried)
        elif hasattr(self.net, MARK):
            delattr(self.net, MARK)
        for owner, followed in self._silenced:
            if followed:
                self._backend.set_training(owner, bool(self.net.training))
        self._silenced = []

    # Freezing

    def freeze(self, *, keep: bool) -> None:
        """Let nothing be trained but what the tuner adds and names; with `keep`, also what a tuner before it trains."""
        added = tuple(f"{path}.{self.tuner.child}." for path in self.places)
        slots = self._slots()
        trained = {
            id(slot.tensor)
            for name, slot in slots.items()
            if name.startswith(added) or name in self._own or (keep and slot.trainable)
        }
        for slot in slots.values():
            wanted = id(slot.tensor) in trained
            if slot.kind == "parameter" and slot.trainable != wanted:
                slot.tensor.requires_grad = wanted
        holders = {id(slot.owner): slot.owner for slot in slots.values() if slot.leaf == _STATISTICS[0]}
        trained_owners = {id(slot.owner) for name, slot in slots.items() if name in self._own and slot.leaf == "weight"}
        for key, owner in holders.items():
            if key not in trained_owners:
                self.handles.append(owner.register_forward_pre_hook(_keep_statistics))
                self._silenced.append((owner, bool(owner.training) == bool(self.net.training)))
        setattr(self.net, MARK, (*getattr(self.net, MARK, ()), self.tuner.name))

    def log(self) -> None:
        """Tell the tuner's logger, where it was built with one, what is trained."""
        logger = getattr(self.tuner, "logger", None)
        if logger is not None:
            logger.info(str(self))

    # Within

    def _statistics(self, slots: Mapping[str, Slot]) -> set[str]:
        """Names of the statistics of normalisations that are trained themselves, and so go on counting."""
        owners = {id(slot.owner) for name, slot in slots.items() if name in self._own and slot.leaf == "weight"}
        return {name for name, slot in slots.items() if slot.leaf in _STATISTICS and id(slot.owner) in owners}

    def _slots(self) -> Mapping[str, Slot]:
        return self._backend.slots(self.net)

    def _write(self, arrays: Mapping[str, np.ndarray[Any, Any]]) -> None:
        slots = self._slots()
        for name, array in arrays.items():
            slots[name].write(array)
        self._backend.synchronise()

    def _check_there(self) -> None:
        if len(getattr(self.net, MARK, ())) <= self._depth:
            message = f"{self.tuner.name} was removed from this {type(self.net).__name__}."
            raise ModeError(message)

    def _check_last(self) -> None:
        self._check_there()
        later = getattr(self.net, MARK, ())[self._depth + 1 :]
        if later:
            message = f"{later[-1]} was applied after {self.tuner.name}; it goes first."
            raise ModeError(message)


def _keep_statistics(module: Any, arguments: tuple[Any, ...]) -> None:
    """A hook before a frozen batch normalisation: it uses its statistics, and does not count on."""
    if module.training:
        module.eval()


def _count(slots: Any) -> int:
    """How many numbers parameters have, a shared one once."""
    sizes = {id(slot.tensor): int(np.prod(slot.shape)) for slot in slots if slot.kind == "parameter"}
    return sum(sizes.values())
