"""Networks on a GPU: placement, splitting over devices, numbers, weights, parity. Skipped where torch sees no GPU."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import polynet
from polynet import nn, ops
from polynet.backend import Backend, get_backend
from polynet.errors import DeviceError
from tests.compare import assert_close

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="torch sees no GPU here")

SMALL = {"name": "ResNet", "depths": (1, 1), "widths": (16, 32), "strides": (1, 2), "stem_w": 16, "num_classes": 5}


@pytest.fixture(autouse=True)
def _exact(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compare float32 with float32: TF32 keeps ten bits."""
    monkeypatch.setattr(torch.backends.cuda.matmul, "allow_tf32", False)
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", False)


@pytest.fixture
def gpu() -> Backend:
    return get_backend("torch")


def images(count: int = 2) -> np.ndarray[Any, Any]:
    return np.random.default_rng(0).standard_normal((count, 3, 64, 64), dtype=np.float32)


def test_devices_are_listed_and_auto_takes_the_first_gpu(gpu: Backend) -> None:
    assert polynet.devices("torch")[:2] == ("cpu", "cuda:0")
    assert gpu.resolve_device("auto") == gpu.resolve_device("cuda") == "cuda:0"


@pytest.mark.parametrize("config", [SMALL, "resnet50", "mbnetv3_small_x100", "vit_tiny_patch16_224"])
def test_a_gpu_computes_what_the_cpu_computes(gpu: Backend, config: Any) -> None:
    size = 224 if config == "vit_tiny_patch16_224" else 64
    batch = np.random.default_rng(0).standard_normal((2, 3, size, size), dtype=np.float32)
    nets = [polynet.build(config, backend="torch", device=device, seed=0).eval() for device in ("cpu", "cuda")]
    assert gpu.device_of(nets[1]) == "cuda:0"
    with torch.no_grad():
        expected, actual = (net(gpu.tensor(batch, device=gpu.device_of(net))) for net in nets)
    assert actual.device.type == "cuda"
    assert_close(actual, expected, relative=1e-4)


def test_a_backbone_and_a_head_lie_on_two_devices(gpu: Backend) -> None:
    net = polynet.build(SMALL, backend="torch", device={"": "cuda:0", "head": "cpu"}, seed=0).eval()
    assert {slot.tensor.device.type for name, slot in gpu.slots(net).items() if name.startswith("head.")} == {"cpu"}
    assert {slot.tensor.device.type for name, slot in gpu.slots(net).items() if name.startswith("s1.")} == {"cuda"}
    output = net(gpu.tensor(images(), device="cuda:0"))
    assert output.device.type == "cpu"
    output.sum().backward()
    assert net.stem.conv.weight.grad.device.type == "cuda"


def test_a_gpu_that_is_not_there_is_refused() -> None:
    with pytest.raises(DeviceError, match="Present"):
        polynet.build(SMALL, backend="torch", device=f"cuda:{torch.cuda.device_count()}")


def test_weights_go_to_a_file_and_back_from_a_gpu(tmp_path: Path) -> None:
    first, second = (polynet.build(SMALL, backend="torch", device="cuda", seed=seed) for seed in (0, 1))
    polynet.save(first, tmp_path / "net.safetensors")
    assert polynet.load(second, tmp_path / "net.safetensors").ok
    for name, array in polynet.state(first).items():
        np.testing.assert_array_equal(polynet.state(second)[name], array)


def test_a_new_classifier_lies_where_the_network_does(gpu: Backend) -> None:
    net = polynet.build(SMALL, backend="torch", device="cuda")
    net.reset_classifier(7)
    assert tuple(net(gpu.tensor(images(), device="cuda")).shape) == (2, 7)


def test_tensors_made_like_another_lie_beside_it(gpu: Backend) -> None:
    x = gpu.tensor(images(), device="cuda")
    for made in (ops.zeros((2,), like=x), ops.tensor([1.0], like=x), ops.arange(3, like=x), ops.ones_like(x)):
        assert made.device == x.device
    assert ops.device_name(ops.to(x, device="cpu")) == "cpu"


def test_training_steps_run_on_the_gpu(gpu: Backend) -> None:
    net = polynet.build(SMALL, backend="torch", device="cuda", seed=0)
    x = gpu.tensor(images(8), device="cuda")
    labels = gpu.tensor(np.arange(8) % 5, device="cuda")
    optimizer = gpu.optimizer("sgd", net, lr=0.05, momentum=0.9)
    losses = [optimizer.step(lambda: ops.cross_entropy(net(x), labels)) for _ in range(20)]
    assert losses[-1] < 0.3 * losses[0]


def test_parity_of_cpu_and_gpu_builds_holds() -> None:
    nets = tuple(polynet.build(SMALL, backend="torch", device=device, seed=0) for device in ("cpu", "cuda"))
    report = polynet.parity(nets, input_size=(3, 64, 64), batch_size=4)
    assert report.passed, str(report)


def test_recurrent_and_attention_layers_run_on_the_gpu(gpu: Backend) -> None:
    with polynet.use_backend("torch"):
        attention, recurrent = (
            nn.MultiheadAttention(8, 2, batch_first=True).cuda(),
            nn.LSTM(8, 8, batch_first=True).cuda(),
        )
    x = gpu.tensor(np.ones((2, 5, 8), np.float32), device="cuda")
    assert attention(x, x, x)[0].device.type == recurrent(x)[0].device.type == "cuda"


def test_compiled_networks_run_on_the_gpu(gpu: Backend) -> None:
    net = polynet.build(SMALL, backend="torch", device="cuda", seed=0).eval()
    x = gpu.tensor(images(), device="cuda")
    with torch.no_grad():
        assert_close(torch.compile(net, fullgraph=True)(x), net(x), relative=1e-4)
