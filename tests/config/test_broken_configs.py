"""Broken configs by the thousand: each is read, or refused with a PolyNetError, and nothing is half-changed.

Every test counts what was refused and fails where too little was: a generator whose configs are all sound proves
nothing. The counts asserted add up to more than a thousand.
"""

from __future__ import annotations

import copy
from collections import Counter
from typing import Any

import attrs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from polynet.config import Config, model_arguments, normalise, structure
from polynet.config.python_operations import FUNCTIONS
from polynet.errors import PolyNetError

VALID = {
    ".yaml": b"_base_: []\nmodel: &m\n  name: resnet18\n  head: {w_out: 10, width: 1e-3}\n"
    b"other: *m\nlist: [1, 'a', ~]\n",
    ".json": b'{"_base_": [], "model": {"name": "resnet18", "head": {"w_out": 10, "width": null}}, '
    b'"list": [1, "a", 2.5]}',
    ".toml": b'num_classes = 10\nlist = [1, 2]\n[model]\nname = "resnet18"\nhead = {w_out = 10}\n'
    b"[[data]]\nx = 2026-01-31\n",
    ".py": b"width = 2 * 32\nmodel = dict(name=f'resnet{18}', head=dict(w_out=10, **{'width': width}))\n"
    b"steps = [*range(3)]\n",
    "_basecls.py": b"from basecls.configs import MBConfig\n_cfg = dict(model=dict(name='a', head=dict(w_out=1)))\n"
    b"class Cfg(MBConfig):\n    pass\n",
}
TOKENS = [
    "{",
    "}",
    "[",
    "]",
    "(",
    ")",
    ":",
    ",",
    "=",
    "&a",
    "*a",
    "<<",
    "!!",
    "|",
    "-",
    "\n",
    "  ",
    "'",
    '"',
    "\\",
    "#",
]
TOKENS += [
    "model",
    "name",
    "head",
    "_base_",
    "_cfg",
    "class Cfg(X): pass",
    "dict(",
    "**",
    "1e400",
    "9" * 50,
    "0x",
    "\t",
]
TOKENS += [
    "lambda: 1",
    "import os",
    "os.system",
    "for x in y",
    "f'{x}'",
    "null",
    "true",
    "[[a]]",
    "\x00",
    "\ufeff",
    "é",
]
SMALL = settings(
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


class Odd:
    """A leaf that no config knows what to do with."""

    def __repr__(self) -> str:
        return "Odd()"


ODD = Odd()
NAMES = st.sampled_from(
    [
        "name",
        "type",
        "NAME",
        "model",
        "head",
        "num_classes",
        "w_out",
        "_delete_",
        "_base_",
        "a",
        "",
        "a.b",
        "items",
        "0",
        "A",
    ]
)
KEYS = st.one_of(NAMES, NAMES, NAMES, NAMES, st.integers(-2, 2), st.none(), st.just((1, 2)), st.just(1.5))
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 2000),
    st.floats(allow_subnormal=False),  # MegEngine, where it is loaded, has the processor flush them to zero
    st.text(max_size=5),
    st.sampled_from(["resnet18", "", " ", int, len, ODD, b"x", 10**30, (1, 2), frozenset({1})]),
)
# Layers are several times faster to draw from than `st.recursive`.
INNER = LEAVES | st.dictionaries(NAMES, LEAVES, max_size=3) | st.lists(LEAVES, max_size=2)
STRUCTURES = INNER | st.dictionaries(KEYS, INNER, max_size=4) | st.lists(INNER, max_size=3)
MAPPINGS = st.dictionaries(NAMES, STRUCTURES, min_size=1, max_size=4)


def outcome(counts: Counter[str], action: Any, *arguments: Any) -> None:
    """Count how an action ends; any error but PolyNet's own ends the test."""
    try:
        action(*arguments)
    except PolyNetError:
        counts["refused"] += 1
    else:
        counts["accepted"] += 1


def frozen_copy(value: Any) -> Any:
    """A copy that compares equal as long as the original is unchanged, NaN included."""
    return copy.deepcopy(value, {id(ODD): ODD})


