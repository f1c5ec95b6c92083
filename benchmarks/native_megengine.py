"""Networks as a MegEngine user writes them by hand: what PolyNet's MegEngine builds are timed against."""

from __future__ import annotations

from typing import Any

import megengine.functional as F
import megengine.module as M
from megengine import Tensor
from megengine.autodiff import GradManager


class Basic(M.Module):
    """ResNet's basic block (He et al., arXiv:1512.03385)."""

    expansion = 1

    def __init__(self, w_in: int, width: int, stride: int) -> None:
        super().__init__()
        self.a = M.Conv2d(w_in, width, 3, stride, 1, bias=False)
        self.a_bn = M.BatchNorm2d(width)
        self.b = M.Conv2d(width, width, 3, 1, 1, bias=False)
        self.b_bn = M.BatchNorm2d(width)
        self.proj = None
        if stride != 1 or w_in != width:
            self.proj = M.Conv2d(w_in, width, 1, stride, bias=False)
            self.bn = M.BatchNorm2d(width)
        self.relu = M.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        shortcut = x if self.proj is None else self.bn(self.proj(x))
        x = self.relu(self.a_bn(self.a(x)))
        return self.relu(self.b_bn(self.b(x)) + shortcut)


class Bottleneck(M.Module):
    """ResNet's bottleneck block, stride in the 3×3."""

    expansion = 4

    def __init__(self, w_in: int, width: int, stride: int) -> None:
        super().__init__()
        w_out = 4 * width
        self.a = M.Conv2d(w_in, width, 1, bias=False)
        self.a_bn = M.BatchNorm2d(width)
        self.b = M.Conv2d(width, width, 3, stride, 1, bias=False)
        self.b_bn = M.BatchNorm2d(width)
        self.c = M.Conv2d(width, w_out, 1, bias=False)
        self.c_bn = M.BatchNorm2d(w_out)
        self.proj = None
        if stride != 1 or w_in != w_out:
            self.proj = M.Conv2d(w_in, w_out, 1, stride, bias=False)
            self.bn = M.BatchNorm2d(w_out)
        self.relu = M.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        shortcut = x if self.proj is None else self.bn(self.proj(x))
        x = self.relu(self.a_bn(self.a(x)))
        x = self.relu(self.b_bn(self.b(x)))
        return self.relu(self.c_bn(self.c(x)) + shortcut)


class ResNet(M.Module):
    """ResNet, initialised as BaseCls does: normal convolutions by fan-out."""

    def __init__(self, block: type[Any], depths: tuple[int, ...], num_classes: int = 1000) -> None:
        super().__init__()
        self.conv = M.Conv2d(3, 64, 7, 2, 3, bias=False)
        self.bn = M.BatchNorm2d(64)
        self.relu = M.ReLU()
        self.pool = M.MaxPool2d(3, 2, 1)
        stages, w_in = [], 64
        for index, depth in enumerate(depths):
            width = 64 * 2**index
            for position in range(depth):
                stages.append(block(w_in, width, 2 if index and not position else 1))
                w_in = width * block.expansion
        self.blocks = M.Sequential(*stages)
        self.fc = M.Linear(w_in, num_classes)
        for module in self.modules():
            if isinstance(module, M.Conv2d):
                M.init.msra_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, x: Tensor) -> Tensor:
        x = self.pool(self.relu(self.bn(self.conv(x))))
        return self.fc(F.mean(self.blocks(x), (2, 3)))


def resnet18() -> ResNet:
    return ResNet(Basic, (2, 2, 2, 2))


def resnet50() -> ResNet:
    return ResNet(Bottleneck, (3, 4, 6, 3))


class MLP(M.Module):
    """Three small linear layers: almost all of its time is dispatch."""

    def __init__(self) -> None:
        super().__init__()
        self.first = M.Linear(16, 32)
        self.second = M.Linear(32, 32)
        self.third = M.Linear(32, 10)

    def forward(self, x: Tensor) -> Tensor:
        return self.third(F.relu(self.second(F.relu(self.first(x)))))


def training_step(net: M.Module, images: Tensor, labels: Tensor, optimizer: Any, manager: GradManager) -> None:
    with manager:
        loss = F.nn.cross_entropy(net(images), labels)
        manager.backward(loss)
    optimizer.step().clear_grad()
    loss.numpy()
