"""Recurrent layers over sequences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from polynet.nn.module import Module
from polynet.nn.rules import linear as linear_rules


class RNN(Module, native="RNN", rule=linear_rules.rnn):
    """Elman's recurrent layer: `h' = tanh(W_ih x + b_ih + W_hh h + b_hh)`.

    Parameters of layer k are `weight_ih_lk`, `weight_hh_lk`, `bias_ih_lk` and `bias_hh_lk`, and with `_reverse`
    appended for the backward direction.

    Args:
        input_size: Length of the input's vectors.
        hidden_size: Length of the state.
        num_layers: Layers stacked. Default 1.
        nonlinearity: `"tanh"` or `"relu"`. Default `"tanh"`.
        bias: Whether to add biases. Default `True`.
        batch_first: Whether the batch is axis 0 rather than axis 1. Default `False`, as in torch.
        dropout: Probability of dropping an element between layers while training. Default 0.
        bidirectional: Run a second state backwards and append its output. Default `False`.

    Shapes:
        `layer(input, h_0)` takes `(L, N, input_size)` and, if given, `(num_layers * directions, N, hidden_size)`; it
        returns `(L, N, directions * hidden_size)` and the last state.

    Source:
        Elman, "Finding Structure in Time", 1990.

    Example:
        >>> output, state = nn.RNN(4, 3)(ops.zeros((5, 2, 4)))
        >>> tuple(output.shape), tuple(state.shape)
        ((5, 2, 3), (1, 2, 3))
    """

    if TYPE_CHECKING:

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
        ) -> None: ...


class LSTM(Module, native="LSTM", rule=linear_rules.lstm):
    """Long short-term memory. The gates lie in the weights in the order input, forget, cell, output.

    Parameters of layer k are `weight_ih_lk` `(4 * hidden_size, input)`, `weight_hh_lk`, `bias_ih_lk` and `bias_hh_lk`,
    and likewise with `_reverse` appended for the backward direction.

    Args:
        input_size: Length of the input's vectors.
        hidden_size: Length of the cell's state.
        num_layers: Layers stacked. Default 1.
        bias: Whether to add biases. Default `True`.
        batch_first: Whether the batch is axis 0 rather than axis 1. Default `False`, as in torch.
        dropout: Probability of dropping an element between layers while training. Default 0.
        bidirectional: Run a second cell backwards and append its output. Default `False`.
        proj_size: Project the output to this length. Default 0: no projection.

    Shapes:
        `layer(input, (h_0, c_0))` takes `(L, N, input_size)` and, if given, two states
        `(num_layers * directions, N, hidden_size)`; it returns `(L, N, directions * hidden_size)` and the last two.

    Source:
        Hochreiter and Schmidhuber, "Long Short-Term Memory", 1997; with the forget gate of Gers et al., 2000.

    Example:
        >>> output, (hidden, cell) = nn.LSTM(4, 3, batch_first=True)(ops.zeros((2, 5, 4)))
        >>> tuple(output.shape), tuple(cell.shape)
        ((2, 5, 3), (1, 2, 3))
    """

    if TYPE_CHECKING:

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
        ) -> None: ...


class GRU(Module, native="GRU", rule=linear_rules.gru):
    """Gated recurrent unit. The gates lie in the weights in the order reset, update, new.

    Parameters of layer k are `weight_ih_lk` `(3 * hidden_size, input)`, `weight_hh_lk`, `bias_ih_lk` and `bias_hh_lk`,
    and likewise with `_reverse` appended for the backward direction.

    Args:
        input_size: Length of the input's vectors.
        hidden_size: Length of the state.
        num_layers: Layers stacked. Default 1.
        bias: Whether to add biases. Default `True`.
        batch_first: Whether the batch is axis 0 rather than axis 1. Default `False`, as in torch.
        dropout: Probability of dropping an element between layers while training. Default 0.
        bidirectional: Run a second state backwards and append its output. Default `False`.

    Shapes:
        `layer(input, h_0)` takes `(L, N, input_size)` and, if given, `(num_layers * directions, N, hidden_size)`; it
        returns `(L, N, directions * hidden_size)` and the last state.

    Source:
        Cho et al., "Learning Phrase Representations using RNN Encoder-Decoder for Statistical Machine Translation",
        arXiv:1406.1078.

    Example:
        >>> output, state = nn.GRU(4, 3, bidirectional=True)(ops.zeros((5, 2, 4)))
        >>> tuple(output.shape), tuple(state.shape)
        ((5, 2, 6), (2, 2, 3))
    """

    if TYPE_CHECKING:

        def __init__(
            self,
            input_size: int,
            hidden_size: int,
            num_layers: int = 1,
            bias: bool = True,
            batch_first: bool = False,
            dropout: float = 0.0,
            bidirectional: bool = False,
        ) -> None: ...
