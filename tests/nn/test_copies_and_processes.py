"""Specialised modules survive copying, pickling, files, threads and other processes, or say clearly why not."""

from __future__ import annotations

import concurrent.futures
import copy
import multiprocessing
import os
import pickle
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from polynet import nn, ops
from polynet.backend import Backend, backend_of, get_backend, use_backend
from polynet.errors import BackendThreadError
from polynet.nn import specialise
from tests.nn.networks import Block, Chain, Counted, Described, Network, Scaled, run, samples

CLASSES = [Network, Chain, Scaled, Counted, Described]


def built(cls: Any) -> Any:
    return cls(4, 4) if cls is Scaled else cls()


@pytest.mark.parametrize("cls", CLASSES)
@pytest.mark.parametrize("protocol", [2, pickle.HIGHEST_PROTOCOL])
def test_pickle_restores_class_and_numbers(backend: Backend, cls: Any, protocol: int) -> None:
    network = built(cls)
    restored = pickle.loads(pickle.dumps(network, protocol))
    assert type(restored) is type(network)
    np.testing.assert_array_equal(run(restored, samples()), run(network, samples()))


def test_pickle_restores_on_its_own_backend_whichever_is_active(both: tuple[Backend, Backend]) -> None:
    for backend, other in (both, both[::-1]):
        with use_backend(backend):
            data = pickle.dumps(Network())
        with use_backend(other):
            assert backend_of(pickle.loads(data)) is backend


def test_classes_themselves_pickle_by_name(backend: Backend) -> None:
    for cls in (Network, specialise(Network, backend), nn.Conv2d):
        assert pickle.loads(pickle.dumps(cls)) is cls
        assert copy.deepcopy(cls) is cls


@pytest.mark.parametrize("cls", CLASSES)
def test_deepcopy_is_equal_and_independent(backend: Backend, cls: Any) -> None:
    network = built(cls)
    expected = run(network, samples())
    twin = copy.deepcopy(network)
    assert type(twin) is type(network)
    for slot in backend.slots(twin).values():
        slot.write(np.zeros(slot.shape, np.float32))
    np.testing.assert_array_equal(run(network, samples()), expected)
    assert not np.array_equal(run(twin, samples()), expected)


def test_deepcopy_keeps_buffers_that_are_not_saved(backend: Backend) -> None:
    twin = copy.deepcopy(Block())
    assert tuple(twin.cache.shape) == (1,)
    assert "cache" not in backend.slots(twin)


def test_torch_saves_and_loads_the_whole_module(reference: Backend, tmp_path: Path) -> None:
    import torch

    with use_backend(reference):
        network = Network()
    torch.save(network, tmp_path / "network.pt")
    restored = torch.load(tmp_path / "network.pt", weights_only=False)
    assert type(restored) is type(network)
    np.testing.assert_array_equal(run(restored, samples()), run(network, samples()))


def test_megengine_saves_and_loads_the_whole_module(both: tuple[Backend, Backend], tmp_path: Path) -> None:
    import megengine

    with use_backend(both[1]):
        network = Network()
    megengine.save(network, str(tmp_path / "network.pkl"))
    restored = megengine.load(str(tmp_path / "network.pkl"))
    assert type(restored) is type(network)
    np.testing.assert_array_equal(run(restored, samples()), run(network, samples()))


def output_in_a_worker(data: bytes) -> tuple[bytes, bool]:
    """Runs in another process: restore a network, run it, and send it back."""
    network = pickle.loads(data)
    return run(network, samples()).tobytes(), isinstance(network, Network)


def test_spawned_worker_restores_and_runs(backend: Backend) -> None:
    network = Network()
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        output, is_instance = pool.apply(output_in_a_worker, (pickle.dumps(network),))
    assert is_instance
    np.testing.assert_allclose(
        np.frombuffer(output, np.float32).reshape(2, 3), run(network, samples()), rtol=1e-6, atol=1e-7
    )


