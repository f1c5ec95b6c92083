"""Rates of dropout are settable by the same names in every family."""

from __future__ import annotations

from typing import Any

import pytest

import polynet
from polynet.backend import Backend, use_backend
from polynet.errors import OptionError
from polynet.models.common_options import with_common_options
from tests.models.small import CLASSES, SMALL

WITHOUT_BRANCHES = {"alexnet", "vgg", "densenet", "squeezenet", "inception", "googlenet", "hrnet"}
"""Families without residual branches to drop, and HRNet, whose paper drops none."""

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
