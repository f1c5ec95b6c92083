"""One network under a parity check: what it computes, as canonical arrays."""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

import numpy as np

from polynet import nn, ops
from polynet.backend import Backend, backend_of
from polynet.types import NativeModule, Tensor

Array: TypeAlias = "np.ndarray[Any, Any]"

_RANDOM_LAYERS = ("Dropout", "Dropout2d", "DropPath", "MultiheadAttention", "LSTM", "GRU", "RNN")
"""Layers that draw random numbers in training mode and hold no statistics: they run in evaluation mode."""


_ROUNDING = np.float32(2**-23)
"""Spacing of float32 numbers, relative to them."""


class Run:
    """A built network, a batch for it, and the means to put it back as it was.

    Args:
        network: A native module.
        batch: Input (N, …).
        seed: Seed of the targets.
        precision: `"float32"`, or `"float64"` for a twin.

    Attributes:
        statistics: Buffers that passes in evaluation mode use instead of the network's own.
    """

    def __init__(self, network: NativeModule, batch: Array, seed: int, precision: str = "float32") -> None:
        self.network = network
        self.backend: Backend = backend_of(network)
        self.batch = batch
        self.seed = seed
        self.precision = precision
        self.statistics: Mapping[str, Array] = {}

    def twin(self) -> Run | None:
        """The same run in float64, where the framework has it."""
        network = self.backend.reference_twin(self.network)
        return None if network is None else self._of(network, "float64")

    def perturbed(self, index: int) -> Run:
        """The same run of a copy whose weights are each off by about one float32 rounding, at random."""
        network = copy.deepcopy(self.network)
        draw = np.random.default_rng([self.seed, index])
        for slot in self.backend.slots(network).values():
            values = slot.read()
            if slot.kind == "parameter" and values.dtype == np.float32:
                signs = draw.integers(0, 2, values.shape, dtype=np.int8) * np.float32(2) - np.float32(1)
                slot.write(values * (1 + signs * _ROUNDING))
        return self._of(network, self.precision)

    def _of(self, network: NativeModule, precision: str) -> Run:
        run = Run(network, self.batch, self.seed, precision)
        run.statistics = self.statistics
        return run

    def _input(self) -> Tensor:
        device = self.backend.device_of(self.network)
        tensor = self.backend.tensor(self.batch, device=None if device == "cpu" else device)
        return ops.to(tensor, dtype=self.precision)

    def state(self) -> dict[str, Array]:
        """Canonical state."""
        return {name: slot.read() for name, slot in self.backend.slots(self.network).items()}

    def forward(self) -> dict[str, Array]:
        """Every stage's output, then the network's own, in evaluation mode."""
        found: dict[str, Array] = {}
        with self._restored(), self.backend.ops.no_grad():
            self.backend.set_training(self.network, False)
            slots = self.backend.slots(self.network)
            for name, values in self.statistics.items():
                slots[name].write(values)
            if hasattr(self.network, "forward_stages"):
                maps = self.network.forward_stages(self._input())
                for stage, value in zip(self.network.stages, maps, strict=True):
                    found[stage.name] = self.backend.numpy(value)
            output = self.network(self._input())
            for index, tensor in enumerate(_tensors(output)):
                found["output" if not index else f"output {index}"] = self.backend.numpy(tensor)
        return found

    def gradients(self) -> tuple[dict[str, Array], dict[str, Array]]:
        """Gradient of every trainable parameter, and the buffers, after one pass in training mode."""
        with self._restored():
            self._train_without_noise()
            slots = {name: slot for name, slot in self.backend.slots(self.network).items() if slot.trainable}
            _, gradients = self.backend.differentiate(self._loss, [slot.tensor for slot in slots.values()])
            found = {
                name: np.zeros(slot.shape, np.float32) if gradient is None else slot.canonical(gradient)
                for (name, slot), gradient in zip(slots.items(), gradients, strict=True)
            }
            buffers = self._buffers()
        return found, buffers

    def observed(self) -> dict[str, Array]:
        """The buffers after one pass in training mode."""
        with self._restored(), self.backend.ops.no_grad():
            self._train_without_noise()
            self.network(self._input())
            return self._buffers()

    def steps(self, name: str, settings: Mapping[str, Any], count: int) -> dict[str, Array]:
        """Loss before each step, then the movement of all weights together, then the buffers together."""
        with self._restored():
            self._train_without_noise()
            before = self.state()
            optimizer = self.backend.optimizer(name, self.network, **settings)
            found = {f"loss {index + 1}": np.array(optimizer.step(self._loss)) for index in range(count)}
            moved: dict[str, list[Array]] = {"parameter": [], "buffer": []}
            # By name: frameworks list parts in different orders where an attribute was None before it held a part.
            for key, slot in sorted(self.backend.slots(self.network).items()):
                moved[slot.kind].append((slot.read() - before[key]).ravel())
        for kind, label in (("parameter", "movement of all weights"), ("buffer", "movement of all buffers")):
            if moved[kind]:
                found[label] = np.concatenate(moved[kind])
        return found

    def _loss(self) -> Tensor:
        """A scalar that depends on every output with distinct weights, so that no gradient is zero by symmetry."""
        total: Tensor = 0.0
        for index, output in enumerate(_tensors(self.network(self._input()))):
            draw = np.random.default_rng([self.seed, index])
            shape = tuple(int(size) for size in output.shape)
            if len(shape) == 2 and shape[1] > 1:
                labels = ops.tensor(draw.integers(0, shape[1], shape[0]), like=output)
                total = total + ops.cross_entropy(output, labels)
            else:
                weight = ops.to(
                    ops.tensor(draw.standard_normal(shape).astype(np.float32), like=output), dtype=self.precision
                )
                total = total + ops.mean(output * weight)
        return total

    def _buffers(self) -> dict[str, Array]:
        return {name: slot.read() for name, slot in self.backend.slots(self.network).items() if slot.kind == "buffer"}

    def _train_without_noise(self) -> None:
        self.backend.set_training(self.network, True)
        random_layers = tuple(getattr(nn, name) for name in _RANDOM_LAYERS)
        for module in self.network.modules():
            if isinstance(module, random_layers):
                self.backend.set_training(module, False)

    @contextlib.contextmanager
    def _restored(self) -> Iterator[None]:
        """Put weights, buffers and every module's mode back afterwards."""
        modes = [(module, bool(module.training)) for module in self.network.modules()]
        before = self.state()
        try:
            yield
        finally:
            for name, slot in self.backend.slots(self.network).items():
                slot.write(before[name])
            for module, mode in modes:
                module.training = mode


def _tensors(output: Any) -> Iterator[Tensor]:
    """The tensors of an output, whatever it is packed in."""
    if isinstance(output, tuple | list):
        for item in output:
            yield from _tensors(item)
    elif isinstance(output, Mapping):
        for item in output.values():
            yield from _tensors(item)
    else:
        yield output
