"""Values of schedules: those of torch where torch has the family, and those that follow from MMEngine's rules."""

from __future__ import annotations

import copy
import math
import warnings
from typing import Any

import pytest

from polynet.train.schedules import (
    BaseClsLR,
    Combination,
    CosineAnnealingLR,
    CosineRestartLR,
    LinearLR,
    MultiStepLR,
    ReduceOnPlateauLR,
    ScheduledGroups,
    StepLR,
    build_schedules,
)

STEPS = 50
BASES = (0.1, 0.003)

FAMILIES: list[tuple[dict[str, Any], str, dict[str, Any]]] = [
    ({"type": "ConstantLR", "factor": 0.2, "end": 11}, "ConstantLR", {"factor": 0.2, "total_iters": 10}),
    ({"type": "LinearLR", "start_factor": 0.2, "end": 11}, "LinearLR", {"start_factor": 0.2, "total_iters": 10}),
    (
        {"type": "LinearLR", "start_factor": 1.0, "end_factor": 0.1},
        "LinearLR",
        {"start_factor": 1.0, "end_factor": 0.1, "total_iters": STEPS - 1},
    ),
    ({"type": "StepLR", "step_size": 7, "gamma": 0.3}, "StepLR", {"step_size": 7, "gamma": 0.3}),
    (
        {"type": "MultiStepLR", "milestones": [30, 5, 5], "gamma": 0.3},
        "MultiStepLR",
        {"milestones": [5, 5, 30], "gamma": 0.3},
    ),
    ({"type": "ExponentialLR", "gamma": 0.93}, "ExponentialLR", {"gamma": 0.93}),
    ({"type": "CosineAnnealingLR", "eta_min": 1e-4}, "CosineAnnealingLR", {"T_max": STEPS, "eta_min": 1e-4}),
    ({"type": "CosineAnnealingLR", "T_max": 12}, "CosineAnnealingLR", {"T_max": 12}),
    (
        {"type": "CosineRestartLR", "periods": [10, 20, 40], "restart_weights": [1, 1, 1], "eta_min": 1e-4},
        "CosineAnnealingWarmRestarts",
        {"T_0": 10, "T_mult": 2, "eta_min": 1e-4},
    ),
    ({"type": "PolyLR", "power": 0.9}, "PolynomialLR", {"power": 0.9, "total_iters": STEPS - 1}),
    ({"type": "PolyLR", "power": 2, "end": 31}, "PolynomialLR", {"power": 2.0, "total_iters": 30}),
    (
        {"type": "OneCycleLR", "eta_max": 0.5},
        "OneCycleLR",
        {"max_lr": 0.5, "total_steps": STEPS, "cycle_momentum": False},
    ),
    (
        {
            "type": "OneCycleLR",
            "eta_max": [0.5, 0.2],
            "three_phase": True,
            "anneal_strategy": "linear",
            "pct_start": 0.4,
        },
        "OneCycleLR",
        {
            "max_lr": [0.5, 0.2],
            "total_steps": STEPS,
            "cycle_momentum": False,
            "three_phase": True,
            "anneal_strategy": "linear",
            "pct_start": 0.4,
        },
    ),
]


def torch_rates(schedulers: list[tuple[str, dict[str, Any]]], steps: int = STEPS) -> list[list[float]]:
    """Learning rates of two groups under torch's own schedulers, all of them stepped at every step."""
    torch = pytest.importorskip("torch")
    groups = [{"params": [torch.zeros(1, requires_grad=True)], "lr": base} for base in BASES]
    optimizer = torch.optim.SGD(groups, lr=1.0)
    made = [getattr(torch.optim.lr_scheduler, name)(optimizer, **options) for name, options in schedulers]
    rates = []
    for _ in range(steps):
        rates.append([group["lr"] for group in optimizer.param_groups])
        optimizer.step()
        with warnings.catch_warnings():
            # torch divides a cosine by what is 0 at its end only where it is reached from there.
            warnings.simplefilter("ignore")
            for scheduler in made:
                scheduler.step()
    return rates


def rates(config: Any, steps: int = STEPS, **limits: Any) -> list[list[float]]:
    """Learning rates of two groups, epoch by epoch."""
    groups = [{"lr": base} for base in BASES]
    scheduled = ScheduledGroups(groups, build_schedules(config, max_epochs=STEPS, **limits))
    found = []
    for epoch in range(steps):
        scheduled.apply(epoch, 0)
        found.append([group["lr"] for group in groups])
    return found


