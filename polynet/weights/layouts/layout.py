"""A layout: how another library spells the names and shapes of one family of networks, as data.

Every rule leads from a canonical name to a foreign one. The direction is what makes it sure: a network's canonical
names are known in full, so how many blocks a stage has, or whether a block expands, is known before a name is made. The
reverse is the same dictionary turned around, and it is checked to be one-to-one.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from attrs import field, frozen
from attrs.converters import optional

from polynet.errors import WeightsError
from polynet.weights.elements import Array
from polynet.weights.layouts.constants import Constant
from polynet.weights.layouts.difference import Difference
from polynet.weights.layouts.joined import Joined, Joint
from polynet.weights.layouts.template import Bindings, Form, Pattern

_BLOCK_START = re.compile(r"s(\d+)\.b(\d+)\.")


@frozen
class Condition:
    """Whether a network has certain tensors: names' forms, separated by spaces; `!` before one: must not be there."""

    source: str
    _terms: tuple[tuple[bool, Form], ...] = field(init=False, repr=False, eq=False)

    @_terms.default
    def _compile(self) -> tuple[tuple[bool, Form], ...]:
        return tuple((not text.startswith("!"), Form(text.lstrip("!"))) for text in self.source.split())

    def holds(self, bindings: Bindings, names: Mapping[str, object]) -> bool:
        """Whether it holds, for these numbers, in a network with these tensors."""
        return all((form.make(bindings) in names) is wanted for wanted, form in self._terms)


def _condition(given: str | Condition) -> Condition:
    return given if isinstance(given, Condition) else Condition(given)


@frozen
class Rule:
    """One correspondence of names.

    Attributes:
        canonical: Pattern of canonical names.
        foreign: Form of the other library's names. Beside what the pattern binds it may use `index` (how many blocks
            stand before this one in the network), `above` (how many the stage before has), `stages` and `blocks` (how
            many there are in all).
        when: Tensors that the network must have, or not have, for the rule to apply.
        spatial: Kernel size of a convolution which the other library has where PolyNet has a linear layer; 0: none.
        unit_axes: How many axes of length 1 the other library's tensor has after those of PolyNet's.
        reorder: How the numbers lie there: a function that leads from PolyNet's tensor to theirs, and back.
        restore: What leads back, where that is another function.
        given: Form of the name of an own constant of the network that both of them take, too: `None` where there is no
            network to ask.
    """

    canonical: Pattern = field(converter=Pattern)
    foreign: Form = field(converter=Form)
    when: Condition = field(default=Condition(""), converter=_condition)
    spatial: int = 0
    unit_axes: int = 0
    reorder: Callable[..., Array] | None = None
    restore: Callable[..., Array] | None = None
    given: Form | None = field(default=None, converter=optional(Form))


@frozen
class Fold:
    """A foreign tensor without a canonical place, whose effect another tensor takes over exactly.

    A convolution's bias before a batch normalisation only shifts what the normalisation subtracts: it is taken off the
    running mean, and written as zeros on the way back.

    Attributes:
        canonical: Pattern of the tensor that takes it over.
        foreign: Form of the foreign tensor's name.
        when: Tensors that the network must have, or not have.
    """

    canonical: Pattern = field(converter=Pattern)
    foreign: Form = field(converter=Form)
    when: Condition = field(default=Condition(""), converter=_condition)


@frozen
class Absorbed:
    """A canonical tensor without a foreign place, which another takes over: the mirror of a `Fold`.

    A convolution's bias before a batch normalisation is taken off the running mean that is written, and is zeros when
    it is read.

    Attributes:
        canonical: Pattern of the bias.
        by: Form of the canonical name of the running mean.
    """

    canonical: Pattern = field(converter=Pattern)
    by: Form = field(converter=Form)


