"""The frameworks' own compilers, tracers and exporters see through every family."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from polynet.backend import get_backend, use_backend
from polynet.nn import initialise
from tests.compare import assert_close
from tests.models.small import CLASSES, SMALL


def numbers(side: int) -> Any:
    return np.random.standard_normal((2, 3, side, side)).astype(np.float32)


def small_net(family: str, backend: str) -> Any:
    with use_backend(backend):
        net = SMALL[family].build(num_classes=CLASSES)
        initialise(net, seed=0)
        return net.eval()


@pytest.fixture
def megengine() -> Any:
    module = pytest.importorskip("megengine")
    get_backend("megengine")
    return module


@pytest.mark.parametrize("family", SMALL)
def test_torch_traces_and_exports(family: str) -> None:
    torch = pytest.importorskip("torch")
    net = small_net(family, "torch")
    x = torch.from_numpy(numbers(SMALL[family].side))
    with torch.no_grad():
        expected = net(x)
        assert_close(torch.fx.symbolic_trace(net)(x), expected, 0)
        assert_close(torch.export.export(net, (x,)).module()(x), expected, 1e-6)
        with warnings.catch_warnings():
            # torch announces the end of the function itself; a TracerWarning stays an error, but for the checks within
            # torch's own functions, of which torch by itself does not warn.
            warnings.filterwarnings("ignore", message="`torch.jit", category=FutureWarning)
            warnings.filterwarnings("ignore", message="`torch.jit", category=DeprecationWarning)
            warnings.filterwarnings("ignore", category=torch.jit.TracerWarning, module=r"torch\.nn\.functional")
            assert_close(torch.jit.trace(net, x)(x), expected, 1e-6)


@pytest.mark.parametrize("family", ["resnet-d, grouped, SE", "deit"])
def test_torch_compiles_without_a_graph_break(family: str) -> None:
    torch = pytest.importorskip("torch")
    net = small_net(family, "torch")
    x = torch.from_numpy(numbers(SMALL[family].side))
    with torch.no_grad():
        compiled = torch.compile(net, fullgraph=True, backend="eager")
        assert_close(compiled(x), net(x), 1e-6)


@pytest.fixture
def dumpable(megengine: Any) -> Iterator[None]:
    """The default device of MegEngine's that it can dump from: from `cpux` its own modules fail too."""
    before = megengine.get_default_device()
    megengine.set_default_device("xpux")
    yield
    megengine.set_default_device(before)


@pytest.mark.usefixtures("dumpable")
@pytest.mark.parametrize("family", SMALL)
def test_megengine_traces_and_dumps(family: str, megengine: Any) -> None:
    net = small_net(family, "megengine")
    x = megengine.tensor(numbers(SMALL[family].side))
    expected = net(x)
    traced = megengine.jit.trace(net, symbolic=True, capture_as_const=True)
    assert_close(traced(x), expected, 1e-6)
    file = io.BytesIO()
    traced.dump(file, arg_names=["x"])
    assert len(file.getvalue()) > 1000


@pytest.mark.parametrize("family", SMALL)
def test_megengine_makes_a_traced_module(family: str, megengine: Any) -> None:
    traced_module = pytest.importorskip("megengine.traced_module")
    net = small_net(family, "megengine")
    x = megengine.tensor(numbers(SMALL[family].side))
    assert_close(traced_module.trace_module(net, x)(x), net(x), 1e-6)


@pytest.mark.parametrize("family", [family for family in SMALL if family.startswith("mobilevit")])
def test_torch_traces_resize_maps_that_lie_between_patches_also_at_other_sizes(family: str) -> None:
    torch = pytest.importorskip("torch")
    net = small_net(family, "torch")
    x = torch.from_numpy(numbers(SMALL[family].side))
    other = torch.from_numpy(numbers(68 - SMALL[family].side))
    with torch.no_grad(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="`torch.jit", category=FutureWarning)
        warnings.filterwarnings("ignore", message="`torch.jit", category=DeprecationWarning)
        warnings.filterwarnings("ignore", category=torch.jit.TracerWarning, module=r"torch\.nn\.functional")
        assert_close(torch.fx.symbolic_trace(net)(other), net(other), 0)
        assert_close(torch.jit.trace(net, x)(other), net(other), 1e-6)
