from __future__ import annotations

import sys

import pytest

import polynet
from polynet.errors import BackendUnavailableError, UnknownNameError
from polynet.registry import BACKBONES, NETWORKS


def test_a_network_of_timm_is_timms_own() -> None:
    torch = pytest.importorskip("torch")
    timm = pytest.importorskip("timm")
    net = polynet.build({"NAME": "TIMM_MODEL", "MODEL_NAME": "resnet10t", "NUM_CLASSES": 3}, backend="torch", seed=0)
    assert type(net) is type(timm.create_model("resnet10t"))
    assert tuple(net.eval()(torch.zeros(1, 3, 64, 64)).shape) == (1, 3)
    with polynet.use_backend("torch"), pytest.raises(UnknownNameError, match="timm has no network 'resnet10tt'"):
        BACKBONES.build({"NAME": "TIMM_MODEL", "MODEL_NAME": "resnet10tt"})


def test_it_exists_for_torch_only() -> None:
    for registry in (BACKBONES, NETWORKS):
        with pytest.raises(UnknownNameError, match="'TIMM_MODEL' exists for torch only, not for megengine"):
            registry.get("TIMM_MODEL", backend="megengine")


def test_without_timm_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch")
    monkeypatch.setitem(sys.modules, "timm", None)
    with polynet.use_backend("torch"), pytest.raises(BackendUnavailableError, match=r"pip install 'polynet\[timm\]'"):
        BACKBONES.build({"NAME": "TIMM_MODEL", "MODEL_NAME": "resnet10t"})