@st.composite
def damaged(draw: st.DrawFn, original: bytes) -> bytes:
    """A valid file with a few cuts, insertions and replacements."""
    data = original
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(data)))
        end = min(len(data), start + draw(st.integers(0, 12)))
        inserted = draw(
            st.one_of(st.binary(max_size=4), st.sampled_from(TOKENS).map(str.encode), st.just(data[start:end] * 2))
        )
        data = data[:start] + inserted + data[end:]
    return data


@pytest.mark.parametrize("kind", VALID)
def test_damaged_files_are_read_or_refused(kind, tmp_path_factory):
    path = tmp_path_factory.mktemp("damaged") / f"c{kind}"
    counts: Counter[str] = Counter()

    @settings(SMALL, max_examples=150)
    @given(data=damaged(VALID[kind]))
    def check(data):
        path.write_bytes(data)
        outcome(counts, Config.fromfile, path)

    check()
    assert counts["refused"] >= 75


@pytest.mark.parametrize("kind", [".yaml", ".json", ".toml", ".py"])
def test_random_text_is_read_or_refused(kind, tmp_path_factory):
    path = tmp_path_factory.mktemp("random") / f"c{kind}"
    counts: Counter[str] = Counter()

    @settings(SMALL, max_examples=120)
    @given(parts=st.lists(st.sampled_from(TOKENS) | st.text(max_size=3), min_size=1, max_size=15))
    def check(parts):
        path.write_bytes("".join(parts).encode("utf-8", "surrogatepass"))
        outcome(counts, Config.fromfile, path)

    check()
    assert counts["refused"] >= 60


EXPRESSIONS = st.recursive(
    st.sampled_from(
        ["1", "2.5", "'a'", "None", "x", "y", "[]", "{}", "10**9", "float('inf')", "b''", "...", "os", "True", "-1"]
    ),
    lambda inner: st.one_of(
        st.tuples(
            inner,
            st.sampled_from(["+", "-", "*", "/", "//", "%", "**", "|", "&", "<", "==", "in", "is", "and", "or"]),
            inner,
        ).map(" ".join),
        st.lists(inner, max_size=3).map(lambda parts: f"[{', '.join(parts)}]"),
        st.lists(inner, max_size=3).map(lambda parts: f"{{{', '.join(parts)}}}"),
        st.tuples(inner, inner).map(lambda pair: f"{{{pair[0]}: {pair[1]}}}"),
        st.tuples(inner, inner).map(lambda pair: f"({pair[0]})[{pair[1]}]"),
        st.tuples(inner, inner, inner).map(lambda three: f"({three[0]})[{three[1]}:{three[2]}]"),
        st.tuples(inner, inner).map(lambda pair: f"{pair[0]} if {pair[1]} else x"),
        inner.map(lambda part: f"f'{{{part}:>5}}'" if "'" not in part else part),
        st.tuples(
            st.sampled_from([*FUNCTIONS, "os.x", "eval"]),
            inner,
        ).map(lambda pair: f"{pair[0]}({pair[1]})"),
        inner.map(lambda part: f"dict(**{part}, a={part})"),
        inner.map(lambda part: f"[*{part}]"),
        inner.map(lambda part: f"({part}).real"),
        inner.map(lambda part: f"not -{part}"),
    ),
    max_leaves=6,
)


def test_random_expressions_are_read_or_refused(tmp_path_factory):
    path = tmp_path_factory.mktemp("expressions") / "c.py"
    counts: Counter[str] = Counter()

    @settings(SMALL, max_examples=250)
    @given(first=EXPRESSIONS, second=EXPRESSIONS)
    def check(first, second):
        path.write_text(f"import os\nx = 3\ny = dict(a=[1, 2])\nz = {first}\ny['b'] = {second}\n")
        outcome(counts, Config.fromfile, path)

    check()
    assert counts["refused"] >= 120
    assert counts["accepted"] >= 2


