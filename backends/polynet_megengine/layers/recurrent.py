"""Recurrent layers, composed of matrix products: the gradients of MegEngine's own are garbage on a CPU."""

from __future__ import annotations

import math
from typing import Any

import megengine
import megengine.functional as F
import numpy as np

from polynet.errors import InputError
from polynet.nn.arguments import choice, fraction, integer
from polynet.types import Tensor
from polynet_megengine.half_precision import linear
from polynet_megengine.module import Module

from .initialisation import fill_uniform


def lstm_step(gates: Tensor, cell: Tensor) -> tuple[Tensor, Tensor]:
    """One step of long short-term memory: hidden state and cell, from gates in the order i, f, g, o."""
    enter, forget, new, leave = F.split(gates, 4, axis=1)
    cell = F.sigmoid(forget) * cell + F.sigmoid(enter) * F.tanh(new)
    return F.sigmoid(leave) * F.tanh(cell), cell


def gru_step(from_input: Tensor, from_hidden: Tensor, hidden: Tensor) -> Tensor:
    """One step of a gated recurrent unit; gates in the order r, z, n."""
    reset_in, update_in, new_in = F.split(from_input, 3, axis=1)
    reset_hidden, update_hidden, new_hidden = F.split(from_hidden, 3, axis=1)
    update = F.sigmoid(update_in + update_hidden)
    new = F.tanh(new_in + F.sigmoid(reset_in + reset_hidden) * new_hidden)
    return new + update * (hidden - new)


