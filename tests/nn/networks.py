"""Small networks for the tests of the mechanism. At module level, so that they pickle into other processes."""

from __future__ import annotations

from typing import Any

import numpy as np

from polynet import nn, ops
from polynet.types import Tensor


class Block(nn.Module):
    """A residual block with every kind of member: layers, a bare parameter, buffers, a class attribute."""

    width = 4

    def __init__(self, scale: float = 1.0) -> None:
        super().__init__()
        self.linear = nn.Linear(self.width, self.width)
        self.norm = nn.LayerNorm(self.width)
        self.gain = nn.Parameter(np.full(self.width, scale, np.float32))
        self.register_buffer("shift", ops.tensor(np.arange(self.width, dtype=np.float32)))
        self.register_buffer("cache", ops.zeros((1,)), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        return x + ops.relu(self.norm(self.linear(x))) * self.gain + self.shift


class Network(nn.Module):
    """Blocks in a row, and a head."""

    def __init__(self, depth: int = 2, classes: int = 3) -> None:
        super().__init__()
        self.blocks = nn.Sequential(*[Block() for _ in range(depth)])
        self.head = nn.Linear(Block.width, classes)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.blocks(x))


class Deeper(Network):
    """A subclass of a user's network, with one more layer."""

    def __init__(self, depth: int = 2, classes: int = 3) -> None:
        super().__init__(depth, classes)
        self.last = nn.Tanh()

    def forward(self, x: Tensor) -> Tensor:
        return self.last(super().forward(x))


class Scaled(nn.Linear):
    """A subclass of a layer."""

    factor = 2.0

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x) * self.factor


class Chain(nn.Sequential):
    """A subclass of a container that builds its own members."""

    def __init__(self, channels: int = 4) -> None:
        super().__init__(nn.Linear(channels, channels), nn.ReLU())


class Counting:
    """A plain mixin that takes part in cooperative construction."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.calls = 0

    def forward(self, *inputs: Any) -> Any:
        self.calls += 1
        return super().forward(*inputs)  # type: ignore[misc]  # the class mixed into has it


class Counted(Counting, Network):
    """A mixin before a neutral network."""


class Describing(nn.Module):
    """A neutral mixin without members of its own."""

    def describe(self) -> str:
        return f"{type(self).__name__} of {len(list(self.named_parameters()))} parameters"


class Described(Describing, Chain):
    """Multiple inheritance between neutral classes, one a plain module and one a container."""


class Trunk(nn.Module):
    """One half of a diamond."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.trunk = nn.Linear(4, 4)


class Branch(nn.Module):
    """The other half."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.branch = nn.Linear(4, 4)


class Diamond(Trunk, Branch):
    """Both, each constructor run once."""

    def forward(self, x: Tensor) -> Tensor:
        return self.branch(self.trunk(x))


def run(network: Any, array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """A network's output on an array, as an array."""
    from polynet.backend import backend_of

    backend = backend_of(network)
    return backend.numpy(network(backend.tensor(array)))


def samples() -> np.ndarray[Any, Any]:
    """A batch for the networks here."""
    return np.random.default_rng(0).standard_normal((2, 4)).astype(np.float32)