@pytest.mark.parametrize("use", [normalise, model_arguments, Config], ids=lambda use: use.__name__)
def test_random_structures_are_used_or_refused_and_never_changed(use):
    counts: Counter[str] = Counter()

    @settings(SMALL, max_examples=150)
    @given(value=STRUCTURES | MAPPINGS)
    def check(value):
        before = frozen_copy(value)
        outcome(counts, use, value)
        assert repr(value) == repr(before)

    check()
    assert counts["refused"] >= 30


def test_random_models_are_used_or_refused_and_never_changed():
    counts: Counter[str] = Counter()
    model = st.dictionaries(NAMES, STRUCTURES, max_size=3).map(lambda extra: {"name": "resnet18", **extra})
    config = st.fixed_dictionaries({"model": model}, optional={"num_classes": LEAVES, "other": STRUCTURES})

    @settings(SMALL, max_examples=150)
    @given(config=config, options=st.none() | MAPPINGS | st.dictionaries(st.just("num_classes"), LEAVES))
    def check(config, options):
        before = frozen_copy((config, options))
        outcome(counts, model_arguments, config, options)
        assert repr((config, options)) == repr(before)

    check()
    assert counts["refused"] >= 60
    assert counts["accepted"] >= 10


@pytest.mark.parametrize("strict", [False, True])
def test_merging_what_is_broken_changes_neither_side(strict):
    counts: Counter[str] = Counter()

    @settings(SMALL, max_examples=150)
    @given(
        base=st.dictionaries(NAMES, st.dictionaries(NAMES, LEAVES, max_size=3), max_size=3),
        update=STRUCTURES | MAPPINGS,
    )
    def check(base, update):
        try:
            config = Config(base)
        except PolyNetError:
            return
        before, update_before = repr(config), repr(frozen_copy(update))
        refused = counts["refused"]
        outcome(counts, lambda: config.merge(update, strict=strict))
        assert repr(update) == update_before
        if counts["refused"] > refused:
            assert repr(config) == before

    check()
    assert counts["refused"] >= 40


def test_broken_overrides_change_nothing():
    counts: Counter[str] = Counter()
    key = st.lists(st.sampled_from(["model", "head", "data", "0", "5", "-1", "", "x", "é", " "]), max_size=4).map(
        ".".join
    )
    value = st.sampled_from(
        ["1", "(", "[1,", "{'_delete_': 3}", "{1.5: 2}", "...", "\x00", "a" * 50, "{'a': {None: 1}}"]
    )
    override = st.one_of(st.tuples(key, value).map("=".join), st.text(max_size=6), key, st.integers(), st.none())

    @settings(SMALL, max_examples=150)
    @given(overrides=st.lists(override, max_size=4) | override)
    def check(overrides):
        config = Config(model={"head": {"w_out": 1}}, data=[{"x": 1}, (2, 3)])
        before, refused = repr(config), counts["refused"]
        outcome(counts, lambda: config.merge(Config.from_overrides(overrides)))
        if isinstance(overrides, list):
            outcome(counts, lambda: config.override(*overrides))
        if counts["refused"] == refused + 1 + isinstance(overrides, list):
            assert repr(config) == before

    check()
    assert counts["refused"] >= 100


@attrs.frozen
class Part:
    name: str
    rate: float = 0.1
    sizes: tuple[int, ...] = ()
    inner: Part | None = None


def test_random_structures_make_a_typed_part_or_are_refused():
    counts: Counter[str] = Counter()
    fields = st.sampled_from(["name", "rate", "sizes", "inner", "nmae"])
    inner = LEAVES | st.dictionaries(fields, LEAVES, max_size=3) | st.lists(LEAVES, max_size=2)
    values = inner | st.dictionaries(fields, inner, max_size=3)

    @settings(SMALL, max_examples=150)
    @given(value=st.dictionaries(fields, values, max_size=4) | STRUCTURES)
    def check(value):
        before = repr(frozen_copy(value))
        outcome(counts, structure, Part, value)
        assert repr(value) == before

    check()
    assert counts["refused"] >= 60
