"""The backend without numbers keeps to the seam, and refuses by name whatever needs numbers."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from polynet import nn, ops
from polynet.backend import Backend, backend_of, installed_backends
from polynet.errors import DeviceError, FrameworkMismatchError, InputError, OptionError, UnsupportedError, WeightsError

WITHOUT_FRAMEWORKS = """
import sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("torch", "megengine"):
            raise ImportError(f"{name} is blocked")

sys.meta_path.insert(0, Blocked())
"""


def run_without_frameworks(code: str) -> str:
    completed = subprocess.run(
        [sys.executable, "-c", WITHOUT_FRAMEWORKS + code], capture_output=True, text=True, timeout=120, check=False
    )
    assert completed.returncode == 0, completed.stderr
    return completed.stdout


def test_it_is_no_framework(shapes: Backend) -> None:
    assert not shapes.is_framework
    assert shapes.framework is None
    assert shapes.version is None
    assert shapes.installed
    assert "shapes" not in installed_backends()


def test_importing_it_imports_no_numpy() -> None:
    code = "import polynet_shapes\nassert 'numpy' not in sys.modules\nprint('ok')"
    assert run_without_frameworks(code) == "ok\n"


def test_a_network_runs_where_no_framework_can_be_imported() -> None:
    code = """
import polynet
from polynet import nn, ops
with polynet.use_backend("shapes"):
    net = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Flatten(), nn.Linear(32, 2))
    print(net(ops.zeros((5, 3, 4, 4))).shape)
print(polynet.describe("resnet50").parameters)
print(any(name in sys.modules for name in ("torch", "megengine")))
"""
    assert run_without_frameworks(code) == "(5, 2)\n25557032\nFalse\n"


def test_tensors_take_shape_and_dtype_from_values(shapes: Backend) -> None:
    assert repr(shapes.tensor([[1.0, 2.0]])) == "ShapeTensor([1, 2], float32)"
    assert repr(shapes.tensor(np.zeros((2, 3), np.float64))) == "ShapeTensor([2, 3], float64)"
    assert repr(shapes.tensor([1, 2], dtype="float16")) == "ShapeTensor([2], float16)"
    assert repr(shapes.parameter(np.zeros((2, 3), np.float32))) == "ShapeParameter([2, 3], float32)"
    assert repr(ops.tensor(True)) == "ShapeTensor([], bool)"
    with pytest.raises(InputError, match="ragged"):
        shapes.tensor([[1.0], [1.0, 2.0]])
    with pytest.raises(FrameworkMismatchError):
        shapes.tensor("text")
    with pytest.raises(InputError, match="trained"):
        shapes.parameter([1, 2])
    with pytest.raises(OptionError, match="float32"):
        ops.zeros(3, dtype="float23")


@pytest.mark.parametrize(
    "use",
    [
        lambda backend, x: backend.numpy(x),
        lambda backend, x: ops.to_numpy(x),
        lambda backend, x: np.asarray(x),
        lambda backend, x: x.tolist(),
        lambda backend, x: x.item(),
        lambda backend, x: bool(x),
        lambda backend, x: float(x),
        lambda backend, x: list(range(3))[x],
        lambda backend, x: 1 if x == x else 2,
        lambda backend, x: ops.nonzero(x),
        lambda backend, x: ops.one_hot(ops.cast(x, "int64")),
        lambda backend, x: x[x > 0],
        lambda backend, x: backend.differentiate(lambda: x, [x]),
        lambda backend, x: backend.optimizer("SGD", nn.Linear(2, 2), lr=0.1),
        lambda backend, x: backend.slots(nn.Linear(2, 2))["weight"].read(),
        lambda backend, x: backend.layer("NoSuchLayer"),
    ],
    ids=range(16),
)
def test_what_needs_numbers_is_refused(use: Any, shapes: Backend) -> None:
    with pytest.raises(UnsupportedError):
        use(shapes, ops.zeros((3,)))


def test_tensors_of_others_are_refused(shapes: Backend, torch: Any) -> None:
    with pytest.raises(FrameworkMismatchError):
        ops.matmul(ops.zeros((2, 2)), torch.zeros(2, 2))
    with pytest.raises(FrameworkMismatchError):
        shapes.numpy(torch.zeros(2))
    assert backend_of(ops.zeros(2)) is shapes
    assert backend_of(nn.Linear(2, 2)) is shapes


def test_weights_can_be_tried_on(shapes: Backend) -> None:
    slot = shapes.slots(nn.Linear(2, 3))["weight"]
    slot.write(np.zeros((3, 2), np.float32))
    assert slot.view() is None
    with pytest.raises(WeightsError, match=r"\[3, 2\]"):
        slot.write(np.zeros((2, 3), np.float32))


def test_there_is_one_device(shapes: Backend) -> None:
    assert shapes.devices() == ("meta",)
    assert shapes.device_of(ops.zeros(2)) == ops.device_name(ops.zeros(2)) == "meta"
    assert {shapes.resolve_device(name) for name in ("meta", "cpu", "auto")} == {"meta"}
    with pytest.raises(DeviceError, match="cuda"):
        shapes.resolve_device("cuda:0")
    net = nn.Linear(2, 2)
    assert shapes.place(net, "meta") is net
    shapes.follow_device(net, "meta")
    assert net(ops.zeros((1, 2))).shape == (1, 2)


def test_contexts_and_switches_change_nothing(shapes: Backend) -> None:
    shapes.seed(3)
    shapes.synchronise()
    assert not shapes.is_tracing()
    with shapes.building() as draw_skipped, ops.no_grad():
        net = nn.Linear(2, 2)
        draw_skipped(net.parameters())
    shapes.set_training(net, False)
    assert not net.training
