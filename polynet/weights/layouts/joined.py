"""Tensors that lie apart here and behind one another, in one tensor, in another library."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from attrs import field, frozen

from polynet.errors import WeightsError
from polynet.weights.elements import Array
from polynet.weights.layouts.template import Form, Pattern


def _patterns(parts: Sequence[str | None]) -> tuple[Pattern | None, ...]:
    return tuple(None if part is None else Pattern(part) for part in parts)


@frozen
class Joined:
    """Canonical tensors of one shape that the other library keeps as one, along the first axis.

    Attributes:
        parts: Patterns of the tensors in their order, which bind the same numbers; `None` for a part that only the
            other library has: zeros.
        foreign: Form of the foreign tensor's name.
        unused: Whether the other library never uses a part that only it has, so that any numbers may be there. Where
            it does, they have to be zeros.
    """

    parts: tuple[Pattern | None, ...] = field(converter=_patterns)
    foreign: Form = field(converter=Form)
    unused: bool = False

    def joint(self, name: str, names: Mapping[str, object]) -> Joint | None:
        """What a tensor of this name is joined with; `None` where it is no part.

        Args:
            name: Canonical name.
            names: All of the network's.

        Raises:
            WeightsError: The network has some of the parts, and not all.
        """
        bindings = next((found for part in self.parts if part and (found := part.match(name)) is not None), None)
        if bindings is None:
            return None
        parts = tuple(None if part is None else Form(part.source).make(bindings) for part in self.parts)
        joint = Joint(self.foreign.make(bindings), parts, self.unused)
        absent = [part for part in parts if part is not None and part not in names]
        if absent:
            message = (
                f"{name!r} and {', '.join(map(repr, absent))} are one tensor there, {joint.foreign!r}, and this "
                f"network has no {absent[0]!r}: weights cannot be exchanged with it."
            )
            raise WeightsError(message)
        return joint


@frozen
class Joint:
    """Parts worked out for one network.

    Attributes:
        foreign: Name of the one tensor.
        parts: Canonical names of its parts in their order; `None` for one that only the other library has.
        unused: See `Joined`.
    """

    foreign: str
    parts: tuple[str | None, ...]
    unused: bool = False

    def wanted(self) -> str:
        """Names of the parts, for a message."""
        return " and ".join(name for name in self.parts if name is not None)

    def apart(self, whole: Array) -> tuple[dict[str, Array], str]:
        """The parts of the one tensor by canonical name, or none and why it does not fit.

        Example:
            >>> Joint("qkv.bias", ("q_bias", None, "v_bias")).apart(np.array([1, 2, 0, 0, 3, 4]))[0]["v_bias"]
            array([3, 4])
            >>> Joint("qkv.bias", ("q_bias", None, "v_bias")).apart(np.ones(6))[1]
            'it has numbers other than 0 in part 2 of 3, which this network has not'
        """
        count = len(self.parts)
        if whole.ndim == 0 or whole.shape[0] % count:
            return {}, f"its first axis does not divide into {count} parts"
        pieces = dict(zip(range(1, count + 1), np.split(whole, count), strict=True))
        made = {name: pieces[place] for place, name in enumerate(self.parts, start=1) if name is not None}
        filled = [
            place
            for place, name in enumerate(self.parts, start=1)
            if name is None and not self.unused and np.any(pieces[place])
        ]
        if filled:
            return {}, f"it has numbers other than 0 in part {filled[0]} of {count}, which this network has not"
        return made, ""

    def together(self, state: Mapping[str, Array]) -> Array:
        """The one tensor of parts by canonical name.

        Raises:
            WeightsError: The parts differ in shape or element type.

        Example:
            >>> Joint("qkv.bias", ("q_bias", None, "v_bias")).together({"q_bias": np.ones(1), "v_bias": np.ones(1)})
            array([1., 0., 1.])
        """
        arrays = [None if name is None else state[name] for name in self.parts]
        kinds = {name: (state[name].dtype, state[name].shape) for name in self.parts if name is not None}
        if len(set(kinds.values())) != 1:
            given = ", ".join(f"{name} {dtype} {shape}" for name, (dtype, shape) in kinds.items())
            message = f"The parts of {self.foreign!r} must be alike, not {given}."
            raise WeightsError(message)
        ((dtype, shape),) = set(kinds.values())
        return np.concatenate([np.zeros(shape, dtype) if array is None else array for array in arrays])
