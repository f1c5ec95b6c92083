"""Single steps of recurrent layers."""

from __future__ import annotations

import math

import megengine
import megengine.functional as F
import numpy as np

from polynet.errors import InputError
from polynet.nn.arguments import integer
from polynet.types import Tensor
from polynet_megengine.half_precision import linear
from polynet_megengine.module import Module

from .initialisation import fill_uniform
from .recurrent import gru_step, lstm_step


class _Cell(Module):
    """Weights `weight_ih`, `weight_hh` and biases `bias_ih`, `bias_hh`."""

    _gates: int

    def __init__(self, input_size: int, hidden_size: int, bias: bool = True) -> None:
        owner = type(self).__name__
        super().__init__()
        self.input_size = integer(owner, "input_size", input_size, lowest=1)
        self.hidden_size = integer(owner, "hidden_size", hidden_size, lowest=1)
        self.bias = bool(bias)
        rows = self._gates * hidden_size
        self.weight_ih = megengine.Parameter(np.zeros((rows, input_size), np.float32))
        self.weight_hh = megengine.Parameter(np.zeros((rows, hidden_size), np.float32))
        self.bias_ih = megengine.Parameter(np.zeros(rows, np.float32)) if bias else None
        self.bias_hh = megengine.Parameter(np.zeros(rows, np.float32)) if bias else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw every parameter from U(±1/√hidden_size)."""
        for parameter in self.parameters():
            fill_uniform(parameter, 1 / math.sqrt(self.hidden_size))

    def _batched(self, input: Tensor) -> Tensor:
        if input.ndim not in (1, 2) or input.shape[-1] != self.input_size:
            message = f"{type(self).__name__} takes inputs (N, {self.input_size}), not {tuple(input.shape)}."
            raise InputError(message)
        return F.expand_dims(input, 0) if input.ndim == 1 else input

    def _state(self, x: Tensor, state: Tensor | None) -> Tensor:
        wanted = (x.shape[0], self.hidden_size)
        if state is None:
            return F.zeros(wanted, dtype=x.dtype, device=x.device)
        state = F.expand_dims(state, 0) if state.ndim == 1 else state
        if tuple(state.shape) != wanted:
            message = f"{type(self).__name__}: a state of shape {tuple(state.shape)} must have shape {wanted}."
            raise InputError(message)
        return state

    def _sums(self, x: Tensor, hidden: Tensor) -> tuple[Tensor, Tensor]:
        return linear(x, self.weight_ih, self.bias_ih), linear(hidden, self.weight_hh, self.bias_hh)

    def extra_repr(self) -> str:
        """The arguments."""
        return f"{self.input_size}, {self.hidden_size}, bias={self.bias}"


class LSTMCell(_Cell):
    """One step of long short-term memory."""

    _gates = 4

    def forward(self, input: Tensor, hx: tuple[Tensor, Tensor] | None = None) -> tuple[Tensor, Tensor]:
        """The next hidden state and cell, from `(N, input_size)` and the last ones."""
        x = self._batched(input)
        hidden, cell = (self._state(x, each) for each in ((None, None) if hx is None else hx))
        from_input, from_hidden = self._sums(x, hidden)
        hidden, cell = lstm_step(from_input + from_hidden, cell)
        return (F.squeeze(hidden, 0), F.squeeze(cell, 0)) if input.ndim == 1 else (hidden, cell)


class GRUCell(_Cell):
    """One step of a gated recurrent unit."""

    _gates = 3

    def forward(self, input: Tensor, hx: Tensor | None = None) -> Tensor:
        """The next hidden state, from `(N, input_size)` and the last one."""
        x = self._batched(input)
        hidden = self._state(x, hx)
        hidden = gru_step(*self._sums(x, hidden), hidden)
        return F.squeeze(hidden, 0) if input.ndim == 1 else hidden
