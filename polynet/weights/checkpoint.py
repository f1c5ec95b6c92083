"""What reading a checkpoint gives: arrays by name, whatever format they came in."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import field, frozen

from polynet.errors import CheckpointError
from polynet.weights.elements import Array

_WRAPPERS = ("state_dict", "model_state", "model", "model_state_dict", "module")
_PREFIX = "module."


@frozen
class Checkpoint:
    """The tensors of a checkpoint file and what it says about itself.

    Attributes:
        tensors: Arrays by name, as the file spells them. They may be read-only views of the file.
        metadata: Text the file carries beside them (safetensors has some, the pickled formats none).
        format: `"safetensors"`, `"torch"`, `"torch-legacy"` or `"megengine"`.
        notes: What was done to find the tensors: wrappers taken off, prefixes cut, entries passed over.
    """

    tensors: dict[str, Array]
    metadata: dict[str, str] = field(factory=dict)
    format: str = "safetensors"
    notes: tuple[str, ...] = ()

    @property
    def is_like_basecls(self) -> bool:
        """Whether it is a file of the kind that BaseCls writes."""
        return self.format == "megengine"


def unwrapped(root: object, format: str) -> Checkpoint:
    """Find the state dictionary in what a pickled checkpoint holds.

    Training scripts save `{"state_dict": …, "epoch": …}` or the like, and data-parallel wrappers put `module.` before
    every name. Both are undone and noted. Entries beside the tensors that are no tensors are passed over and noted.

    Args:
        root: The object that was read; its tensors are arrays already.
        format: Name of the format, for the result.

    Raises:
        CheckpointError: There is no dictionary of tensors in it.

    Example:
        >>> import numpy as np
        >>> found = unwrapped({"state_dict": {"module.weight": np.zeros(2)}, "epoch": 3}, "torch")
        >>> list(found.tensors), found.notes
        (['weight'], ("taken from its entry 'state_dict'", "the prefix 'module.' was cut from every name"))
    """
    notes: list[str] = []
    for _ in range(len(_WRAPPERS)):
        inner = next((name for name in _WRAPPERS if isinstance(root, Mapping) and _holds_mapping(root, name)), None)
        if inner is None or not isinstance(root, Mapping):
            break
        notes.append(f"taken from its entry {inner!r}")
        root = root[inner]
    if not isinstance(root, Mapping):
        message = f"The checkpoint holds a {type(root).__name__}, not a dictionary of tensors."
        raise CheckpointError(message)
    tensors = {name: value for name, value in root.items() if isinstance(name, str) and _is_array(value)}
    others = [str(name)[:40] for name in root if name not in tensors]
    if not tensors and others:
        message = (
            f"The checkpoint holds no tensors at its top level, only {', '.join(others[:8])}; "
            f"a state dictionary is looked for there and under {', '.join(_WRAPPERS)}."
        )
        raise CheckpointError(message)
    if others:
        notes.append(f"entries that are no tensors were passed over: {', '.join(others[:8])}")
    if tensors and all(name.startswith(_PREFIX) and len(name) > len(_PREFIX) for name in tensors):
        notes.append(f"the prefix {_PREFIX!r} was cut from every name")
        tensors = {name[len(_PREFIX) :]: value for name, value in tensors.items()}
    return Checkpoint(tensors, format=format, notes=tuple(notes))


def _holds_mapping(root: Mapping[object, object], name: str) -> bool:
    return isinstance(root.get(name), Mapping)


def _is_array(value: object) -> bool:
    return hasattr(value, "dtype") and hasattr(value, "shape")
