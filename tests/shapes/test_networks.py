"""Whole networks, written here in neutral layers, count what their papers say."""

from __future__ import annotations

import time
from typing import Any

import pytest

from polynet import nn, ops
from polynet.backend import Backend, use_backend
from polynet.registry import MODELS


class Bottleneck(nn.Module):
    def __init__(self, inputs: int, width: int, stride: int) -> None:
        super().__init__()
        outputs = 4 * width
        self.body = nn.Sequential(
            *self.unit(inputs, width, 1),
            nn.ReLU(),
            *self.unit(width, width, 3, stride),
            nn.ReLU(),
            *self.unit(width, outputs, 1),
        )
        same = inputs == outputs and stride == 1
        self.shortcut = nn.Identity() if same else nn.Sequential(*self.unit(inputs, outputs, 1, stride))

    @staticmethod
    def unit(inputs: int, outputs: int, kernel: int, stride: int = 1) -> tuple[Any, Any]:
        convolution = nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2, bias=False)
        return convolution, nn.BatchNorm2d(outputs)

    def forward(self, x: Any) -> Any:
        return ops.relu(self.body(x) + self.shortcut(x))


class ResNet50(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(*Bottleneck.unit(3, 64, 7, 2), nn.ReLU(), nn.MaxPool2d(3, 2, 1))
        self.stages = nn.ModuleList()
        inputs = 64
        for index, depth in enumerate((3, 4, 6, 3)):
            width = 64 << index
            blocks = []
            for block in range(depth):
                blocks.append(Bottleneck(inputs, width, 2 if block == 0 and index else 1))
                inputs = 4 * width
            self.stages.append(nn.Sequential(*blocks))
        self.head = nn.Linear(inputs, 1000)

    def forward(self, x: Any) -> Any:
        x = self.stem(x)
        for stage in self.stages:
            x = stage(x)
        return self.head(ops.mean(x, (2, 3)))


def test_resnet50_has_the_published_figures(shapes: Backend) -> None:
    net = ResNet50().eval()
    with shapes.count(net) as counter:
        logits = net(ops.zeros((1, 3, 224, 224)))
    assert logits.shape == (1, 1000)
    assert sum(parameter.elements for parameter in net.parameters()) == 25_557_032
    assert counter.multiply_adds == 4_089_184_256
    assert counter.activations == 11_114_984
    assert [counter.figures[f"stages.{index}"].output.shape for index in range(4)] == [
        (1, 256 << index, 56 >> index, 56 >> index) for index in range(4)
    ]


def test_a_giant_takes_neither_time_nor_memory(shapes: Backend) -> None:
    started = time.perf_counter()
    layers = nn.Sequential(*[nn.Linear(100_000, 100_000) for _ in range(100)])
    with shapes.count(layers) as counter:
        layers(ops.zeros((1000, 100_000)))
    assert counter.multiply_adds == 100 * 1000 * 100_000**2
    assert sum(parameter.elements for parameter in layers.parameters()) == 100 * (100_000**2 + 100_000)
    assert time.perf_counter() - started < 5  # a framework would need 4 TB


def test_the_same_network_has_the_state_of_torch(shapes: Backend, torch: Any) -> None:
    with use_backend("torch"), torch.device("meta"):
        native = ResNet50()
    own = shapes.slots(ResNet50())
    theirs = {name: value for name, value in native.state_dict().items() if "num_batches" not in name}
    assert {name: slot.shape for name, slot in own.items()} == {name: tuple(v.shape) for name, v in theirs.items()}
    assert list(own) == list(theirs)


@pytest.mark.parametrize(
    "name",
    ["se_resnet18", "mbnetv3_small_x100", "effnet_b0", "vit_tiny_patch16_224"],
)
def test_shipped_networks_have_the_state_and_outputs_of_torch(name: str, shapes: Backend, torch: Any) -> None:
    size = (2, 3, 224, 224)
    own = MODELS.get(name, backend="shapes")()
    with use_backend("torch") as backend, torch.device("meta"):
        native = MODELS.get(name, backend="torch")().to("meta")
        theirs = {path: (slot.kind, slot.shape) for path, slot in backend.slots(native).items()}
        expected = [tuple(native(torch.empty(size)).shape)]
        expected += [tuple(maps.shape) for maps in native.forward_stages(torch.empty(size))]
    assert {path: (slot.kind, slot.shape) for path, slot in shapes.slots(own).items()} == theirs
    images = ops.zeros(size)
    assert [own(images).shape, *(maps.shape for maps in own.forward_stages(images))] == expected
