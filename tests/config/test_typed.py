from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, Optional

import attrs
import pytest

from polynet.config import Config, structure
from polynet.errors import ConfigError, ConfigKeyError, ConfigTypeError


@attrs.frozen
class Schedule:
    name: Literal["cosine", "step"] = "cosine"
    steps: tuple[int, ...] = ()


@attrs.frozen
class Solver:
    rate: float
    momentum: float | None = None
    nesterov: bool = False
    betas: tuple[float, float] = (0.9, 0.999)
    schedule: Schedule = Schedule()
    warm_up: Optional[Schedule] = None  # noqa: UP045 - the older spelling is read, too
    names: list[str] = attrs.field(factory=list)
    widths: Sequence[int] = ()
    table: dict[str, int] = attrs.field(factory=dict)
    anything: Any = None
    hook: Callable[[int], int] = abs
    epochs: int = attrs.field(default=1, validator=attrs.validators.ge(1))
    device: str = attrs.field(default="cpu", converter=str)
    kind: type = int
    _private: int = 0
    derived: int = attrs.field(init=False, default=3)


@pytest.mark.parametrize("mapping", [{"rate": 0.1}, Config(rate=0.1)])
def test_defaults_fill_what_is_not_given(mapping):
    assert structure(Solver, mapping) == Solver(rate=0.1)


def test_every_annotation_takes_its_values():
    solver = structure(
        Solver,
        {
            "rate": 1,
            "momentum": None,
            "betas": [1, 0.5],
            "schedule": {"name": "step", "steps": [1, 2]},
            "warm_up": {"steps": (3,)},
            "names": ("a", "b"),
            "widths": [1],
            "table": {"a": 1},
            "hook": len,
            "device": 3,
            "private": 4,
            "kind": str,
        }
        | {"names": ["a"]},
    )
    assert solver.rate == 1.0
    assert type(solver.rate) is float
    assert solver.betas == (1.0, 0.5)
    assert solver.schedule == Schedule("step", (1, 2))
    assert solver.warm_up == Schedule(steps=(3,))
    assert solver.device == "3"
    assert solver._private == 4
    assert solver.names == ["a"]


def test_an_instance_is_returned_as_it_is():
    solver = Solver(rate=1.0, schedule=Schedule("step"))
    assert structure(Solver, solver) is solver
    assert structure(Solver, {"rate": 1, "schedule": solver.schedule}).schedule is solver.schedule


@pytest.mark.parametrize(
    ("wrong", "error", "match"),
    [
        ({"rate": 1, "momentun": 1}, ConfigKeyError, r"'solver' has no key 'momentun'.*Did you mean 'momentum'"),
        ({}, ConfigKeyError, "lacks the key rate"),
        ({"rate": 1, 3: 4}, ConfigKeyError, "no key 3"),
        ({"rate": 1, "derived": 4}, ConfigKeyError, "no key 'derived'"),
        ({"rate": "1"}, ConfigTypeError, r"'solver\.rate' must be float, not str '1'"),
        ({"rate": True}, ConfigTypeError, r"solver\.rate"),
        ({"rate": 10**400}, ConfigTypeError, r"solver\.rate"),
        ({"rate": 1, "nesterov": 1}, ConfigTypeError, r"solver\.nesterov' must be bool"),
        ({"rate": 1, "epochs": True}, ConfigTypeError, r"solver\.epochs' must be int"),
        ({"rate": 1, "epochs": 2.0}, ConfigTypeError, r"solver\.epochs' must be int"),
        ({"rate": 1, "epochs": 0}, ConfigError, "'solver' is not valid"),
        ({"rate": 1, "momentum": "x"}, ConfigTypeError, "float or None"),
        ({"rate": 1, "betas": [1]}, ConfigError, r"solver\.betas' has 2 values, not 1"),
        ({"rate": 1, "betas": "ab"}, ConfigTypeError, r"solver\.betas"),
        ({"rate": 1, "betas": [1, "b"]}, ConfigTypeError, r"solver\.betas\.1"),
        ({"rate": 1, "schedule": {"name": "cosin"}}, ConfigError, r"schedule\.name.*Did you mean 'cosine'"),
        ({"rate": 1, "schedule": None}, ConfigTypeError, r"'solver\.schedule' is a mapping"),
        ({"rate": 1, "warm_up": {"stesp": ()}}, ConfigKeyError, r"'solver\.warm_up' has no key 'stesp'"),
        ({"rate": 1, "warm_up": 3}, ConfigTypeError, "a mapping or None"),
        ({"rate": 1, "names": "abc"}, ConfigTypeError, r"solver\.names"),
        ({"rate": 1, "names": [1]}, ConfigTypeError, r"solver\.names\.0"),
        ({"rate": 1, "widths": "abc"}, ConfigTypeError, r"solver\.widths"),
        ({"rate": 1, "table": {"a": "b"}}, ConfigTypeError, r"solver\.table\.a"),
        ({"rate": 1, "hook": 3}, ConfigTypeError, "callable"),
        ({"rate": 1, "kind": 3}, ConfigTypeError, "a class"),
        (3, ConfigTypeError, "'solver' is a mapping, not int 3"),
        (None, ConfigTypeError, "mapping"),
        ([("rate", 1)], ConfigTypeError, "mapping"),
    ],
)
def test_wrong_values_name_their_place(wrong, error, match):
    with pytest.raises(error, match=match):
        structure(Solver, wrong, "solver")


def test_without_a_place_the_class_is_named():
    with pytest.raises(ConfigKeyError, match="'Schedule' has no key 'x'"):
        structure(Schedule, {"x": 1})


def test_a_class_without_fields_is_refused():
    with pytest.raises(ConfigTypeError, match="not an attrs class"):
        structure(int, {"a": 1})


def test_a_mapping_annotation_takes_a_config():
    @attrs.frozen
    class Holder:
        options: Mapping[str, Any]

    assert structure(Holder, Config(options={"a": {"b": 1}})).options == {"a": {"b": 1}}
