"""What schedules are built from, and what is said where that is wrong."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from polynet.errors import ConfigError, ConfigKeyError, ConfigTypeError, OptionError, UnknownNameError
from polynet.train.registry import SCHEDULES
from polynet.train.schedules import (
    ExponentialLR,
    OneCycleLR,
    ReduceOnPlateauLR,
    Schedule,
    ScheduledGroups,
    build_schedules,
    build_schedules_for,
)


def test_several_optimizers_share_a_config_or_have_their_own() -> None:
    class Wrappers:
        optim_wrappers = {"generator": None, "discriminator": None}

    step, linear = {"type": "StepLR", "step_size": 2}, {"type": "LinearLR", "end": 2}
    shared = build_schedules_for(step, Wrappers())
    assert {name: [type(one).__name__ for one in each] for name, each in shared.items()} == {  # type: ignore[union-attr]
        "generator": ["StepLR"],
        "discriminator": ["StepLR"],
    }
    own = build_schedules_for({"generator": step, "discriminator": [step, linear]}, Wrappers())
    assert [len(each) for each in own.values()] == [1, 2]  # type: ignore[union-attr]
    with pytest.raises(ConfigKeyError, match="Did you mean 'generator'"):
        build_schedules_for({"generatr": step, "discriminator": step}, Wrappers())


WRONG: list[tuple[Any, type[Exception], str]] = [
    ({"type": "CosineAnealingLR"}, UnknownNameError, "Did you mean 'CosineAnnealingLR'"),
    ({"type": "StepLR", "stepsize": 3}, OptionError, "Did you mean 'step_size'"),
    ({"type": "StepLR", "step_size": 0}, OptionError, "step_size=0 must be at least 1"),
    ({"type": "StepLR", "step_size": 2, "gamma": -1}, OptionError, "gamma"),
    ({"type": "StepLR", "step_size": 2, "begin": 5, "end": 5}, OptionError, "end=5 must be larger than begin=5"),
    ({"type": "MultiStepLR", "milestones": 30}, OptionError, "milestones is a list"),
    ({"type": "LinearLR", "start_factor": 1.5}, OptionError, "start_factor"),
    ({"type": "CosineAnnealingLR", "eta_min": 0, "eta_min_ratio": 0.1}, OptionError, "not both"),
    ({"type": "CosineAnnealingLR", "eta_min": -1}, OptionError, "eta_min"),
    ({"type": "CosineRestartLR", "periods": [2, 3], "eta_min": 0}, OptionError, "equally many; there are 2 and 1"),
    ({"type": "OneCycleLR", "eta_max": 0.1}, OptionError, "total_steps or end"),
    ({"type": "OneCycleLR", "eta_max": 0.1, "end": 9, "anneal_strategy": "cosine"}, OptionError, "Did you mean 'cos'"),
    ({"type": "ReduceOnPlateauLR", "factor": 1.0}, OptionError, "below 1"),
    ({"type": "ReduceOnPlateauLR", "by_epoch": False}, OptionError, "validations"),
    ({"type": "BaseClsLR", "max_epoch": 5, "lr_schedule": "cosin"}, OptionError, "Did you mean 'cosine'"),
    ({"type": "BaseClsLR", "max_epoch": 5, "lr_schedule": "rel_exp"}, OptionError, "lr_min_factor"),
    ({"type": "BaseClsLR", "max_epoch": 5, "lr_decay_steps": [5, 3]}, OptionError, "in order"),
    ({"type": "LinearLR", "convert_to_iter_based": True}, ConfigError, "no length"),
    ({"type": "LinearLR", "convert_to_iter_based": True, "by_epoch": False}, ConfigError, "by_epoch=True|no length"),
    ({"step_size": 3}, ConfigKeyError, "type"),
    ("StepLR", ConfigTypeError, "mapping"),
    (3, ConfigTypeError, "mapping"),
]


@pytest.mark.parametrize(("config", "error", "message"), WRONG)
def test_what_is_wrong_is_said_with_the_nearest_name(config: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        build_schedules(config)


def test_an_error_says_which_of_several_schedules_it_is() -> None:
    with pytest.raises(OptionError, match=r"^param_scheduler\[1\]: StepLR: step_size"):
        build_schedules([{"type": "StepLR", "step_size": 3}, {"type": "StepLR", "step_size": -3}])


def test_a_setting_that_the_optimizer_does_not_have_is_said_with_the_nearest() -> None:
    config = {"type": "StepParamScheduler", "param_name": "weight_deca", "step_size": 1}
    with pytest.raises(OptionError, match="Did you mean 'weight_decay'"):
        ScheduledGroups([{"lr": 0.1, "weight_decay": 0.2}], build_schedules(config))


def test_a_figure_that_the_validation_does_not_give_is_said_with_the_nearest() -> None:
    with pytest.raises(ConfigKeyError, match=r"'acuracy'.*Did you mean 'accuracy'"):
        ReduceOnPlateauLR(monitor="acuracy").observe({"accuracy": 1.0, "loss": 2.0})


def test_too_few_values_for_the_groups_are_refused() -> None:
    scheduled = ScheduledGroups([{"lr": 0.1}, {"lr": 0.2}], [OneCycleLR(eta_max=[0.1], total_steps=5)])
    with pytest.raises(OptionError, match="1 values"):
        scheduled.apply(0, 0)


def test_the_state_of_other_schedules_is_refused_and_changes_nothing() -> None:
    scheduled = ScheduledGroups([{"lr": 0.1}, {"lr": 0.2}], [ExponentialLR(gamma=0.5)])
    other = ScheduledGroups([{"lr": 0.3}], [ExponentialLR(gamma=0.5)])
    with pytest.raises(ConfigError, match="other settings"):
        scheduled.load_state(other.state())
    assert scheduled.bases == {"lr": [0.1, 0.2]}


def test_every_name_builds_a_schedule_of_that_name() -> None:
    needed: dict[str, dict[str, Any]] = {
        "Step": {"step_size": 1},
        "MultiStep": {"milestones": [1]},
        "Exponential": {"gamma": 0.5},
        "CosineRestart": {"periods": [2], "eta_min": 0},
        "OneCycle": {"eta_max": 0.1, "end": 5},
        "BaseCls": {"max_epoch": 3},
    }
    for name in SCHEDULES:
        family = name.removesuffix("LR").removesuffix("Momentum").removesuffix("ParamScheduler")
        schedule = SCHEDULES.build({"type": name, **needed.get(family, {})})
        assert isinstance(schedule, Schedule)
        assert type(schedule).__name__ == name
        assert inspect.getdoc(type(schedule))
        if name.endswith("Momentum"):
            assert schedule.param_name == "momentum"
