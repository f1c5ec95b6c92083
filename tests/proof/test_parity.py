"""`polynet.parity`: it passes what is the same, fails what is not, and leaves networks as it found them."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

import polynet
from polynet import nn, ops
from polynet.backend import Backend
from polynet.errors import ConfigError, ConfigTypeError, InputError, ParityError
from polynet.proof import Row
from polynet.proof.measure import compare_all, distance, relative_difference
from polynet.proof.run import Run

SMALL = {"name": "ResNet", "depths": (1, 1), "widths": (8, 16), "strides": (1, 2), "stem_w": 8, "num_classes": 5}
SIZE = (3, 32, 32)


class Scaled(nn.Module):
    """A linear layer whose output is multiplied on one framework only: what a broken adapter would do."""

    factor = 1.0

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(6, 4)
        self.norm = nn.BatchNorm1d(4)
        self.dropout = nn.Dropout(0.5)

    def forward(self, x: Any) -> Any:
        return self.dropout(self.norm(self.fc(x))) * self.factor


@pytest.fixture
def pair(both: tuple[Backend, Backend]) -> tuple[Any, Any]:
    return tuple(polynet.build(Scaled, backend=each.name, seed=0) for each in both)  # type: ignore[return-value]


def test_two_builds_of_one_config_are_the_same_network(both: tuple[Backend, Backend]) -> None:
    report = polynet.parity(SMALL, input_size=SIZE, steps=2)
    assert report.passed, str(report)
    assert set(report.sections()) == {"state", "forward", "gradient", "buffer", "steps: sgd", "steps: adamw"}
    assert [row.name for row in report.sections()["forward"]] == ["s1", "s2", "output"]
    assert "The two builds agree" in str(report)


class LatePart(nn.Module):
    """Holds None where it later holds a part, which torch then lists last and MegEngine first."""

    first: Any

    def __init__(self) -> None:
        super().__init__()
        self.first = None
        self.second = nn.Linear(6, 6)
        self.first = nn.Linear(6, 6)

    def forward(self, x: Any) -> Any:
        return self.second(ops.relu(self.first(x)))


def test_movements_are_compared_by_the_names_of_the_weights(both: tuple[Backend, Backend]) -> None:
    nets = [polynet.build(LatePart, backend=each.name, seed=0) for each in both]
    report = polynet.parity(nets, input_size=(6,), optimizers={"sgd": {"lr": 0.01}})
    assert report.passed, str(report)


def test_networks_with_dropout_are_compared_without_its_noise(pair: tuple[Any, Any]) -> None:
    assert polynet.parity(pair, input_size=(6,), batch_size=8).passed


def test_a_difference_in_the_forward_pass_is_found(pair: tuple[Any, Any]) -> None:
    pair[1].factor = 1.001
    report = polynet.parity(pair, input_size=(6,), batch_size=8)
    assert not report
    assert {row.section for row in report.failures} >= {"forward", "gradient"}
    with pytest.raises(ParityError, match="DIFFER"):
        report.check()


def test_a_difference_in_the_weights_is_found_first(pair: tuple[Any, Any]) -> None:
    slot = polynet.backend_of(pair[1]).slots(pair[1])["fc.weight"]
    slot.write(slot.read() * 1.0001)
    report = polynet.parity(pair, input_size=(6,))
    assert [row.name for row in report.failures] == ["fc.weight"]
    assert set(report.sections()) == {"state"}


def test_a_missing_parameter_is_found(both: tuple[Backend, Backend]) -> None:
    class Unbiased(nn.Module):
        def __init__(self, bias: bool = True) -> None:
            super().__init__()
            self.fc = nn.Linear(6, 4, bias=bias)

        def forward(self, x: Any) -> Any:
            return self.fc(x)

    nets = (
        polynet.build(Unbiased, backend="torch", seed=0),
        polynet.build({"name": Unbiased, "bias": False}, backend="megengine", seed=0),
    )
    assert [row.name for row in polynet.parity(nets, input_size=(6,)).failures] == ["fc.bias"]


def test_a_wrong_batch_norm_momentum_is_found_in_the_buffers(pair: tuple[Any, Any]) -> None:
    pair[1].norm.momentum = 0.5
    report = polynet.parity(pair, input_size=(6,), batch_size=8, steps=0)
    assert {row.section for row in report.failures} == {"buffer"}


def test_checking_leaves_networks_as_they_were(pair: tuple[Any, Any]) -> None:
    pair[0].eval()
    before = [polynet.state(net) for net in pair]
    polynet.parity(pair, input_size=(6,), batch_size=8)
    assert [bool(net.training) for net in pair] == [False, True]
    for net, state in zip(pair, before, strict=True):
        for name, array in polynet.state(net).items():
            np.testing.assert_array_equal(array, state[name])


def test_one_framework_can_be_compared_with_itself(backend: Backend) -> None:
    assert polynet.parity(Scaled, backends=(backend.name, backend.name), input_size=(6,), batch_size=4).passed


def test_a_report_serialises(both: tuple[Backend, Backend]) -> None:
    report = polynet.parity(SMALL, input_size=SIZE, steps=1, optimizers={"sgd": {"lr": 0.1}})
    found = json.loads(report.to_json())
    assert found["passed"] is True
    assert found["backends"] == ["torch", "megengine"]
    assert {row["section"] for row in found["rows"]} == {"state", "forward", "gradient", "buffer", "steps: sgd"}


def test_wrong_requests_are_refused(both: tuple[Backend, Backend]) -> None:
    with pytest.raises(InputError, match="input_size"):
        polynet.parity(Scaled)
    with pytest.raises(ConfigError, match="two backends"):
        polynet.parity(SMALL, backends=("torch",))
    with pytest.raises(ConfigTypeError, match="not a tuple of int, int"):
        polynet.parity((3, 4))
    with pytest.raises(ConfigTypeError):
        polynet.Tolerance(relative="small")  # type: ignore[arg-type]
    with pytest.raises(ConfigTypeError):
        polynet.Tolerance(relative=-1.0)


def test_differences_of_shape_or_of_nan_are_infinite() -> None:
    ones, nan = np.ones(2), np.array([1.0, np.nan])
    assert relative_difference(ones, np.ones(3)) == float("inf")
    assert relative_difference(nan, ones) == float("inf")
    assert relative_difference(nan, nan) == 0.0
    assert distance(ones, np.ones(3)) == float("inf")


def test_rounding_beyond_the_tolerance_is_judged_against_float64() -> None:
    oracle = {"w": np.linspace(1, 2, 100)}
    first = {"w": oracle["w"] * (1 + 1e-3)}
    near, far = {"w": oracle["w"] * (1 - 2e-3)}, {"w": oracle["w"] * (1 - 9e-3)}
    limits = polynet.Tolerance()
    assert [row.passed for row in compare_all("gradient", first, near, lambda: oracle, limits)] == [True]
    assert [row.passed for row in compare_all("gradient", first, far, lambda: oracle, limits)] == [False]
    assert [row.passed for row in compare_all("gradient", first, near, None, limits)] == [False]


def test_a_report_without_rows_does_not_pass() -> None:
    report = polynet.Report("nothing", ("torch", "megengine"), polynet.Tolerance(), ())
    assert not report.passed
    row = Row("forward", "x", (), 0.0, None, None, True)
    assert polynet.Report("one", ("torch", "megengine"), polynet.Tolerance(), (row,)).passed


def test_outputs_in_mappings_and_tuples_are_all_compared(both: tuple[Backend, Backend]) -> None:
    class Several(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(6, 4)

        def forward(self, x: Any) -> Any:
            y = self.fc(x)
            return {"logits": y, "more": (ops.relu(y), ops.sum(y, dim=1))}

    report = polynet.parity(Several, input_size=(6,), steps=0)
    assert [row.name for row in report.sections()["forward"]] == ["output", "output 1", "output 2"]
    assert report.passed


def test_copies_off_by_one_rounding_show_what_rounding_does() -> None:
    oracle = {"w": np.linspace(1, 2, 100)}
    lucky, unlucky = {"w": oracle["w"] * (1 + 2e-5)}, {"w": oracle["w"] * (1 - 9e-3)}
    noisy = {"w": oracle["w"] * (1 + 3e-3)}
    limits = polynet.Tolerance()
    assert not compare_all("gradient", lucky, unlucky, lambda: oracle, limits, lambda number: lucky)[0].passed
    assert compare_all(
        "gradient", lucky, unlucky, lambda: oracle, limits, lambda number: noisy if number == 5 else lucky
    )[0].passed


def test_neither_the_twin_nor_perturbed_copies_are_made_without_need() -> None:
    same = {"w": np.ones(3)}

    def never(number: int = 0) -> Any:
        raise AssertionError

    assert compare_all("gradient", same, same, never, polynet.Tolerance(), never)[0].passed


def test_arrays_longer_than_a_block_are_compared_to_their_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("polynet.proof.measure.BLOCK", 4)
    expected = np.arange(1.0, 11.0).reshape(2, 5)
    actual = expected.copy()
    actual[1, 4] += 0.5
    assert relative_difference(actual, expected) == 0.05
    assert distance(actual, expected) == pytest.approx(0.5 / np.linalg.norm(expected))


def test_a_perturbed_copy_differs_by_one_rounding_and_leaves_the_original(backend: Backend) -> None:
    net = polynet.build(Scaled, backend=backend.name, seed=0)
    before = polynet.state(net)
    copy = Run(net, np.ones((2, 6), np.float32), 0).perturbed(0)
    after = copy.state()
    for name, array in before.items():
        np.testing.assert_array_equal(polynet.state(net)[name], array)
    change = np.abs(after["fc.weight"] / before["fc.weight"] - 1)
    assert 0 < change.max() < 3e-7
