"""Rates of dropout are settable by the same names in every family."""

from __future__ import annotations

from typing import Any

import pytest

import polynet
from polynet.backend import Backend, use_backend
from polynet.errors import OptionError
from polynet.models.common_options import with_common_options
from tests.models.small import CLASSES, SMALL

WITHOUT_BRANCHES = {"alexnet", "vgg", "densenet", "squeezenet", "inception", "googlenet"}
"""Families without residual branches to drop."""

FAMILIES = sorted({name.partition(",")[0] for name in SMALL})


def built(family: str, backend: str, **options: Any) -> Any:
    factory = SMALL[family].build
    with use_backend(backend):
        return factory(**with_common_options(factory, {"num_classes": CLASSES, **options}))


def rates(net: Any, *kinds: str) -> set[float]:
    return {module.p for module in net.modules() if type(module).__name__ in kinds and module.p}


@pytest.mark.parametrize("family", SMALL)
def test_drop_rate_sets_dropout(family: str) -> None:
    net = built(family, "shapes", drop_rate=0.3)
    assert 0.3 in rates(net, "Dropout", "Dropout2d")


@pytest.mark.parametrize("name", ["drop_path_rate", "drop_path_prob"])
@pytest.mark.parametrize("family", SMALL)
def test_drop_path_rate_sets_stochastic_depth_or_is_refused(family: str, name: str) -> None:
    network = SMALL[family].build.network
    if network.family in WITHOUT_BRANCHES:
        with pytest.raises(OptionError, match=f"no option '{name}'"):
            built(family, "shapes", **{name: 0.3})
        return
    found = rates(built(family, "shapes", **{name: 0.3}), "DropPath")
    assert bool(found) != ("deployed" in family)  # merged branches are there no more
    assert max(found, default=0) <= 0.3


def test_both_names_of_one_option_are_refused() -> None:
    with pytest.raises(OptionError, match="are the same option"):
        polynet.build("resnet18", backend="shapes", drop_path_rate=0.1, drop_path_prob=0.1)


def test_build_takes_the_common_names(backend: Backend) -> None:
    net = polynet.build("resnet18", backend=backend.name, drop_rate=0.25, drop_path_rate=0.2, num_classes=3)
    assert net.head.dropout is not None
    assert max(rates(net, "DropPath")) == pytest.approx(0.175)


@pytest.mark.parametrize("name", ["dropout_prob", "dropout", "drop_rte"])
def test_other_words_for_dropout_lead_to_drop_rate(name: str) -> None:
    options: dict[str, Any] = {name: 0.1}
    with pytest.raises(OptionError, match=r"Did you mean 'drop_rate'") as caught:
        polynet.build("regnety_032", backend="shapes", **options)
    assert "given to polynet.build: drop_rate, drop_path_rate, features_only" in str(caught.value)


def test_a_network_without_branches_names_no_drop_path() -> None:
    with pytest.raises(OptionError, match=r"given to polynet.build: drop_rate, features_only\.$"):
        polynet.build("vgg11", backend="shapes", drop_out=0.1)


@pytest.mark.parametrize("rate", [1.0, -0.1, float("nan"), "0.1", True])
@pytest.mark.parametrize("name", ["drop_rate", "drop_path_rate", "drop_path_prob"])
def test_rates_are_at_least_0_and_less_than_1(name: str, rate: Any) -> None:
    with pytest.raises(OptionError, match=f"{name} must be a number of at least 0 and less than 1"):
        polynet.build("resnet18", backend="shapes", **{name: rate})


@pytest.mark.parametrize("factor", [0, -1, float("inf"), None])
@pytest.mark.parametrize(("network", "name"), [("mbnetv2_x100", "width_mult"), ("effnet_b0", "depth_mult")])
def test_multipliers_are_more_than_0(network: str, name: str, factor: Any) -> None:
    with pytest.raises(OptionError, match=f"{name} must be more than 0"):
        polynet.build(network, backend="shapes", **{name: factor})


def test_every_one_of_several_multipliers_is_more_than_0() -> None:
    with pytest.raises(OptionError, match="width_multiplier must be more than 0"):
        polynet.build("repvgg_a0", backend="shapes", width_multiplier=(1, 0, 1, 1))