def largest(left: list[list[float]], right: list[list[float]]) -> float:
    assert len(left) == len(right)
    return max(
        abs(one - other)
        for row, column in zip(left, right, strict=True)
        for one, other in zip(row, column, strict=True)
    )


@pytest.mark.parametrize(
    ("config", "name", "options"), FAMILIES, ids=lambda value: value if isinstance(value, str) else ""
)
def test_fifty_steps_are_those_of_torch(config: dict[str, Any], name: str, options: dict[str, Any]) -> None:
    given = copy.deepcopy(config)
    assert largest(rates(config), torch_rates([(name, options)])) < 1e-9
    assert config == given


def test_a_warm_up_and_what_follows_it_are_those_of_torch_in_sequence() -> None:
    torch = pytest.importorskip("torch")
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1)
    first = torch.optim.lr_scheduler.LinearLR(optimizer, start_factor=0.1, total_iters=4)
    then = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=45, eta_min=1e-3)
    sequence = torch.optim.lr_scheduler.SequentialLR(optimizer, [first, then], milestones=[5])
    expected = []
    for _ in range(STEPS):
        expected.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # SequentialLR steps its parts in a way that torch itself warns of
            sequence.step()
    found = rates(
        [
            {"type": "LinearLR", "start_factor": 0.1, "end": 5},
            {"type": "CosineAnnealingLR", "begin": 5, "eta_min": 1e-3},
        ]
    )
    assert max(abs(row[0] - one) for row, one in zip(found, expected, strict=True)) < 1e-9


@pytest.mark.parametrize("eta_min", [0.0, 0.01])
def test_schedules_in_force_together_are_those_that_torch_chains(eta_min: float) -> None:
    found = rates(
        [{"type": "LinearLR", "start_factor": 0.1, "end": 11}, {"type": "CosineAnnealingLR", "eta_min": eta_min}]
    )
    expected = torch_rates(
        [
            ("LinearLR", {"start_factor": 0.1, "total_iters": 10}),
            ("CosineAnnealingLR", {"T_max": STEPS, "eta_min": eta_min}),
        ]
    )
    assert largest(found, expected) < 1e-9


def test_schedules_of_which_one_begins_later_change_what_the_other_leaves() -> None:
    def share(step: int) -> float:
        return 1 + math.cos(math.pi * step / STEPS)

    value, expected = 0.1, []
    for step in range(STEPS):
        if step > 0:
            value = 0.005 + (value - 0.005) * share(step) / share(step - 1)
        if 3 <= step < 8:
            value *= 0.1 if step == 3 else 1 + 0.9 / (4 * 0.1 + (step - 4) * 0.9)
        expected.append(value)
    ramp = {"type": "LinearLR", "start_factor": 0.1, "begin": 3, "end": 8}
    cosine = {"type": "CosineAnnealingLR", "eta_min": 0.005}
    assert [row[0] for row in rates([cosine, ramp])] == pytest.approx(expected, rel=1e-9)


def test_a_distant_position_takes_no_walk_through_those_before_it() -> None:
    steps: list[int] = []

    class Counted(CosineAnnealingLR):
        def at(self, step: int, group: int = 0) -> Any:
            steps.append(step)
            return super().at(step, group)

    anneal = Counted(eta_min=0.01, by_epoch=False, end=10**6)
    Combination([LinearLR(end=100, by_epoch=False), anneal]).at(0, 10**6 - 1)
    assert len(steps) < 300


def test_plateaus_are_those_of_torch() -> None:
    torch = pytest.importorskip("torch")
    figures = [3.0, 2.0, 2.0, 2.1, 1.99999, 1.9, 1.95, 1.96, 1.97, 1.98, 1.99, 1.5, 1.6, 1.6, 1.6, 1.6, 1.6, 1.6, 1.6]
    options = {"factor": 0.3, "patience": 2, "cooldown": 1, "threshold": 1e-3}
    for rule, mode in (("less", "min"), ("greater", "max")):
        for threshold_rule in ("rel", "abs"):
            parameter = torch.zeros(1, requires_grad=True)
            optimizer = torch.optim.SGD([parameter], lr=0.1)
            theirs = torch.optim.lr_scheduler.ReduceLROnPlateau(
                optimizer, mode=mode, threshold_mode=threshold_rule, min_lr=0.002, **options
            )
            groups = [{"lr": 0.1}]
            mine = ReduceOnPlateauLR(
                monitor="figure", rule=rule, threshold_rule=threshold_rule, min_value=0.002, **options
            )
            scheduled = ScheduledGroups(groups, [mine])
            for epoch, figure in enumerate(figures):
                theirs.step(figure)
                scheduled.observe({"figure": figure}, epoch)
                scheduled.apply(epoch, 0)
                assert groups[0]["lr"] == pytest.approx(optimizer.param_groups[0]["lr"], rel=1e-12)
            assert groups[0]["lr"] < 0.1


