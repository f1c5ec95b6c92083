"""What the blocks of ResNeSt and Res2Net refuse, and how their grouped convolutions are exported."""

from __future__ import annotations

from typing import Any

import pytest

from polynet.backend import Backend, use_backend
from polynet.errors import OptionError
from polynet.models.networks.res2net import Res2Net
from polynet.models.networks.resnest import ResNeSt
from polynet.weights import load_state, state, to_layout

STAGES: dict[str, Any] = {"depths": (1, 1), "widths": (32, 64), "strides": (1, 2), "stem_w": 8, "bot_muls": 0.5}


@pytest.mark.parametrize(
    ("network", "options", "message"),
    [
        (ResNeSt, {"radix": 0}, "radix must be a whole number of at least 1, not 0"),
        (ResNeSt, {"group_ws": (3, 4)}, "16 channels cannot be divided into groups of 3"),
        (Res2Net, {"scale": 1}, "scale must be a whole number of at least 2, not 1; with one it is a ResNet"),
        (Res2Net, {"scale": 3}, "16 channels cannot be divided into 3 scales"),
        (Res2Net, {"group_ws": (4, 3)}, "8 channels cannot be divided into groups of 3"),
    ],
)
def test_numbers_that_do_not_fit_are_refused(network: Any, options: dict[str, Any], message: str) -> None:
    with use_backend("shapes"), pytest.raises(OptionError, match=message):
        network(**{**STAGES, **options})


@pytest.mark.parametrize(
    ("network", "options"),
    [(ResNeSt, {"group_ws": (8, 8)}), (ResNeSt, {"radix": 1, "group_ws": (4, 4)}), (Res2Net, {"group_ws": (2, 4)})],
)
def test_grouped_convolutions_are_exported_in_megengines_shapes(
    backend: Backend, network: Any, options: dict[str, Any]
) -> None:
    net = network(**{**STAGES, **options}, num_classes=3)
    spelt = to_layout(state(net), "basecls", net.family)
    layers = dict(net.named_modules())
    for name, array in spelt.items():
        layer = layers[name.rpartition(".")[0]]
        groups = getattr(layer, "groups", 1)
        if name.endswith(".weight") and groups > 1:
            assert array.shape[:2] == (groups, layer.out_channels // groups), name
    assert sum(array.ndim == 5 for array in spelt.values()) >= 2
    assert load_state(net, spelt, layout="basecls").ok


@pytest.mark.parametrize(("network", "final"), [(ResNeSt, "c_bn"), (Res2Net, "c_bn")])
def test_a_network_can_start_as_an_identity(backend: Backend, network: Any, final: str) -> None:
    net = network(**STAGES, zero_init_final_gamma=True)
    recipe = net.recipe
    slots = backend.slots(net)
    first = recipe.initialiser(slots[f"s1.b1.{final}.weight"])
    assert first is not None
    assert first.value == 0.0
    assert recipe.initialiser(slots["s1.b1.a_bn.weight"]).value == 1.0
