"""The frameworks' own compilers, tracers and exporters see what a tuner added."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from typing import Any

import pytest

from polynet.backend import get_backend, use_backend
from tests.compare import assert_close
from tests.models.tuners.small import TUNERS, images, small, trained_steps

NAMES = ("LoRA", "DoRA", "Adapter on maps", "ResTuner", "SSF", "Prefix", "deep prompts", "shallow prompts")

every = pytest.mark.parametrize("name", NAMES)


def tuned_net(name: str, backend: str) -> Any:
    with use_backend(backend):
        net = small()
        TUNERS[name]().apply(net)
        trained_steps(get_backend(backend), net)
        return net


@every
def test_torch_traces_a_tuned_network(name: str) -> None:
    torch = pytest.importorskip("torch")
    net = tuned_net(name, "torch")
    x = torch.from_numpy(images())
    with torch.no_grad(), warnings.catch_warnings():
        expected = net(x)
        # The small network's padding depends on the image's size, of which torch warns, tuner or none; it also
        # announces the end of the function.
        warnings.simplefilter("ignore")
        assert_close(torch.jit.trace(net, x)(x), expected, 1e-6)


@pytest.mark.parametrize("name", ["LoRA", "Prefix", "shallow prompts"])
def test_torch_exports_and_compiles_a_tuned_network_without_a_graph_break(name: str) -> None:
    torch = pytest.importorskip("torch")
    net = tuned_net(name, "torch")
    x = torch.from_numpy(images())
    with torch.no_grad():
        assert_close(torch.compile(net, fullgraph=True, backend="eager")(x), net(x), 1e-6)
        assert_close(torch.export.export(net, (x,)).module()(x), net(x), 1e-6)


@pytest.fixture
def dumpable() -> Iterator[Any]:
    """MegEngine, on the default device that it can dump from."""
    megengine = pytest.importorskip("megengine")
    get_backend("megengine")
    before = megengine.get_default_device()
    megengine.set_default_device("xpux")
    yield megengine
    megengine.set_default_device(before)


@every
def test_megengine_traces_and_dumps_a_tuned_network(name: str, dumpable: Any) -> None:
    net = tuned_net(name, "megengine")
    x = dumpable.tensor(images())
    expected = net(x)
    traced = dumpable.jit.trace(net, symbolic=True, capture_as_const=True)
    assert_close(traced(x), expected, 1e-6)
    assert_close(traced(x), expected, 1e-6)
    file = io.BytesIO()
    traced.dump(file, arg_names=["x"])
    assert len(file.getvalue()) > 1000
