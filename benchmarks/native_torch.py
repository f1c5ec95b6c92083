"""Networks as a torch user writes them by hand: what PolyNet's torch builds are timed against."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F


class Basic(nn.Module):
    """ResNet's basic block (He et al., arXiv:1512.03385)."""

    expansion = 1

    def __init__(self, w_in: int, width: int, stride: int) -> None:
        super().__init__()
        self.a = nn.Conv2d(w_in, width, 3, stride, 1, bias=False)
        self.a_bn = nn.BatchNorm2d(width)
        self.b = nn.Conv2d(width, width, 3, 1, 1, bias=False)
        self.b_bn = nn.BatchNorm2d(width)
        self.proj = None
        if stride != 1 or w_in != width:
            self.proj = nn.Conv2d(w_in, width, 1, stride, bias=False)
            self.bn = nn.BatchNorm2d(width)
        self.relu = nn.ReLU()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        shortcut = x if self.proj is None else self.bn(self.proj(x))
        x = self.relu(self.a_bn(self.a(x)))
        return self.relu(self.b_bn(self.b(x)) + shortcut)


class Bottleneck(nn.Module):
    """ResNet's bottleneck block, stride in the 3×3."""

    expansion = 4

    def __init__(self, w_in: int, width: int, stride: int) -> None:
        super().__init__()
        w_out = 4 * width
        self.a = nn.Conv2d(w_in, width, 1, bias=False)
        self.a_bn = nn.BatchNorm2d(width)
        self.b = nn.Conv2d(width, width, 3, stride, 1, bias=False)
        self.b_bn = nn.BatchNorm2d(width)
        self.c = nn.Conv2d(width, w_out, 1, bias=False)
        self.c_bn = nn.BatchNorm2d(w_out)
        self.proj = None
        if stride != 1 or w_in != w_out:
            self.proj = nn.Conv2d(w_in, w_out, 1, stride, bias=False)
            self.bn = nn.BatchNorm2d(w_out)
        self.relu = nn.ReLU()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        shortcut = x if self.proj is None else self.bn(self.proj(x))
        x = self.relu(self.a_bn(self.a(x)))
        x = self.relu(self.b_bn(self.b(x)))
        return self.relu(self.c_bn(self.c(x)) + shortcut)


class ResNet(nn.Module):
    """ResNet, initialised as its authors do."""

    def __init__(self, block: type[Basic | Bottleneck], depths: tuple[int, ...], num_classes: int = 1000) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 64, 7, 2, 3, bias=False)
        self.bn = nn.BatchNorm2d(64)
        self.relu = nn.ReLU()
        self.pool = nn.MaxPool2d(3, 2, 1)
        stages, w_in = [], 64
        for index, depth in enumerate(depths):
            width = 64 * 2**index
            for position in range(depth):
                stages.append(block(w_in, width, 2 if index and not position else 1))
                w_in = width * block.expansion
        self.blocks = nn.Sequential(*stages)
        self.fc = nn.Linear(w_in, num_classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.pool(self.relu(self.bn(self.conv(x))))
        x = F.adaptive_avg_pool2d(self.blocks(x), 1)
        return self.fc(torch.flatten(x, 1))


def resnet18() -> ResNet:
    return ResNet(Basic, (2, 2, 2, 2))


def resnet50() -> ResNet:
    return ResNet(Bottleneck, (3, 4, 6, 3))


class MLP(nn.Module):
    """Three small linear layers: almost all of its time is dispatch."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(16, 32)
        self.second = nn.Linear(32, 32)
        self.third = nn.Linear(32, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.third(F.relu(self.second(F.relu(self.first(x)))))


def training_step(net: nn.Module, images: torch.Tensor, labels: torch.Tensor, optimizer: torch.optim.Optimizer) -> None:
    optimizer.zero_grad(set_to_none=True)
    F.cross_entropy(net(images), labels).backward()
    optimizer.step()