def test_threads_build_on_torch_at_once_and_agree(reference: Backend) -> None:
    class Fresh(Network):
        """Not specialised before the threads race for it."""

    barrier = threading.Barrier(8)

    def build(_: int) -> Any:
        barrier.wait()
        with use_backend(reference), reference.building():
            network = Fresh()
        nn.initialise(network, seed=3)
        return network

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        networks = list(pool.map(build, range(8)))
    assert len({type(network) for network in networks}) == 1
    expected = run(networks[0], samples())
    assert all((run(network, samples()) == expected).all() for network in networks)


def test_each_thread_has_its_own_active_backend(both: tuple[Backend, Backend]) -> None:
    with use_backend(both[1]), concurrent.futures.ThreadPoolExecutor(1) as pool:

        def build() -> Any:
            with use_backend("torch"):
                return nn.Linear(1, 1)

        assert backend_of(pool.submit(build).result()) is both[0]
        assert backend_of(nn.Linear(1, 1)) is both[1]


def test_megengine_in_another_thread_is_refused_by_name(both: tuple[Backend, Backend]) -> None:
    tensor = both[1].tensor([1.0, -1.0])
    specialised: Any = specialise(Network, both[1])

    def attempt(work: Any) -> Any:
        with concurrent.futures.ThreadPoolExecutor(1, "worker") as pool:
            return pool.submit(work).result()

    for work in (
        lambda: use_backend("megengine"),
        lambda: get_backend("megengine"),
        lambda: ops.relu(tensor),
        lambda: ops.cat([tensor, tensor], dim=0),
        lambda: both[1].numpy(tensor),
        specialised,
    ):
        with pytest.raises(BackendThreadError, match=r"thread 'worker.*Run MegEngine work in that thread"):
            attempt(work)
    assert both[1].numpy(ops.relu(tensor)).tolist() == [1.0, 0.0]


FORK = """
import os, sys, warnings
warnings.simplefilter("ignore")
from polynet import nn, ops
from polynet.backend import use_backend
from polynet.errors import BackendThreadError
with use_backend("megengine") as backend:
    x = ops.tensor([1.0])
    ops.relu(x)
    child = os.fork()
    if child == 0:
        refused = 0
        for work in (lambda: nn.Linear(1, 1), lambda: ops.relu(x), lambda: use_backend("megengine")):
            try:
                work()
            except BackendThreadError as error:
                refused += "spawn" in str(error)
        os._exit(40 + refused)
    status = os.waitpid(child, 0)[1]
    print(os.waitstatus_to_exitcode(status), ops.relu(x).tolist())
"""


def test_megengine_after_a_fork_is_refused_in_the_child_and_works_in_the_parent(both: tuple[Backend, Backend]) -> None:
    done = subprocess.run([sys.executable, "-c", FORK], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split("\n")[0] == "43 [1.0]"


NATIVE_FIRST = """
import warnings
warnings.simplefilter("ignore")
import {framework} as framework
native = {layers}.Conv2d(1, 1, 1)
from polynet import nn
assert isinstance(native, nn.Conv2d) and isinstance(native, nn.Module) and not isinstance(native, nn.Linear)
print("counted")
"""


def test_native_layers_count_even_before_polynet_is_asked_for_their_framework(backend: Backend) -> None:
    layers = {"torch": "framework.nn", "megengine": "__import__('megengine.module').module"}[backend.name]
    code = NATIVE_FIRST.format(framework=backend.framework, layers=layers)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout.strip().endswith("counted"), done.stderr


def test_megengine_imported_first_leaves_one_device_for_all() -> None:
    pytest.importorskip("megengine")
    program = (
        "import warnings; warnings.simplefilter('ignore')\n"
        "import megengine, os, polynet\n"
        "backend = polynet.get_backend('megengine')\n"
        "net = polynet.build({'name': 'ResNet', 'depths': [1], 'widths': [8], 'strides': [1], 'stem_w': 8},\n"
        "                    backend='megengine', device='cpu')\n"
        "net.eval()\n"
        "net(megengine.Tensor([[[[0.0] * 32] * 32] * 3])).numpy()\n"
        "assert os.environ['MGE_DEFAULT_DEVICE'] == str(megengine.get_default_device())\n"
    )
    surroundings = {name: value for name, value in os.environ.items() if name != "MGE_DEFAULT_DEVICE"}
    subprocess.run([sys.executable, "-c", program], env=surroundings, check=True, capture_output=True)