def test_a_plateau_goes_on_from_its_state() -> None:
    def made() -> ReduceOnPlateauLR:
        return ReduceOnPlateauLR(monitor="loss", patience=1, factor=0.5, cooldown=2)

    figures = [1.0, 1.1, 1.2, 1.3, 1.0, 1.1, 1.2, 1.3, 1.4]
    unbroken = made()
    for figure in figures:
        unbroken.observe({"loss": figure})
    first, then = made(), made()
    for figure in figures[:4]:
        first.observe({"loss": figure})
    then.load_state(first.state())
    for figure in figures[4:]:
        then.observe({"loss": figure})
    assert then.state() == unbroken.state()
    assert then.reduced(0.1) == unbroken.reduced(0.1) < 0.1


COMBINED: list[list[dict[str, Any]]] = [
    [{"type": "LinearLR", "end": 3, "convert_to_iter_based": True}, {"type": "CosineAnnealingLR", "begin": 3}],
    [{"type": "LinearLR", "end": 4}, {"type": "CosineAnnealingLR", "eta_min_ratio": 0.1}],
    [
        {"type": "LinearLR", "end": 4, "convert_to_iter_based": True},
        {"type": "CosineAnnealingLR", "eta_min": 0.01},
    ],
    [
        {"type": "ConstantLR", "end": 9, "by_epoch": False},
        {"type": "PolyLR", "eta_min": 0.001, "by_epoch": False},
        {"type": "StepLR", "step_size": 2},
    ],
    [
        {"type": "LinearLR", "end": 4},
        {"type": "CosineRestartLR", "periods": [3, 3], "restart_weights": [1, 0.5], "eta_min": 0.01},
    ],
]


