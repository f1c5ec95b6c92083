"""What saving and loading say to arguments that are swapped, misspelt or no path; nothing is touched by them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from polynet.errors import ConfigTypeError, FrameworkMismatchError, OptionError
from polynet.weights import format_for, load, load_state, read_checkpoint, save, write_checkpoint

WEIGHT = {"weight": np.zeros(3, np.float32)}


@pytest.mark.parametrize("function", [load, load_state, save])
@pytest.mark.parametrize("path", ["x.pth", Path("x.pth")])
def test_swapped_arguments_are_named(array_net: Any, function: Any, path: Any) -> None:
    with pytest.raises(FrameworkMismatchError, match=rf"{function.__name__} takes the network first.*be swapped"):
        function(path, array_net(WEIGHT))


@pytest.mark.parametrize("path", [3, None, True, 2.5, b"x.pth", ["x.pth"], object()])
def test_what_is_no_path_is_refused_by_type(array_net: Any, path: Any) -> None:
    net = array_net(WEIGHT)
    before = net.snapshot()
    calls = (
        lambda: load(net, path),
        lambda: load_state(net, path),
        lambda: save(net, path),
        lambda: read_checkpoint(path),
        lambda: write_checkpoint(path, WEIGHT),
        lambda: format_for(path),
    )
    for call in calls:
        with pytest.raises(
            ConfigTypeError,
            match=rf"must be a .*pathlib\.Path, not .*{'None' if path is None else type(path).__name__}",
        ):
            call()
    assert net.snapshot() == before


@pytest.mark.parametrize(
    ("function", "option", "near"), [(load_state, "strct", "strict"), (load, "layuot", "layout"), (save, "cfg", "")]
)
def test_a_misspelt_option_is_named_with_the_nearest(
    array_net: Any, tmp_path: Path, function: Any, option: str, near: str
) -> None:
    says = f"'{option}'.*Did you mean '{near}'" if near else f"{function.__name__} has no option '{option}'.*config"
    with pytest.raises(OptionError, match=says):
        function(array_net(WEIGHT), tmp_path / "x.pth", **{option: False})


@pytest.mark.parametrize("strict", ["no", 0, None])
def test_strict_is_true_or_false(array_net: Any, strict: Any) -> None:
    net = array_net(WEIGHT)
    before = net.snapshot()
    with pytest.raises(OptionError, match="strict must be True or False"):
        load_state(net, {"weight": np.ones(3, np.float32)}, strict=strict)
    assert net.snapshot() == before
