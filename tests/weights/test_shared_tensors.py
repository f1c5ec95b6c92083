"""Tensors that a network holds under several names: one value is enough, and two have to agree."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import polynet
from polynet import nn
from polynet.backend import Backend
from polynet.errors import WeightsError
from polynet.weights import Checkpoint, fitted_state, write_checkpoint


class Twice(nn.Module):
    """A layer that is used twice, and one that is not."""

    def __init__(self) -> None:
        super().__init__()
        self.attn = nn.Linear(3, 3)
        self.attn2 = self.attn
        self.fc = nn.Linear(3, 2)

    def forward(self, x: Any) -> Any:
        return self.fc(self.attn2(self.attn(x)))


class Tied(nn.Module):
    """Two layers that have their weight in common, and not their bias."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(3, 3)
        self.second = nn.Linear(3, 3)
        self.second.weight = self.first.weight

    def forward(self, x: Any) -> Any:
        return self.second(self.first(x))


def changed(net: Any, by: float = 1) -> dict[str, Any]:
    return {name: array + np.float32(by) for name, array in polynet.state(net).items()}


def assert_holds(net: Any, wanted: dict[str, Any]) -> None:
    found = polynet.state(net)
    for name, array in wanted.items():
        np.testing.assert_array_equal(found[name], array, err_msg=name)


def test_numbers_that_differ_are_refused_and_both_names_said(backend: Backend) -> None:
    net = Twice()
    before = polynet.state(net)
    given = changed(net)
    given["attn2.bias"] = given["attn2.bias"] + 1
    with pytest.raises(WeightsError, match=r"attn\.bias and attn2\.bias are one tensor of the network") as caught:
        polynet.load_state(net, given)
    assert "Nothing was changed" in str(caught.value)
    assert_holds(net, before)


def test_without_strict_they_are_refused_and_the_rest_is_loaded(backend: Backend) -> None:
    net = Twice()
    before = polynet.state(net)
    given = changed(net)
    given["attn2.bias"] = given["attn2.bias"] + 1
    report = polynet.load_state(net, given, strict=False)
    assert not report.ok
    assert not report.missing
    assert [refusal.name for refusal in report.refused] == ["attn.bias", "attn2.bias"]
    assert all("attn.bias" in str(refusal) and "attn2.bias" in str(refusal) for refusal in report.refused)
    assert not {"attn.bias", "attn2.bias"} & {*report.loaded}
    assert_holds(
        net, {name: before[name] if name.endswith("n.bias") or "2.bias" in name else given[name] for name in given}
    )


@pytest.mark.parametrize("kind", [Twice, Tied])
def test_equal_numbers_are_loaded(backend: Backend, kind: type[Any]) -> None:
    net = kind()
    given = changed(net)
    report = polynet.load_state(net, given)
    assert report.ok
    assert {*report.loaded} == {*given}
    assert_holds(net, given)


def test_numbers_that_are_none_agree_with_themselves(backend: Backend) -> None:
    net = Twice()
    given = {name: np.full_like(array, np.nan) for name, array in polynet.state(net).items()}
    assert polynet.load_state(net, given).ok


@pytest.mark.parametrize("absent", ["attn.", "attn2."])
def test_one_name_of_several_is_enough(backend: Backend, absent: str) -> None:
    net = Twice()
    given = changed(net)
    report = polynet.load_state(net, {name: array for name, array in given.items() if not name.startswith(absent)})
    assert report.ok
    assert {*report.loaded} == {*given}
    assert report.renamed == 0
    assert_holds(net, given)


def test_a_tensor_of_which_no_name_is_there_is_missing(backend: Backend) -> None:
    net = Twice()
    report = polynet.load_state(net, {"fc.weight": np.ones((2, 3), np.float32)}, strict=False)
    assert report.missing == ("attn.weight", "attn.bias", "attn2.weight", "attn2.bias", "fc.bias")


def test_of_tied_weights_the_own_bias_is_still_wanted(backend: Backend) -> None:
    net = Tied()
    given = changed(net)
    del given["second.weight"], given["second.bias"]
    report = polynet.load_state(net, given, strict=False)
    assert report.missing == ("second.bias",)
    assert_holds(net, given)


def test_what_does_not_fit_is_refused_once(backend: Backend) -> None:
    net = Twice()
    given = changed(net)
    del given["attn2.bias"]
    given["attn.bias"] = np.ones(4, np.float32)
    report = polynet.load_state(net, given, strict=False)
    assert [refusal.name for refusal in report.refused] == ["attn.bias"]
    assert not report.missing


@pytest.mark.parametrize("suffix", ["safetensors", "pth", "pkl"])
def test_files_with_each_name_or_one_are_loaded(backend: Backend, tmp_path: Path, suffix: str) -> None:
    net, other = Twice(), Twice()
    polynet.load_state(net, changed(net))
    whole, once = tmp_path / f"whole.{suffix}", tmp_path / f"once.{suffix}"
    polynet.save(net, whole)
    state = polynet.state(net)
    # As `safetensors.torch.save_model` writes it, which leaves out all names but one.
    write_checkpoint(once, {name: array for name, array in state.items() if not name.startswith("attn2.")}, {})
    for path in (whole, once):
        polynet.load_state(other, changed(other))
        assert polynet.load(other, path).ok
        assert_holds(other, state)
    built = polynet.build(Twice, backend=backend, weights=str(once))
    assert_holds(built, state)


def test_the_state_for_a_network_without_numbers_has_each_name() -> None:
    with polynet.use_backend("shapes"):
        net = Twice()
    given = {
        "attn2.weight": np.ones((3, 3)),
        "attn2.bias": np.ones(3),
        "fc.weight": np.ones((2, 3)),
        "fc.bias": np.ones(2),
    }
    arrays, report = fitted_state(net, Checkpoint(given))
    assert report.ok
    assert arrays["attn.weight"] is not None
    assert arrays["attn.weight"].dtype == np.float32
    with pytest.raises(WeightsError, match=r"attn\.bias and attn2\.bias are one tensor"):
        fitted_state(net, Checkpoint({**given, "attn.bias": np.zeros(3)}))


def test_a_classifier_loaded_by_another_name_is_not_drawn_anew(backend: Backend, tmp_path: Path) -> None:
    class Shared(nn.Module):
        num_classes = 3

        def __init__(self) -> None:
            super().__init__()
            self.body = nn.Linear(3, 3)
            self.head = self.body

        def forward(self, x: Any) -> Any:
            return self.head(self.body(x))

    given = {"body.weight": np.ones((3, 3), np.float32), "body.bias": np.ones(3, np.float32)}
    net = polynet.build(Shared, backend=backend, weights=given, adapt=True)
    assert_holds(net, {**given, "head.weight": given["body.weight"], "head.bias": given["body.bias"]})
