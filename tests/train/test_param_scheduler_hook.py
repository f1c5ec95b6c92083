"""Schedules in a run: what each iteration is stepped with, also after a stop, and with several optimisers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from polynet import nn, ops
from polynet.backend import Backend
from polynet.errors import ConfigKeyError, OptionError, UnsupportedError, WeightsError
from polynet.nn import initialise
from polynet.train import Engine, OptimWrapper, OptimWrapperDict, build_optim_wrapper
from polynet.train.hook import Hook
from polynet.train.hooks.param_scheduler_hook import ParamSchedulerHook
from tests.train.hand_checked_runs import Measured

BATCH = np.ones((2, 3), np.float32)
LENGTH = 4


class Task(nn.Module):
    """A linear model whose loss is its output squared."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(3, 2)

    def train_step(self, data: Any, optim_wrapper: Any) -> dict[str, Any]:
        with optim_wrapper.optim_context(self):
            loss = (self.fc(ops.tensor(data)) ** 2).mean()
            optim_wrapper.update_params(loss)
        return {"loss": loss}

    def val_step(self, data: Any) -> Any:
        return self.fc(ops.tensor(data))

    test_step = val_step


class Noted(Hook):
    """Notes the learning rates and momenta of each iteration."""

    def __init__(self) -> None:
        self.seen: list[Any] = []

    def before_train_iter(self, runner: Any, batch_idx: int, data_batch: Any = None) -> None:
        lr, momentum = runner.optim_wrapper.get_lr(), runner.optim_wrapper.get_momentum()
        self.seen.append(
            [*(rate for rates in lr.values() for rate in rates), *(m for each in momentum.values() for m in each)]
        )


def engine(schedules: Any, epochs: int = 6, wrapper: Any = None, **options: Any) -> tuple[Engine, Noted]:
    net = Task()
    initialise(net, 0)
    config = {"optimizer": {"type": "SGD", "lr": 0.1, "momentum": 0.9}}
    made = Engine(
        net,
        optim_wrapper=wrapper(net) if wrapper else build_optim_wrapper(net, config),
        train_dataloader=[BATCH] * LENGTH,
        limits={"max_epochs": epochs},
        param_schedulers=schedules,
        **options,
    )
    noted = Noted()
    made.register_hook(noted)
    made.register_hook(ParamSchedulerHook())
    return made, noted


def test_each_epoch_is_stepped_with_its_learning_rate(backend: Backend) -> None:
    made, noted = engine([{"type": "MultiStepLR", "milestones": [2, 4], "gamma": 0.5}])
    made.train()
    rates = [row[0] for row in noted.seen]
    assert rates == [0.1] * 2 * LENGTH + [0.05] * 2 * LENGTH + [0.025] * 2 * LENGTH


def test_each_iteration_of_a_warm_up_is_stepped_with_its_own(backend: Backend) -> None:
    warm_up = {"type": "LinearLR", "start_factor": 0.1, "end": 2, "convert_to_iter_based": True}
    made, noted = engine([warm_up, {"type": "StepLR", "step_size": 1, "gamma": 0.5, "begin": 3}])
    made.train()
    rates = [row[0] for row in noted.seen]
    ramp = [0.1 * (0.1 + 0.9 * step / 7) for step in range(8)]
    assert rates == pytest.approx([*ramp, *[0.1] * 8, *[0.05] * 4, *[0.025] * 4])


def test_momentum_is_scheduled_beside_the_learning_rate(backend: Backend) -> None:
    made, noted = engine(
        [{"type": "StepLR", "step_size": 1}, {"type": "LinearMomentum", "start_factor": 0.5, "end": 3}], 3
    )
    made.train()
    assert noted.seen[::LENGTH] == [
        pytest.approx([0.1, 0.45]),
        pytest.approx([0.01, 0.675]),
        pytest.approx([0.001, 0.9]),
    ]


SCHEDULES = [
    {"type": "LinearLR", "start_factor": 0.1, "end": 2, "convert_to_iter_based": True},
    {"type": "CosineAnnealingLR", "begin": 2, "eta_min": 1e-3},
    {"type": "ReduceOnPlateauLR", "monitor": "figure", "patience": 0, "factor": 0.5},
]


class Figure(Hook):
    """Gives the schedules a figure after each epoch that never improves."""

    priority = "LOWEST"

    def after_train_epoch(self, runner: Any) -> None:
        runner.call_hook("after_val_epoch", metrics={"figure": 1.0})


