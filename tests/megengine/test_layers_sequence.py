"""Attention and recurrent layers agree with torch's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from polynet.backend import get_backend
from polynet.errors import InputError, OptionError, UnsupportedError

from .layer_comparison import build_pair, compare, random

pytestmark = [
    pytest.mark.usefixtures("both"),
    pytest.mark.filterwarnings("ignore:LSTM with projections is not supported with oneDNN"),  # torch's, about its speed
]


@pytest.mark.parametrize("options", [{}, {"batch_first": True}, {"bias": False}], ids=str)
@pytest.mark.parametrize("training", [True, False], ids=["train", "eval"])
def test_self_attention_equals_torch(options: dict[str, Any], training: bool) -> None:
    layers = build_pair("MultiheadAttention", 8, 2, **options)
    for layer in layers:
        layer.train(training)
    compare(*layers, [random(3, 4, 8)], call=lambda layer, x: layer(x, x, x))


@pytest.mark.parametrize("widths", [{}, {"kdim": 6}, {"kdim": 6, "vdim": 5}], ids=str)
def test_attention_to_another_sequence_equals_torch(widths: dict[str, int]) -> None:
    layers = build_pair("MultiheadAttention", 8, 4, batch_first=True, **widths)
    inputs = [random(2, 3, 8), random(2, 5, widths.get("kdim", 8)), random(2, 5, widths.get("vdim", 8))]
    compare(*layers, inputs)
    compare(*layers, inputs, call=lambda layer, *x: layer(*x, average_attn_weights=False))


def test_attention_masks_equal_torchs() -> None:
    layers = build_pair("MultiheadAttention", 8, 2, batch_first=True)
    closed = np.array([[False, False, False, True], [False, False, True, True]])
    causal = np.triu(np.ones((4, 4), bool), 1)
    each_head = random(4, 4, 4)

    def padded(layer: Any, x: Any, mask: Any, padding: Any) -> Any:
        return layer(x, x, x, key_padding_mask=padding, attn_mask=mask, need_weights=False)

    compare(*layers, [random(2, 4, 8), causal, closed], call=padded)
    compare(*layers, [random(2, 4, 8), each_head], call=lambda layer, x, mask: layer(x, x, x, attn_mask=mask))


def test_attention_without_a_batch_equals_torch() -> None:
    compare(*build_pair("MultiheadAttention", 8, 2), [random(3, 8)], call=lambda layer, x: layer(x, x, x))


def test_attention_refuses_what_it_cannot_do() -> None:
    attention = get_backend("megengine").layer("MultiheadAttention")
    with pytest.raises(OptionError, match="divisible"):
        attention(8, 3)
    with pytest.raises(UnsupportedError):
        attention(8, 2, add_bias_kv=True)
    tensor = get_backend("megengine").tensor
    with pytest.raises(InputError, match="takes"):
        attention(8, 2)(*(tensor(random(2, 3, 6)),) * 3)


RECURRENT = [
    {},
    {"num_layers": 2, "batch_first": True},
    {"bidirectional": True, "num_layers": 2},
    {"bias": False},
]


@pytest.mark.parametrize("options", RECURRENT, ids=str)
@pytest.mark.parametrize("name", ["LSTM", "GRU", "RNN"])
def test_recurrent_layers_equal_torch(name: str, options: dict[str, Any]) -> None:
    compare(*build_pair(name, 4, 3, **options), [random(5, 2, 4)])


def test_recurrent_layers_take_a_first_state() -> None:
    states = [random(2, 3, 5, seed=1), random(2, 3, 5, seed=2)]
    layers = build_pair("LSTM", 4, 5, num_layers=2)
    compare(*layers, [random(6, 3, 4), *states], call=lambda layer, x, h, c: layer(x, (h, c)))
    compare(*build_pair("GRU", 4, 5, num_layers=2), [random(6, 3, 4), states[0]])


def test_lstm_projects_and_rnn_rectifies() -> None:
    compare(*build_pair("LSTM", 4, 5, proj_size=3, num_layers=2), [random(6, 3, 4)])
    compare(*build_pair("RNN", 4, 5, nonlinearity="relu"), [random(6, 3, 4)])


def test_recurrent_layers_take_one_sequence_without_a_batch() -> None:
    compare(*build_pair("LSTM", 4, 5), [random(6, 4)])
    compare(*build_pair("GRU", 4, 5), [random(6, 4)])


def test_recurrent_input_of_the_wrong_width_is_refused() -> None:
    backend = get_backend("megengine")
    with pytest.raises(InputError, match="LSTM takes"):
        backend.layer("LSTM")(4, 5)(backend.tensor(random(6, 3, 5)))


def test_cells_equal_torch() -> None:
    import torch

    from .layer_comparison import share_state

    for name in ("LSTMCell", "GRUCell"):
        torch_cell, cell = getattr(torch.nn, name)(4, 3), get_backend("megengine").layer(name)(4, 3)
        share_state(torch_cell, cell)
        compare(torch_cell, cell, [random(2, 4)])
