"""Functions that explain the options they do not have."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

import polynet
from polynet.calls import ExplainsOptions, explains_options
from polynet.errors import BackendUnavailableError, OptionError


@explains_options
def closed(first: Any, *, second: int = 2) -> Any:
    """Takes what it names."""
    if first == "broken":
        raise TypeError("of the function's own")
    return first, second


@explains_options
def opened(first: Any, *, backend: str = "", **options: Any) -> Any:
    """Passes options on."""
    if not backend:
        message = "No backend; choose one by backend=…."
        raise BackendUnavailableError(message)
    if first == "picky":
        message = f"picky has no option {next(iter(options))!r}."
        raise OptionError(message)
    return options


def test_a_call_that_fits_is_untouched() -> None:
    assert closed(1, second=3) == (1, 3)
    assert opened(1, backend="b", backends=2) == {"backends": 2}
    assert closed.__name__ == "closed"
    assert list(inspect.signature(closed).parameters) == ["first", "second"]


def test_a_wrong_call_is_explained() -> None:
    function: Any = closed
    with pytest.raises(OptionError, match=r"closed has no option 'secnd'. Did you mean 'second'\? Its options are"):
        function(1, secnd=3)
    with pytest.raises(OptionError, match=r"closed was called wrongly: missing a required argument: 'first'"):
        function(second=3)
    with pytest.raises(OptionError, match="too many positional"):
        function(1, 2, 3)


class Plain(metaclass=ExplainsOptions):
    """A class that is no module."""

    def __init__(self, rank: int, *, dropout: float = 0.0) -> None:
        if rank < 0:
            raise TypeError("of the class's own")
        self.rank = rank


def test_a_plain_class_explains_the_options_it_does_not_have() -> None:
    made: Any = Plain
    assert made(3).rank == 3
    assert list(inspect.signature(Plain).parameters) == ["rank", "dropout"]
    with pytest.raises(OptionError, match=r"Plain: unknown option 'dropuot'\. Did you mean 'dropout'\? Its options"):
        made(3, dropuot=0.1)
    with pytest.raises(TypeError, match="own") as caught:
        made(-1)
    assert type(caught.value) is TypeError


def test_a_type_error_from_within_stays_as_it_is() -> None:
    with pytest.raises(TypeError, match="own") as caught:
        closed("broken")
    assert type(caught.value) is TypeError


def test_an_option_passed_on_is_mentioned_where_it_explains_the_error() -> None:
    function: Any = opened
    with pytest.raises(BackendUnavailableError, match="Is 'backedn' meant for 'backend', an option of opened"):
        function(1, backedn="b")
    with pytest.raises(OptionError, match=r"'backedn'.*meant for 'backend'"):
        function("picky", backend="b", backedn=1)
    with pytest.raises(OptionError, match=r"'width'\.$"):
        function("picky", backend="b", width=1)
    with pytest.raises(BackendUnavailableError, match=r"one by backend=…\.$"):
        function(1, width=1)
    with pytest.raises(OptionError, match=r"opened has no option 'backedn'. Did you mean 'backend'"):
        function(backedn="b")


@pytest.mark.parametrize("function", [polynet.build, polynet.describe], ids=["build", "describe"])
def test_building_names_its_own_option_where_one_is_misspelt(function: Any) -> None:
    own = {polynet.build: {"divice": "cpu", "backend": "shapes"}, polynet.describe: {"input_sise": (3, 8, 8)}}[function]
    with pytest.raises(OptionError, match=f"meant for '(device|input_size)', an option of {function.__name__}"):
        function("resnet18", **own)


def test_parity_names_its_own_option_where_one_is_misspelt(both: tuple[Any, Any]) -> None:
    function: Any = polynet.parity
    with pytest.raises(OptionError, match=r"'step'.*meant for 'steps', an option of parity"):
        function("resnet18", step=1, input_size=(3, 32, 32), batch_size=1)