@frozen
class Layout:
    """How one library spells one family.

    Attributes:
        name: Name of the layout: `"timm"`.
        family: The family of networks: `"resnet"`.
        rules: Tried in order; the first that matches and applies names a tensor.
        folds: Foreign tensors that another takes over.
        constants: Foreign tensors that PolyNet computes.
        absorbed: Canonical tensors that the other library has not, and that another takes over.
        joins: Canonical tensors that are one there.
        norm_eps: What its networks add to variances, where that is not what PolyNet's of the same weights' names do; a
            function of the network where it depends on it.
        otherwise: What its network does otherwise than one of PolyNet's with the same weights; `None` where they are
            equal.
        counts_batches: Whether its batch normalisations keep `num_batches_tracked`.
        source: Where the names were learnt.
    """

    name: str
    family: str
    rules: tuple[Rule, ...]
    folds: tuple[Fold, ...] = ()
    constants: tuple[Constant, ...] = ()
    counts_batches: bool = True
    source: str = ""
    absorbed: tuple[Absorbed, ...] = ()
    joins: tuple[Joined, ...] = ()
    norm_eps: float | Callable[[Any], float] | None = None
    otherwise: Callable[[Any], Difference | None] | None = None

    def names(self, canonical: Mapping[str, object]) -> NameMap:
        """The correspondence for one network.

        Args:
            canonical: The network's tensors (values do not matter).

        Raises:
            WeightsError: A tensor has no counterpart, or two have the same: this network has options which the other
                library's has not.
        """
        places = _places(canonical)
        foreign_of: dict[str, str] = {}
        spatial: dict[str, int] = {}
        unit_axes: dict[str, int] = {}
        folded: dict[str, str] = {}
        reorders: dict[str, Reorder] = {}
        restores: dict[str, Reorder] = {}
        absorbed = self._absorbed(canonical)
        joints = self._joints(canonical)
        for name in canonical:
            if name in absorbed or name in joints:
                continue
            rule, bindings = self._rule_for(name, canonical, places)
            foreign_of[name] = rule.foreign.make(bindings)
            if rule.spatial and bindings.get("leaf") == "weight":
                spatial[name] = rule.spatial
            if rule.unit_axes:
                unit_axes[name] = rule.unit_axes
            if rule.reorder is not None:
                given = None if rule.given is None else rule.given.make(bindings)
                reorders[name] = Reorder(rule.reorder, given)
                restores[name] = Reorder(rule.restore or rule.reorder, given)
            for fold in self.folds:
                if fold.canonical.match(name) is not None and fold.when.holds(bindings, canonical):
                    folded[name] = fold.foreign.make(bindings)
        different = tuple(dict.fromkeys(joints.values()))
        stacked = {joint.wanted(): joint.foreign for joint in different}
        self._check_one_to_one({**foreign_of, **stacked})
        return NameMap(self, foreign_of, spatial, folded, unit_axes, reorders, restores, absorbed, different)

    def patterns(self) -> Iterator[Pattern]:
        """Those of all canonical names that have a foreign one."""
        yield from (rule.canonical for rule in self.rules)
        yield from (part for join in self.joins for part in join.parts if part is not None)

    def forms(self) -> Iterator[Form]:
        """Those of all foreign names."""
        yield from (rule.foreign for rule in self.rules)
        yield from (fold.foreign for fold in self.folds)
        yield from (join.foreign for join in self.joins)
        yield from (constant.foreign for constant in self.constants)

    def _joints(self, canonical: Mapping[str, object]) -> dict[str, Joint]:
        """What each tensor that is a part of one is joined with."""
        found: dict[str, Joint] = {}
        for name in canonical if self.joins else ():
            joint = next((made for join in self.joins if (made := join.joint(name, canonical)) is not None), None)
            if joint is not None:
                found[name] = joint
        return found

    def _absorbed(self, canonical: Mapping[str, object]) -> dict[str, str]:
        """What takes over each tensor that has no foreign place."""
        found: dict[str, str] = {}
        for name in canonical if self.absorbed else ():
            for entry in self.absorbed:
                bound = entry.canonical.match(name)
                if bound is not None:
                    found[name] = entry.by.make(bound)
        return found

    def _rule_for(self, name: str, names: Mapping[str, object], places: _Places) -> tuple[Rule, Bindings]:
        for rule in self.rules:
            bound = rule.canonical.match(name)
            if bound is not None:
                bindings = {**places.whole, **places.of(name), **bound}
                if rule.when.holds(bindings, names):
                    return rule, bindings
        message = (
            f"Layout {self.name!r} has no counterpart for {name!r}: a {self.family} of {self.name} has no such part, "
            f"so weights cannot be exchanged with it."
        )
        raise WeightsError(message)

    def _check_one_to_one(self, foreign_of: Mapping[str, str]) -> None:
        seen: dict[str, str] = {}
        for name, foreign in foreign_of.items():
            other = seen.setdefault(foreign, name)
            if other != name:
                message = f"Layout {self.name!r} spells both {other!r} and {name!r} as {foreign!r}: it does not fit."
                raise WeightsError(message)


@frozen
class Reorder:
    """How the numbers of one tensor are laid out anew.

    Attributes:
        function: What does it.
        given: Name of an own constant of the network that the function takes, too.
    """

    function: Callable[..., Array]
    given: str | None = None

    def __call__(self, array: Array, constants: Mapping[str, Array]) -> Array:
        """The array in the other order; constants are those of the network, as far as they are known."""
        return self.function(array) if self.given is None else self.function(array, constants.get(self.given))


@frozen
class NameMap:
    """A layout worked out for one network.

    Attributes:
        layout: The layout.
        foreign_of: Foreign name by canonical name; one-to-one.
        spatial: Kernel size, by canonical name of the linear weights that are convolutions there.
        folded: Foreign name, by canonical name of the tensor that takes it over.
        unit_axes: How many axes of length 1 follow those of a tensor there, by canonical name.
        reorders: How the numbers of a tensor lie there, by canonical name.
        restores: What leads back from there, by canonical name.
        absorbed: Canonical name of what takes it over, by canonical name of a tensor without a foreign place.
        joints: Tensors that are one there.
    """

    layout: Layout
    foreign_of: Mapping[str, str]
    spatial: Mapping[str, int]
    folded: Mapping[str, str]
    unit_axes: Mapping[str, int] = field(factory=dict)
    reorders: Mapping[str, Reorder] = field(factory=dict)
    restores: Mapping[str, Reorder] = field(factory=dict)
    absorbed: Mapping[str, str] = field(factory=dict)
    joints: tuple[Joint, ...] = ()


@frozen
class _Places:
    whole: dict[str, int | str]
    _index: dict[tuple[int, int], int]
    _sizes: Mapping[int, int]

    def of(self, name: str) -> dict[str, int | str]:
        found = _BLOCK_START.match(name)
        if found is None:
            return {}
        stage, block = int(found[1]), int(found[2])
        return {"index": self._index[stage, block], "above": self._sizes.get(stage - 1, 0)}


def _places(names: Iterable[str]) -> _Places:
    """Number the blocks of a network in the order of their stages."""
    found = sorted({(int(match[1]), int(match[2])) for match in map(_BLOCK_START.match, names) if match is not None})
    whole: dict[str, int | str] = {"stages": len({stage for stage, _ in found}), "blocks": len(found)}
    return _Places(whole, {place: index for index, place in enumerate(found)}, Counter(stage for stage, _ in found))
