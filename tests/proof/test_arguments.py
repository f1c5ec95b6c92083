"""What `polynet.parity` is called with wrongly is refused before anything is built."""

from __future__ import annotations

from typing import Any

import pytest

import polynet
from polynet import nn
from polynet.backend import Backend
from polynet.errors import ConfigError, ConfigTypeError, InputError, OptionError


def test_two_networks_side_by_side_are_wanted_as_a_pair(backend: Backend) -> None:
    net = nn.Linear(2, 3)
    with pytest.raises(OptionError, match=r"was given 2: .* two built networks as a pair, parity\(\(first, second\)\)"):
        polynet.parity(net, net)


def test_what_is_no_two_networks_is_refused(backend: Backend) -> None:
    net = nn.Linear(2, 3)
    wanted = r"parity compares two builds: give a config, or two built networks as a pair, parity\(\(first, second\)\)"
    for given, kinds in (
        (net, "one network, Linear, alone"),
        ((net,), "a tuple of Linear"),
        ([net, "resnet18"], "a list of Linear, str"),
        (("resnet18", "resnet34"), "a tuple of str, str"),
        ([], "a list of nothing"),
    ):
        with pytest.raises(ConfigTypeError, match=f"{wanted}; not {kinds}"):
            polynet.parity(given)


@pytest.mark.parametrize(
    ("wrong", "error", "message"),
    [
        ({"steps": -1}, OptionError, "steps=-1 must be at least 0"),
        ({"steps": 1.5}, OptionError, "steps must be an integer, not 1.5"),
        ({"steps": "3"}, OptionError, "steps must be an integer"),
        ({"steps": True}, OptionError, "steps must be an integer"),
        ({"batch_size": 0}, OptionError, "batch_size=0 must be at least 1"),
        ({"batch_size": "2"}, OptionError, "batch_size must be an integer"),
        ({"input_size": "3x64x64"}, InputError, "input_size is the input's shape"),
        ({"input_size": 64}, InputError, "input_size is the input's shape"),
        ({"input_size": (3, 0, 64)}, InputError, "input_size is the input's shape"),
        ({"input_size": (3, 64.0, 64)}, InputError, "input_size is the input's shape"),
        ({"backend": "torch"}, OptionError, "give backends="),
        ({"backends": "torch"}, ConfigTypeError, "backends are two names"),
        ({"backends": None}, ConfigTypeError, "backends are two names"),
        ({"backends": ("torch",)}, ConfigError, "compares two backends, not 1: torch"),
        ({"tolerance": 1e-5}, ConfigTypeError, r"tolerance is a polynet\.Tolerance"),
        ({"tolerance": 0}, ConfigTypeError, r"tolerance is a polynet\.Tolerance"),
        ({"optimizers": ["sgd"]}, ConfigTypeError, "optimizers map names to options"),
        ({"optimizers": {"sgd": 0.1}}, ConfigTypeError, "optimizers map names to options"),
    ],
    ids=str,
)
def test_a_wrong_argument_is_named(wrong: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        polynet.parity("no network of this name is ever looked for", **wrong)