@pytest.mark.parametrize("config", COMBINED)
def test_any_position_is_reached_without_those_before_it(config: list[dict[str, Any]]) -> None:
    epochs, length = 8, 5

    def made() -> Combination:
        schedules = build_schedules(config, max_epochs=epochs, max_iters=epochs * length, epoch_length=length)
        return Combination(schedules, length)

    walked = made()
    positions = [(iteration // length, iteration) for iteration in range(epochs * length)]
    values = [walked.at(*position).of(0.1, 0.1) for position in positions]
    for position, value in zip(positions, values, strict=True):
        assert made().at(*position).of(0.1, 0.1) == value
    backwards = [walked.at(*position).of(0.1, 0.1) for position in reversed(positions)]
    assert backwards == values[::-1]
    assert len(set(values)) > 4


def test_a_schedule_changes_nothing_before_it_begins_and_keeps_its_last_value() -> None:
    values = [StepLR(step_size=2, gamma=0.5, begin=3, end=8).value(epoch) for epoch in range(12)]
    assert values == [1, 1, 1, 1, 1, 0.5, 0.5, 0.25, 0.25, 0.25, 0.25, 0.25]


def test_the_order_in_a_list_does_not_matter_where_schedules_follow_one_another() -> None:
    warm_up = {"type": "LinearLR", "start_factor": 0.1, "end_factor": 0.5, "end": 5}
    anneal = {"type": "CosineAnnealingLR", "begin": 5, "eta_min": 1e-3}
    assert rates([warm_up, anneal]) == rates([anneal, warm_up])


def test_past_its_end_a_cosine_climbs_to_the_base_whatever_it_took_over() -> None:
    warm_up = {"type": "LinearLR", "start_factor": 0.1, "end_factor": 0.5, "end": 5}
    anneal = {"type": "CosineAnnealingLR", "begin": 5, "T_max": 10, "eta_min": 1e-3}
    found = [row[0] for row in rates([warm_up, anneal])]
    assert [found[step] for step in (5, 15, 25, 35)] == pytest.approx([0.05, 1e-3, 0.1, 1e-3])


def test_the_last_step_taken_elsewhere_is_where_a_schedule_goes_on() -> None:
    whole, rest = StepLR(step_size=3, gamma=0.5), StepLR(step_size=3, gamma=0.5, last_step=6)
    assert [rest.value(epoch) for epoch in range(5)] == [whole.value(epoch) for epoch in range(7, 12)]


def test_a_start_factor_of_zero_is_no_division_by_zero() -> None:
    values = rates(
        [{"type": "LinearLR", "start_factor": 0.0, "end": 5}, {"type": "CosineAnnealingLR", "eta_min": 0.01}]
    )
    assert values[0][0] == 0
    assert all(math.isfinite(value) for row in values for value in row)
    assert 0 < values[2][0] <= 0.1


def test_an_epoch_of_iterations_ends_where_an_epoch_does() -> None:
    schedules = [
        LinearLR(start_factor=0.1, end=6),
        CosineAnnealingLR(T_max=9, end=10),
        MultiStepLR(milestones=[2, 5]),
        StepLR(step_size=3),
        CosineRestartLR(periods=[3, 4], restart_weights=[1, 1], eta_min=0.1),
        BaseClsLR(lr_schedule="cosine", max_epoch=10, warmup_epochs=3),
        BaseClsLR(lr_schedule="rel_exp", max_epoch=10, lr_min_factor=0.01),
    ]
    for schedule in schedules:
        converted = schedule.to_iterations(8)
        assert not converted.by_epoch
        for epoch in range(7):
            # A ramp that ends with its last step ends an iteration, not an epoch, before the next begins.
            allowed = 0.2 if isinstance(schedule, LinearLR) else 1e-12
            assert converted.value(8 * epoch) == pytest.approx(schedule.value(epoch), abs=allowed)
    assert LinearLR(start_factor=0.1, end=6).to_iterations(8).value(47) == 1.0


def basecls_factor(rule: str, epoch: int) -> float:
    """BaseCls's factor, from its documentation: epochs count from 1."""
    factors = {
        "step": 0.1 ** sum(step < epoch for step in (3, 6)),
        "linear": (1 - 0.01) * (1 - (epoch - 1) / 10) + 0.01,
        "cosine": (1 - 0.01) * 0.5 * (1 + math.cos(math.pi * (epoch - 1) / 10)) + 0.01,
        "exp": 0.1 ** (epoch - 1),
        "rel_exp": 0.01 ** ((epoch - 1) / 10),
    }
    if epoch > 4:
        return factors[rule]
    alpha = (epoch - 1) / 4
    return factors[rule] * (0.2 * (1 - alpha) + alpha)


@pytest.mark.parametrize("rule", ["step", "linear", "cosine", "exp", "rel_exp"])
def test_the_rules_of_basecls_give_its_factors(rule: str) -> None:
    solver = {
        "optimizer": "sgd",
        "basic_lr": 0.1,
        "max_epoch": 10,
        "lr_schedule": rule,
        "warmup_epochs": 4,
        "warmup_factor": 0.2,
        "lr_min_factor": 0.01,
        "lr_decay_factor": 0.1,
        "lr_decay_steps": (3, 6),
    }
    schedule = BaseClsLR.from_solver(solver)
    assert [schedule.value(epoch) for epoch in range(10)] == pytest.approx(
        [basecls_factor(rule, epoch + 1) for epoch in range(10)], rel=1e-12
    )


def test_momentum_is_the_first_beta_where_there_are_betas() -> None:
    groups: list[dict[str, Any]] = [{"lr": 0.1, "momentum": 0.9}, {"lr": 0.1, "betas": (0.8, 0.99)}]
    scheduled = ScheduledGroups(groups, build_schedules({"type": "LinearMomentum", "start_factor": 0.5, "end": 3}))
    scheduled.apply(0, 0)
    assert groups == [{"lr": 0.1, "momentum": 0.45}, {"lr": 0.1, "betas": (0.4, 0.99)}]
    scheduled.apply(2, 0)
    assert groups == [{"lr": 0.1, "momentum": 0.9}, {"lr": 0.1, "betas": (0.8, 0.99)}]


def test_any_setting_can_be_scheduled() -> None:
    groups = [{"lr": 0.1, "weight_decay": 0.2}]
    config = {"type": "StepParamScheduler", "param_name": "weight_decay", "step_size": 1, "gamma": 0.5}
    ScheduledGroups(groups, build_schedules(config)).apply(2, 0)
    assert groups == [{"lr": 0.1, "weight_decay": 0.05}]


def test_a_run_goes_on_from_the_bases_of_its_state() -> None:
    scheduled = [ScheduledGroups([{"lr": base}], [StepLR(step_size=1, gamma=0.5)]) for base in (0.1, 0.7)]
    scheduled[1].load_state(scheduled[0].state())
    scheduled[1].apply(1, 0)
    assert scheduled[1].groups == [{"lr": 0.05}]
