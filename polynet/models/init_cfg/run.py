"""One run of `init_weights`: the seed, the names of what is filled, and what became of each parameter."""

from __future__ import annotations

import contextlib
import logging
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping
from contextvars import ContextVar

import attrs
import numpy as np

from polynet.backend import backend_of
from polynet.errors import OptionError
from polynet.slots import Slot
from polynet.types import NativeModule
from polynet.weights.report import LoadReport

LOGGER = logging.getLogger("polynet.init")

KEPT = "kept as constructed"

_SAMPLED = 4096
"""Numbers of a parameter that are looked at to tell whether it changed."""

_RUN: ContextVar[Run | None] = ContextVar("polynet_init_run", default=None)
_SEED: ContextVar[int | None] = ContextVar("polynet_init_seed", default=None)


@attrs.frozen
class InitReport:
    """Where the initial value of each parameter comes from.

    Attributes:
        seed: The seed that the numbers were drawn from.
        sources: By canonical name: the rule, the checkpoint, the class whose `init_weights` set it, or `KEPT`.
    """

    seed: int
    sources: Mapping[str, str]

    def __str__(self) -> str:
        """One line: how many parameters come from where."""
        counted = Counter(source.partition("(")[0].strip() for source in self.sources.values())
        return ", ".join(f"{count} {source}" for source, count in counted.most_common()) or "no parameters"


@contextlib.contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Have every `init_weights` in a `with` block draw from a seed: the same numbers on every framework.

    Args:
        seed: At least 0. Without this block each run draws from a fresh one, which its report names.

    Raises:
        OptionError: It is no such number.

    Example:
        >>> from polynet.models.base_module import BaseModule
        >>> class Net(BaseModule):
        ...     def __init__(self):
        ...         super().__init__({"type": "Normal", "layer": "Linear"})
        ...         self.fc = nn.Linear(2, 1)
        >>> with polynet.use_backend("torch"):
        ...     net = Net()
        >>> with seeded(0):
        ...     net.init_weights()
        >>> net.init_report.sources["fc.weight"]
        'Normal(bias=0.0, mean=0.0, std=1.0)'
    """
    if isinstance(seed, bool) or not hasattr(seed, "__index__") or seed < 0:
        message = f"A seed is a whole number of at least 0, not {seed!r}."
        raise OptionError(message)
    token = _SEED.set(int(seed))
    try:
        yield
    finally:
        _SEED.reset(token)


class Run:
    """The state of one run, over everything below the module that it started at."""

    def __init__(self, root: NativeModule) -> None:
        seed = _SEED.get()
        self.seed = int(np.random.SeedSequence().generate_state(1)[0]) if seed is None else seed
        self.root = root
        self.working: set[int] = set()
        self.done: set[int] = set()
        self.sources: dict[str, str] = {}
        self._slots: dict[str, Slot] = {}
        self._owners: dict[int, dict[str, Slot]] = {}
        self._prints: dict[str, int] = {}
        self._read()

    def _read(self) -> None:
        """List the parameters, and those that appeared since."""
        for name, slot in backend_of(self.root).slots(self.root).items():
            if slot.kind == "parameter" and name not in self._slots:
                self._slots[name] = slot
                self._owners.setdefault(id(slot.owner), {})[slot.leaf] = slot
                self._prints[name] = _fingerprint(slot)

    def slots_of(self, owner: NativeModule) -> dict[str, Slot]:
        """The parameters a module holds itself, by attribute."""
        if id(owner) not in self._owners:
            self._read()
        return self._owners.get(id(owner), {})

    def note(self, slot: Slot, source: str) -> None:
        """Remember where a parameter's value comes from."""
        self.sources[slot.name] = source
        self._prints[slot.name] = _fingerprint(slot)

    def note_loaded(self, module: NativeModule, reports: list[LoadReport], source: str) -> None:
        """Remember what a checkpoint overwrote."""
        loaded = {name for report in reports for name in report.loaded}
        for name, slot in backend_of(module).slots(module).items():
            own = self.slots_of(slot.owner).get(slot.leaf)
            if own is not None and name in loaded:
                self.note(own, source)

    def note_changes(self, module: NativeModule) -> None:
        """Put down to a module's own code what changed below it since the last note."""
        below = {id(part) for part in module.modules()}
        for name, slot in self._slots.items():
            if id(slot.owner) in below and _fingerprint(slot) != self._prints[name]:
                self.note(slot, f"init_weights of {type(module).__name__}")

    def report(self) -> InitReport:
        """What became of each parameter."""
        return InitReport(self.seed, {name: self.sources.get(name, KEPT) for name in self._slots})


def _fingerprint(slot: Slot) -> int:
    flat = slot.peek().reshape(-1)
    sampled = flat[:: max(1, flat.size // _SAMPLED)]
    return zlib.crc32(np.ascontiguousarray(sampled).tobytes())


@contextlib.contextmanager
def running(root: NativeModule) -> Iterator[Run]:
    """The run under way, or a new one that starts at a module."""
    current = _RUN.get()
    if current is not None:
        yield current
        return
    run = Run(root)
    token = _RUN.set(run)
    try:
        yield run
    finally:
        _RUN.reset(token)


def run_under_way() -> Run | None:
    """The run under way, if any."""
    return _RUN.get()
