"""Small networks for tuners to be put on, and the tuners."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import polynet
from polynet import nn, ops
from polynet.models.blocks.same_convolution import SameConv2d
from polynet.models.blocks.transformer import EncoderBlock
from polynet.models.tuners import (
    SSF,
    Adapter,
    BitFit,
    DoRA,
    Full,
    LoRA,
    Partial,
    Prefix,
    Prompt,
    ResTuner,
    SCETuner,
    Tuner,
)
from polynet.types import Tensor


class Small(nn.Module):
    """Every layer a tuner may meet: convolutions (of groups, padded as TensorFlow's), blocks of tokens, a head."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, stride=2, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(8)
        self.same = SameConv2d(8, 8, 3, stride=2, bias=True)
        self.grouped = nn.Conv2d(8, 8, 3, padding=2, dilation=2, groups=2)
        self.block = EncoderBlock(8, 2, qkv_bias=True)
        self.block2 = EncoderBlock(8, 2)
        self.head = nn.Linear(8, 4)

    def forward(self, x: Tensor) -> Tensor:
        x = self.grouped(ops.relu(self.same(self.norm(self.stem(x)))))
        x = self.block2(self.block(ops.transpose(ops.flatten(x, 2), 1, 2)))
        return self.head(ops.mean(x, dim=1))


def small() -> Any:
    net = Small()
    nn.initialise(net, seed=0)
    return net.eval()


def images() -> np.ndarray[Any, Any]:
    return np.random.default_rng(1).standard_normal((2, 3, 12, 12)).astype(np.float32)


TUNERS: dict[str, Callable[[], Tuner]] = {
    "LoRA": lambda: LoRA(r=2, alpha=4),
    "LoRA with biases": lambda: LoRA(r=2, target="head", bias="lora_only"),
    "DoRA": lambda: DoRA(r=2, alpha=4),
    "Adapter": lambda: Adapter(length=3),
    "Adapter on maps": lambda: Adapter(length=3, target=("stem", "norm")),
    "ResTuner": lambda: ResTuner(length=3, train="head"),
    "SCETuner": lambda: SCETuner(down_ratio=0.5, target=("stem", "attn")),
    "SSF": lambda: SSF(),
    "SSF of layers with biases": lambda: SSF(target=("norm", "same", "grouped", "block.attn.qkv", "norm1", "head")),
    "Prefix": lambda: Prefix(length=3),
    "deep prompts": lambda: Prompt(length=3, target=("block", "block2"), train="head"),
    "shallow prompts": lambda: Prompt(length=3, deep=False, target=("block", "block2")),
    "BitFit": lambda: BitFit(),
    "Partial": lambda: Partial(target=("norm", "head.weight")),
    "Full": lambda: Full(),
}
MERGING = ("LoRA", "LoRA with biases", "DoRA", "SSF of layers with biases")
CHANGING = ("Prefix", "deep prompts", "shallow prompts")
"""Those of which a fresh one changes the output."""


def trained_steps(backend: Any, net: Any, steps: int = 2) -> None:
    """Train a network a little, in training mode, and leave it in evaluation mode."""
    x = ops.tensor(images())
    net.train()
    optimizer = backend.optimizer("sgd", net, lr=0.5)
    for _ in range(steps):
        optimizer.step(lambda: ops.mean((net(x) - 1) ** 2))
    net.eval()


def state_of(net: Any) -> dict[str, np.ndarray[Any, Any]]:
    return polynet.state(net)
