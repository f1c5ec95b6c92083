"""Exports in other libraries' layouts load strictly into networks written by hand with those libraries' names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import polynet  # noqa: E402 - after the check that torch is there
from polynet.backend import Backend  # noqa: E402 - likewise
from tests.compare import assert_close  # noqa: E402 - likewise

SMALL: dict[str, Any] = {"depths": [1, 1], "widths": [8, 16], "strides": [1, 2], "stem_w": 8, "num_classes": 3}


class BasicBlock(torch.nn.Module):
    """torchvision's and timm's BasicBlock, by its names."""

    def __init__(self, width_in: int, width: int, stride: int) -> None:
        super().__init__()
        self.conv1 = torch.nn.Conv2d(width_in, width, 3, stride, 1, bias=False)
        self.bn1 = torch.nn.BatchNorm2d(width)
        self.conv2 = torch.nn.Conv2d(width, width, 3, 1, 1, bias=False)
        self.bn2 = torch.nn.BatchNorm2d(width)
        self.downsample = None
        if stride > 1:
            shortcut = torch.nn.Conv2d(width_in, width, 1, stride, bias=False)
            self.downsample = torch.nn.Sequential(shortcut, torch.nn.BatchNorm2d(width))

    def forward(self, x: Any) -> Any:
        out = self.bn2(self.conv2(torch.relu(self.bn1(self.conv1(x)))))
        return torch.relu(out + (x if self.downsample is None else self.downsample(x)))


class HandWritten(torch.nn.Module):
    """The same network as `SMALL`, in torch alone."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = torch.nn.Conv2d(3, 8, 7, 2, 3, bias=False)
        self.bn1 = torch.nn.BatchNorm2d(8)
        self.maxpool = torch.nn.MaxPool2d(3, 2, 1)
        self.layer1 = torch.nn.Sequential(BasicBlock(8, 8, 1))
        self.layer2 = torch.nn.Sequential(BasicBlock(8, 16, 2))
        self.fc = torch.nn.Linear(16, 3)

    def forward(self, x: Any) -> Any:
        x = self.maxpool(torch.relu(self.bn1(self.conv1(x))))
        return self.fc(self.layer2(self.layer1(x)).mean((2, 3)))


@pytest.mark.parametrize("layout", ["torchvision", "timm"])
def test_a_network_with_their_names_takes_it_strictly_and_is_the_same(
    backend: Backend, tmp_path: Path, layout: str
) -> None:
    net = polynet.build("ResNet", backend=backend.name, seed=0, **SMALL)
    backend.set_training(net, False)
    path = tmp_path / "weights.pth"
    polynet.save(net, path, layout=layout)
    found = torch.load(path, weights_only=True)
    counters = [tensor for name, tensor in found.items() if name.endswith("num_batches_tracked")]
    assert len(counters) == sum(name.endswith("running_mean") for name in found) == 6
    assert {(tensor.dtype, tensor.shape, int(tensor)) for tensor in counters} == {(torch.int64, torch.Size([]), 0)}
    written = HandWritten().eval()
    assert str(written.load_state_dict(found, strict=True)) == "<All keys matched successfully>"
    images = np.random.default_rng(0).normal(size=(2, 3, 32, 32)).astype(np.float32)
    with torch.no_grad():
        expected = written(torch.from_numpy(images)).numpy()
    assert_close(backend.numpy(net(backend.tensor(images))), expected)


@pytest.mark.parametrize("name", ["vgg11_bn", "mbnetv2_x050", "effnet_b0"])
@pytest.mark.parametrize("layout", ["torchvision", "timm"])
def test_every_batch_normalisation_has_its_counter(name: str, layout: str) -> None:
    with polynet.use_backend("shapes"):
        net = polynet.build(name, backend="shapes")
        slots = polynet.backend_of(net).slots(net)
    state = {key: np.zeros(slot.shape, np.float32) for key, slot in slots.items()}
    found = polynet.weights.to_layout(state, layout, net.family)
    norms = {key.removesuffix(".running_mean") for key in found if key.endswith(".running_mean")}
    assert norms
    for norm in norms:
        counter = found[f"{norm}.num_batches_tracked"]
        assert (counter.dtype, counter.shape, int(counter)) == (np.dtype(np.int64), (), 0)