class _Recurrent(Module):
    """Layers, directions and states common to the three kinds; parameters are named as in torch."""

    _gates: int
    _has_cell = False

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
    ) -> None:
        owner = type(self).__name__
        super().__init__()
        self.input_size = integer(owner, "input_size", input_size, lowest=1)
        self.hidden_size = integer(owner, "hidden_size", hidden_size, lowest=1)
        self.num_layers = integer(owner, "num_layers", num_layers, lowest=1)
        self.proj_size = integer(owner, "proj_size", proj_size)
        self.dropout = fraction(owner, "dropout", dropout)
        self.bias, self.batch_first, self.bidirectional = bool(bias), bool(batch_first), bool(bidirectional)
        self._make_parameters()
        self.reset_parameters()

    @property
    def _output_size(self) -> int:
        return self.proj_size or self.hidden_size

    def _suffixes(self, layer: int) -> list[str]:
        return [f"_l{layer}", f"_l{layer}_reverse"] if self.bidirectional else [f"_l{layer}"]

    def _make_parameters(self) -> None:
        rows = self._gates * self.hidden_size
        for layer in range(self.num_layers):
            width = self.input_size if layer == 0 else self._output_size * (2 if self.bidirectional else 1)
            for suffix in self._suffixes(layer):
                self._make("weight_ih" + suffix, rows, width)
                self._make("weight_hh" + suffix, rows, self._output_size)
                if self.bias:
                    self._make("bias_ih" + suffix, rows)
                    self._make("bias_hh" + suffix, rows)
                if self.proj_size:
                    self._make("weight_hr" + suffix, self.proj_size, self.hidden_size)

    def _make(self, name: str, *shape: int) -> None:
        setattr(self, name, megengine.Parameter(np.zeros(shape, np.float32)))

    def reset_parameters(self) -> None:
        """Draw every parameter from U(±1/√hidden_size), as torch does."""
        for parameter in self.parameters():
            fill_uniform(parameter, 1 / math.sqrt(self.hidden_size))

    def forward(self, input: Tensor, hx: Any = None) -> tuple[Tensor, Any]:
        """Run over a sequence.

        Args:
            input: `(L, N, input_size)`, with `batch_first` `(N, L, input_size)`, or `(L, input_size)`.
            hx: First state `(layers * directions, N, size)`; for an LSTM the pair of hidden state and cell. Zeros if
                not given.

        Returns:
            The last layer's output at every step, and the last states.
        """
        if input.ndim not in (2, 3) or input.shape[-1] != self.input_size or 0 in input.shape:
            message = f"{type(self).__name__} takes inputs (L, N, {self.input_size}), not {tuple(input.shape)}."
            raise InputError(message)
        single = input.ndim == 2
        axis = 1 if single else 0 if self.batch_first else 1
        steps = F.expand_dims(input, 1) if single else F.swapaxes(input, 0, 1) if axis == 0 else input
        states = self._states(steps, hx, single)
        output, last = self._layers(steps, states)
        if single:
            output, last = F.squeeze(output, 1), [F.squeeze(each, 1) for each in last]
        elif axis == 0:
            output = F.swapaxes(output, 0, 1)
        return output, tuple(last) if self._has_cell else last[0]

    def _states(self, steps: Tensor, hx: Any, single: bool) -> list[Tensor]:
        count = self.num_layers * (2 if self.bidirectional else 1)
        sizes = [self._output_size, self.hidden_size] if self._has_cell else [self.hidden_size]
        wanted = [(count, steps.shape[1], size) for size in sizes]
        if hx is None:
            return [F.zeros(shape, dtype=steps.dtype, device=steps.device) for shape in wanted]
        given = list(hx) if self._has_cell else [hx]
        given = [F.expand_dims(each, 1) if single else each for each in given]
        if [tuple(each.shape) for each in given] != wanted:
            shapes = [tuple(each.shape) for each in given]
            message = f"{type(self).__name__}: states {shapes} must have shapes {wanted}."
            raise InputError(message)
        return given

    def _layers(self, steps: Tensor, states: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        last: list[list[Tensor]] = []
        for layer in range(self.num_layers):
            outputs = []
            for direction, suffix in enumerate(self._suffixes(layer)):
                at = layer * (2 if self.bidirectional else 1) + direction
                output, final = self._run(steps, [state[at] for state in states], suffix, backwards=direction == 1)
                outputs.append(output)
                last.append(final)
            steps = outputs[0] if len(outputs) == 1 else F.concat(outputs, axis=2)
            if self.training and self.dropout > 0 and layer < self.num_layers - 1:
                steps = F.nn.dropout(steps, self.dropout, training=True)
        return steps, [F.stack(list(each), axis=0) for each in zip(*last, strict=True)]

    def _run(self, steps: Tensor, state: list[Tensor], suffix: str, *, backwards: bool) -> tuple[Tensor, list[Tensor]]:
        # One product for the inputs of all steps; only the hidden state's has to wait for the step before.
        projected = linear(steps, getattr(self, "weight_ih" + suffix), getattr(self, "bias_ih" + suffix, None))
        length = steps.shape[0]
        outputs: list[Tensor] = [None] * length
        for at in reversed(range(length)) if backwards else range(length):
            hidden = linear(state[0], getattr(self, "weight_hh" + suffix), getattr(self, "bias_hh" + suffix, None))
            state = self._step(projected[at], hidden, state)
            if self.proj_size:
                state = [linear(state[0], getattr(self, "weight_hr" + suffix)), *state[1:]]
            outputs[at] = state[0]
        return F.stack(outputs, axis=0), state

    def _step(self, from_input: Tensor, from_hidden: Tensor, state: list[Tensor]) -> list[Tensor]:
        raise NotImplementedError

    def extra_repr(self) -> str:
        """The arguments that matter."""
        sizes = f"{self.input_size}, {self.hidden_size}, num_layers={self.num_layers}"
        return f"{sizes}, bidirectional={self.bidirectional}"


class LSTM(_Recurrent):
    """Long short-term memory (Hochreiter and Schmidhuber, 1997), optionally projected (Sak et al., 2014)."""

    _gates = 4
    _has_cell = True

    def _step(self, from_input: Tensor, from_hidden: Tensor, state: list[Tensor]) -> list[Tensor]:
        return list(lstm_step(from_input + from_hidden, state[1]))


class GRU(_Recurrent):
    """Gated recurrent units (Cho et al., 2014)."""

    _gates = 3

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
    ) -> None:
        super().__init__(input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional)

    def _step(self, from_input: Tensor, from_hidden: Tensor, state: list[Tensor]) -> list[Tensor]:
        return [gru_step(from_input, from_hidden, state[0])]


class RNN(_Recurrent):
    """A plain recurrent layer (Elman, 1990)."""

    _gates = 1

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        nonlinearity: str = "tanh",
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
    ) -> None:
        choice(type(self).__name__, "nonlinearity", nonlinearity, ("tanh", "relu"))
        super().__init__(input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional)
        self.nonlinearity = nonlinearity

    def _step(self, from_input: Tensor, from_hidden: Tensor, state: list[Tensor]) -> list[Tensor]:
        total = from_input + from_hidden
        return [F.tanh(total) if self.nonlinearity == "tanh" else F.relu(total)]