def test_a_run_that_is_resumed_has_the_same_learning_rates(backend: Backend, tmp_path: Path) -> None:
    whole, unbroken = engine(SCHEDULES)
    whole.register_hook(Figure())
    whole.train()

    class Stop(Hook):
        def after_train_iter(self, runner: Any, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
            if runner.iter == 13:
                runner.save_checkpoint(tmp_path / "stopped")
                runner.request_stop("as the test asks")

    first, before = engine(SCHEDULES)
    first.register_hook(Figure())
    first.register_hook(Stop(), priority="VERY_LOW")
    first.train()
    second, after = engine(SCHEDULES)
    second.register_hook(Figure())
    second.resume_from = tmp_path / "stopped"
    second.train()
    assert [*before.seen, *after.seen] == unbroken.seen
    assert len(before.seen) == 14
    weights = [{name: slot.read() for name, slot in backend.slots(made.model).items()} for made in (whole, second)]
    assert all(np.array_equal(weights[0][name], weights[1][name]) for name in weights[0])


def test_a_plateau_follows_the_figures_of_the_validation(backend: Backend) -> None:
    plateau = {"type": "ReduceOnPlateauLR", "monitor": "figure", "patience": 1, "factor": 0.5}
    made, noted = engine([plateau])
    made.register_hook(Figure())
    made.train()
    assert [row[0] for row in noted.seen[::LENGTH]] == [0.1, 0.1, 0.1, 0.05, 0.05, 0.025]


def test_a_figure_that_is_not_there_ends_the_run_with_its_name(backend: Backend) -> None:
    made, _ = engine([{"type": "ReduceOnPlateauLR", "monitor": "figur", "patience": 1}])
    made.register_hook(Figure())
    with pytest.raises(ConfigKeyError, match="Did you mean 'figure'"):
        made.train()


def test_a_validation_outside_training_reduces_nothing(backend: Backend) -> None:
    made, _ = engine([{"type": "ReduceOnPlateauLR", "monitor": "figure", "patience": 0}])
    hook = next(hook for hook in made.hooks if isinstance(hook, ParamSchedulerHook))
    hook.before_run(made)
    for _ in range(3):
        made.call_hook("after_val_epoch", metrics={"figure": 1.0})
    assert made.param_schedulers[0].state() == {"best": None, "bad": 0, "cooldown": 0, "reductions": 0}


def test_a_validation_after_training_reduces_nothing(backend: Backend) -> None:
    figures = Measured({"figure": 1.0} for _ in range(4))
    plateau = {"type": "ReduceOnPlateauLR", "monitor": "figure", "patience": 0, "factor": 0.5, "end": 9}
    made, _ = engine([plateau], 2, val_dataloader=[BATCH], val_evaluator=figures)
    made.train()
    reduced = {"best": 1.0, "bad": 0, "cooldown": 0, "reductions": 1}
    assert (made.param_schedulers[0].state(), made.optim_wrapper.get_lr()) == (reduced, {"lr": [0.05]})
    for _ in range(2):
        made.val()
    assert (made.param_schedulers[0].state(), made.optim_wrapper.get_lr()) == (reduced, {"lr": [0.05]})


def test_rules_for_parameters_and_schedules_multiply(backend: Backend) -> None:
    def ruled(net: Any) -> OptimWrapper:
        optimizer = {"type": "SGD", "lr": 0.1}
        return build_optim_wrapper(net, {"optimizer": optimizer, "paramwise_cfg": {"bias_lr_mult": 2.0}})

    made, noted = engine([{"type": "StepLR", "step_size": 1, "gamma": 0.5}], 2, ruled)
    made.train()
    assert noted.seen[0][:3] == [0.1, 0.1, 0.2]
    assert noted.seen[-1][:3] == [0.05, 0.05, 0.1]


def test_a_wrong_schedule_ends_the_run_before_it_begins(backend: Backend) -> None:
    made, noted = engine([{"type": "StepParamScheduler", "param_name": "lrr", "step_size": 1}])
    with pytest.raises(OptionError, match="Did you mean 'lr'"):
        made.train()
    assert noted.seen == []


# Several optimisers


class Adversaries(nn.Module):
    """A generator of numbers and what tells them from others: a train step of its own, with two optimisers."""

    def __init__(self) -> None:
        super().__init__()
        self.generator = nn.Linear(3, 2)
        self.discriminator = nn.Linear(2, 1)

    def train_step(self, data: Any, optim_wrapper: OptimWrapperDict) -> dict[str, Any]:
        noise = ops.tensor(data)
        one, other = optim_wrapper["discriminator"], optim_wrapper["generator"]
        with one.optim_context(self.discriminator):
            made = ops.stop_gradient(self.generator(noise))
            told = (self.discriminator(made) ** 2).mean() + ((self.discriminator(made * 0 + 1) - 1) ** 2).mean()
            one.update_params(told)
        with other.optim_context(self.generator):
            fooled = ((self.discriminator(self.generator(noise)) - 1) ** 2).mean()
        other.update_params(fooled)
        return {"loss_discriminator": told, "loss_generator": fooled}

    def val_step(self, data: Any) -> Any:
        return self.generator(ops.tensor(data))

    test_step = val_step


def adversaries(**schedules: Any) -> tuple[Engine, Noted]:
    net = Adversaries()
    initialise(net, 0)
    config = {
        "generator": {"optimizer": {"type": "SGD", "lr": 0.1}},
        "discriminator": {"optimizer": {"type": "Adam", "lr": 0.02}, "clip_grad": {"max_norm": 1.0}},
    }
    made = Engine(
        net,
        optim_wrapper=build_optim_wrapper(net, config),
        train_dataloader=[BATCH] * LENGTH,
        limits={"max_epochs": 3},
        **schedules,
    )
    noted = Noted()
    made.register_hook(noted)
    made.register_hook(ParamSchedulerHook())
    return made, noted


@pytest.mark.checklist("S2-61")
def test_a_train_step_may_be_overridden_for_two_optimizers(backend: Backend) -> None:
    made, noted = adversaries(
        param_schedulers={
            "generator": [{"type": "StepLR", "step_size": 1, "gamma": 0.5}],
            "discriminator": {"type": "LinearLR", "start_factor": 0.5, "end": 2},
        }
    )
    before = {name: slot.read() for name, slot in backend.slots(made.model).items()}
    made.train()
    after = {name: slot.read() for name, slot in backend.slots(made.model).items()}
    assert all(not np.array_equal(before[name], after[name]) for name in before)
    assert [row[:2] for row in noted.seen[::LENGTH]] == [[0.1, 0.01], [0.05, 0.02], [0.025, 0.02]]
    assert made.optim_wrapper.last_grad_norm > 0


def test_one_config_schedules_all_optimizers(backend: Backend) -> None:
    made, noted = adversaries(param_schedulers=[{"type": "StepLR", "step_size": 1, "gamma": 0.5}])
    made.train()
    assert noted.seen[-1][:2] == [0.025, 0.005]


def test_two_optimizers_train_alike_on_both_frameworks(both: tuple[Backend, Backend]) -> None:
    from polynet.backend import use_backend

    ends = []
    for each in both:
        with use_backend(each):
            made, _ = adversaries()
            made.train()
            ends.append({name: slot.read() for name, slot in each.slots(made.model).items()})
    for name, array in ends[0].items():
        assert np.abs(array - ends[1][name]).max() < 1e-5, name


def test_the_state_of_several_goes_on(backend: Backend) -> None:
    made, _ = adversaries()
    made.train()
    other, _ = adversaries()
    other.optim_wrapper.load_state(made.optim_wrapper.state())
    assert other.optim_wrapper["generator"].inner_count == 12
    assert other.optim_wrapper.inner_count == 24
    with pytest.raises(ConfigKeyError, match="no 'discriminator' in the state"):
        other.optim_wrapper.load_state({"generator": {}})
    other, _ = adversaries()
    state = made.optim_wrapper.state()
    with pytest.raises(WeightsError):
        other.optim_wrapper.load_state({**state, "discriminator": state["generator"]})
    assert other.optim_wrapper.inner_count == 0


def test_what_is_of_one_optimizer_is_refused_for_several(backend: Backend) -> None:
    wrappers = adversaries()[0].optim_wrapper
    for call in (
        lambda: wrappers.update_params(None),
        lambda: wrappers.backward(None),
        lambda: wrappers.step(),
        lambda: wrappers.scale_loss(None),
        lambda: wrappers.optim_context(None),
    ):
        with pytest.raises(UnsupportedError, match="generator, discriminator") as caught:
            call()
        assert isinstance(caught.value, NotImplementedError)
    with pytest.raises(KeyError, match="Did you mean 'generator'"):
        wrappers["generatr"]
    assert (list(wrappers), len(wrappers), "generator" in wrappers) == (["generator", "discriminator"], 2, True)
    with pytest.raises(OptionError, match="OptimWrapper instances"):
        OptimWrapperDict(generator=3)  # type: ignore[arg-type]
