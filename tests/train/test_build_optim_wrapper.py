"""From a config to optimisers and their wrappers."""

from __future__ import annotations

from typing import Any

import pytest

from polynet import nn
from polynet.backend import Backend
from polynet.errors import ConfigKeyError, ConfigTypeError, OptionError, UnknownNameError
from polynet.train import AmpOptimWrapper, OptimWrapper, OptimWrapperDict, build_optim_wrapper
from tests.train.test_parameter_groups import SGD, built, table


def test_a_config_says_the_wrapper_and_its_options(backend: Backend) -> None:
    config = {
        "type": "OptimWrapper",
        "optimizer": {"type": "AdamW", "lr": 1e-3, "betas": (0.9, 0.95)},
        "accumulative_counts": 4,
        "clip_grad": {"max_norm": 1.0},
    }
    wrapper = build_optim_wrapper(nn.Linear(1, 1), config)
    assert type(wrapper) is OptimWrapper
    assert (wrapper.optimizer.name, wrapper.accumulative_counts) == ("adamw", 4)
    assert wrapper.get_momentum() == {"momentum": [0.9]}
    if backend.why_no_autocast("cpu", "float16") is None:
        amp = build_optim_wrapper(nn.Linear(1, 1), {**config, "type": "AmpOptimWrapper", "dtype": "float16"})
        assert isinstance(amp, AmpOptimWrapper)
        assert amp.loss_scale is not None


def test_what_is_trained_is_what_a_task_says(backend: Backend) -> None:
    class Task(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.network = nn.Linear(1, 1)
            self.teacher = nn.Linear(1, 1)

        def weights_module(self) -> Any:
            return self.network

    assert set(table(built(Task(), None), "lr")) == {"weight", "bias"}


def test_several_parts_have_an_optimizer_each(backend: Backend) -> None:
    net = nn.Module()
    net.generator, net.discriminator = nn.Linear(1, 2), nn.Linear(2, 1)
    wrappers = build_optim_wrapper(
        net, {"generator": {"optimizer": SGD}, "discriminator": {"optimizer": {"type": "Adam", "lr": 0.2}}}
    )
    assert isinstance(wrappers, OptimWrapperDict)
    assert wrappers.get_lr() == {"generator.lr": [0.1], "discriminator.lr": [0.2]}
    with pytest.raises(ConfigKeyError, match="Did you mean 'generator'"):
        build_optim_wrapper(net, {"generatr": {"optimizer": SGD}})


@pytest.mark.parametrize(
    ("config", "error", "message"),
    [
        (
            {"optimizer": {"type": "SDG", "lr": 0.1}},
            UnknownNameError,
            "optim_wrapper: There is no optimiser 'SDG'.*sgd",
        ),
        ({"optimizer": {"type": "SGD", "lr": -0.1}}, OptionError, "lr must be"),
        ({"optimizer": {"type": "SGD", "lr": 0.1, "momentun": 0.9}}, OptionError, "Did you mean 'momentum'"),
        ({"optimizer": {"type": "Adam", "betas": (0.9, 1.5)}}, OptionError, "betas"),
        ({"optimizer": {"lr": 0.1}}, ConfigKeyError, "needs `type`"),
        ({"optimizer": 3}, ConfigTypeError, "optimizer is a mapping"),
        (
            {"optimiser": {"type": "SGD"}},
            ConfigKeyError,
            "needs `optimizer`.*Is 'optimiser' meant",
        ),
        ({"type": "OptimWraper", "optimizer": SGD}, UnknownNameError, "Did you mean 'OptimWrapper'"),
        ({"optimizer": SGD, "accumulative_count": 2}, OptionError, "Did you mean 'accumulative_counts'"),
        ({"optimizer": SGD, "constructor": "DefaultConstructor"}, UnknownNameError, "constructor"),
        ({"optimizer": SGD, "paramwise_cfg": 3}, ConfigTypeError, "paramwise_cfg is a mapping"),
        ("SGD", ConfigTypeError, "optim_wrapper is a mapping"),
    ],
)
def test_a_wrong_config_is_said(backend: Backend, config: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        build_optim_wrapper(nn.Linear(1, 1), config)


def test_an_optimizer_that_is_made_is_wrapped_as_it_is(backend: Backend) -> None:
    net = nn.Linear(2, 2)
    optimizer = backend.optimizer("sgd", net, groups=[{"names": ["weight"]}, {"names": ["bias"], "lr": 0.2}], lr=0.1)
    wrapper = build_optim_wrapper(net, {"optimizer": optimizer})
    assert wrapper.optimizer is optimizer
    assert wrapper.get_lr() == {"lr": [0.1, 0.2]}
    assert build_optim_wrapper(net, wrapper) is wrapper
    with pytest.raises(OptionError, match="this one is made"):
        build_optim_wrapper(net, {"optimizer": optimizer, "paramwise_cfg": {"bias_lr_mult": 2.0}})


def test_the_class_of_an_optimizer_stands_for_its_name(backend: Backend) -> None:
    class AdamW:
        """As `torch.optim.AdamW` would be given."""

    assert build_optim_wrapper(nn.Linear(1, 1), {"optimizer": {"type": AdamW, "lr": 0.1}}).optimizer.name == "adamw"


def test_learning_rates_of_several_optimizers_are_scaled_with_the_batch(backend: Backend) -> None:
    from types import SimpleNamespace

    from polynet.train.scaled_rate import scale_learning_rate

    net = nn.Module()
    net.first, net.second = nn.Linear(1, 1), nn.Linear(1, 1)
    wrappers = build_optim_wrapper(net, {"first": {"optimizer": SGD}, "second": {"optimizer": SGD}})
    logger = SimpleNamespace(info=lambda *message: None)
    loader = SimpleNamespace(batch_size=8)
    engine = SimpleNamespace(train_dataloader=loader, world_size=2, optim_wrapper=wrappers, logger=logger)
    scale_learning_rate(engine, {"base_batch_size": 32})
    assert wrappers.get_lr() == {"first.lr": [0.05], "second.lr": [0.05]}
