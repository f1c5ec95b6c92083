"""Recurrent layers: one class, and how many gates and states each kind has."""

from __future__ import annotations

from typing import Any, ClassVar

from polynet.errors import InputError
from polynet_shapes import counting
from polynet_shapes.layers.functional import register, require
from polynet_shapes.module import Module
from polynet_shapes.rules import Shape, product
from polynet_shapes.tensor import ShapeTensor


class _Recurrent(Module):
    """Cells run along sequences, in layers and perhaps both ways.

    Attributes:
        gates: Blocks in the weights.
        has_cell: Whether there is a second state.
    """

    gates: ClassVar[int]
    has_cell: ClassVar[bool] = False

    def _set_up(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int,
        bias: bool,
        batch_first: bool,
        dropout: float,
        bidirectional: bool,
        proj_size: int = 0,
    ) -> None:
        super().__init__()
        require(0.0 <= dropout <= 1.0, self, f"dropout is a probability in [0, 1], not {dropout!r}.")
        require(num_layers > 0 and hidden_size > 0, self, "num_layers and hidden_size must be at least 1.")
        require(0 <= proj_size < hidden_size, self, f"proj_size ({proj_size}) must be below hidden_size.")
        self.input_size, self.hidden_size, self.proj_size = input_size, hidden_size, proj_size
        self.num_layers = num_layers
        self.bias, self.batch_first, self.dropout, self.bidirectional = bias, batch_first, dropout, bidirectional
        for layer in range(num_layers):
            for suffix in ("", "_reverse")[: 1 + bidirectional]:
                for name, shape in self._cell_shapes(layer).items():
                    register(self, f"{name}_l{layer}{suffix}", shape)

    @property
    def _output_size(self) -> int:
        return self.proj_size or self.hidden_size

    def _cell_shapes(self, layer: int) -> dict[str, Shape]:
        """Shapes of the parameters of one layer and direction."""
        rows = self.gates * self.hidden_size
        inputs = self.input_size if layer == 0 else self._output_size * (1 + self.bidirectional)
        shapes: dict[str, Shape] = {"weight_ih": (rows, inputs), "weight_hh": (rows, self._output_size)}
        if self.bias:
            shapes |= {"bias_ih": (rows,), "bias_hh": (rows,)}
        if self.proj_size:
            shapes["weight_hr"] = (self.proj_size, self.hidden_size)
        return shapes

    def forward(self, input: ShapeTensor, hx: Any = None) -> tuple[ShapeTensor, Any]:
        """The outputs at every step, and the last states."""
        if input.ndim not in (2, 3) or input.shape[-1] != self.input_size:
            message = f"{type(self).__name__} needs sequences of width {self.input_size}, not {list(input.shape)}."
            raise InputError(message)
        directions = 1 + self.bidirectional
        batch = () if input.ndim == 2 else (input.shape[0 if self.batch_first else 1],)
        stacked = self.num_layers * directions
        widths = (self._output_size, self.hidden_size)[: 1 + self.has_cell]
        states = tuple(input.like((stacked, *batch, width)) for width in widths)
        self._check_states(hx, states)
        weights = [parameter for parameter in self.parameters() if parameter.ndim == 2]
        steps = product(input.shape[:-1])
        counting.add(
            steps * sum(weight.elements for weight in weights), steps * sum(weight.shape[0] for weight in weights)
        )
        output = input.like((*input.shape[:-1], directions * self._output_size))
        return output, states if self.has_cell else states[0]

    def _check_states(self, hx: Any, expected: tuple[ShapeTensor, ...]) -> None:
        if hx is None:
            return
        given = tuple(hx) if self.has_cell else (hx,)
        shapes = [state.shape for state in expected]
        if [state.shape for state in given] != shapes:
            message = f"{type(self).__name__} needs first states of {shapes}, not {[state.shape for state in given]}."
            raise InputError(message)

    def extra_repr(self) -> str:
        """Show the sizes."""
        sizes = f"{self.input_size}, {self.hidden_size}"
        return f"{sizes}, num_layers={self.num_layers}, bidirectional={self.bidirectional}"


class RNN(_Recurrent):
    """Elman's recurrent layer."""

    gates = 1

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
        self._set_up(input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional)
        require(nonlinearity in ("tanh", "relu"), self, f"nonlinearity must be 'tanh' or 'relu', not {nonlinearity!r}.")
        self.nonlinearity = nonlinearity


class LSTM(_Recurrent):
    """Long short-term memory."""

    gates, has_cell = 4, True

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
        self._set_up(input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional, proj_size)


class GRU(_Recurrent):
    """Gated recurrent unit."""

    gates = 3

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
        self._set_up(input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional)
