"""Registries of hooks, data sets and their like."""

from __future__ import annotations

from collections import OrderedDict
from fractions import Fraction
from typing import Any

import pytest

from polynet.errors import ConfigKeyError, ConfigTypeError, DuplicateNameError, OptionError, UnknownNameError
from polynet.registry.parts import PartRegistry


class Sized:
    def __init__(self, size: int, name_of_it: str = "x") -> None:
        if size < 0:
            message = "size must be at least 0"
            raise OptionError(message)
        self.size, self.name_of_it = size, name_of_it


@pytest.fixture
def registry() -> PartRegistry:
    made = PartRegistry("number", {"Fraction": "fractions", "Ratio": "fractions:Fraction"})
    made.register_module("Sized")(Sized)
    return made


def test_parts_are_built_from_mappings_names_classes_and_parts(registry: PartRegistry) -> None:
    assert registry.build({"type": "Fraction", "numerator": 3, "denominator": 4}) == Fraction(3, 4)
    assert registry.build({"name": "Ratio", "numerator": 1}) == 1
    assert registry.build({"type": Sized, "size": 2}).size == 2
    assert registry.build("Fraction") == 0
    made = Sized(1)
    assert registry.build(made) is made


def test_defaults_give_way_to_the_config_which_is_not_changed(registry: PartRegistry) -> None:
    config = OrderedDict(type="Sized", size=3)
    built = registry.build(config, size=1, name_of_it="y")
    assert (built.size, built.name_of_it) == (3, "y")
    assert config == {"type": "Sized", "size": 3}


def test_nothing_is_imported_until_a_name_is_looked_up() -> None:
    registry = PartRegistry("part", {"Broken": "no_such_module_at_all"})
    assert "Broken" in registry
    assert list(registry) == ["Broken"]
    with pytest.raises(ModuleNotFoundError):
        registry.get("Broken")


@pytest.mark.parametrize(
    ("config", "error", "message"),
    [
        ("Fractoin", UnknownNameError, "There is no number 'Fractoin'. Did you mean 'Fraction'"),
        ({"typ": "Fraction"}, ConfigKeyError, "needs `type`; it has typ. Is 'typ' meant for it"),
        ({}, ConfigKeyError, "it has nothing"),
        (3, ConfigTypeError, "a mapping with `type`, not 3"),
        (None, ConfigTypeError, "not None"),
        ([], ConfigTypeError, "a mapping with `type`"),
        ({"type": "Sized", "sise": 3}, OptionError, "unknown option 'sise'. Did you mean 'size'"),
        ({"type": "Sized"}, OptionError, "size"),
        ({"type": "Sized", "size": -1}, OptionError, "Sized: size must be at least 0"),
    ],
)
def test_wrong_configs_are_refused_with_what_is_allowed(
    registry: PartRegistry, config: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        registry.build(config)


def test_a_taken_name_is_refused_unless_forced_or_the_same_class_again(registry: PartRegistry) -> None:
    registry.register(Sized)
    with pytest.raises(DuplicateNameError, match="number 'Fraction' is registered already"):
        registry.register("Fraction")(Sized)
    registry.register_module("Fraction", force=True, module=Sized)
    assert registry.get("Fraction") is Sized
    with pytest.raises(OptionError, match="a class or a function"):
        registry.register_module("Three", module=3)
