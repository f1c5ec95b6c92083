"""Attention and recurrent layers compute on every backend what torch's do."""

from __future__ import annotations

import numpy as np
import pytest

from polynet.backend import Backend
from tests.nn.layer_case import Case, case, check, normal

QUERY, KEY, VALUE = normal(5, 2, 8), normal(7, 2, 8), normal(7, 2, 8)
BATCH_FIRST = (normal(2, 5, 8), normal(2, 7, 8), normal(2, 7, 8))
PADDING = np.array([[False] * 7, [False] * 4 + [True] * 3])
CAUSAL = np.triu(np.ones((5, 7), bool), 1)
ADDED = np.random.default_rng(5).standard_normal((5, 7)).astype(np.float32)
ADDED_PER_HEAD = np.random.default_rng(5).standard_normal((4, 5, 7)).astype(np.float32)

ATTENTION = [
    case("MultiheadAttention", 8, 2, inputs=(QUERY, KEY, VALUE)),
    case("MultiheadAttention", 8, 4, bias=False, inputs=(QUERY, KEY, VALUE)),
    case("MultiheadAttention", 8, 2, batch_first=True, inputs=BATCH_FIRST),
    case("MultiheadAttention", 8, 2, kdim=6, vdim=3, inputs=(QUERY, normal(7, 2, 6), normal(7, 2, 3))),
    *(
        case("MultiheadAttention", 8, 2, batch_first=True, inputs=BATCH_FIRST, call=call)
        for call in (
            {"need_weights": False},
            {"average_attn_weights": False},
            {"key_padding_mask": PADDING},
            {"attn_mask": CAUSAL},
            {"attn_mask": ADDED},
            {"attn_mask": ADDED_PER_HEAD, "need_weights": False},
            {"attn_mask": CAUSAL, "key_padding_mask": PADDING},
        )
    ),
]

SEQUENCE, BATCHED = normal(6, 2, 4), normal(2, 6, 4)
STATE = np.random.default_rng(6).standard_normal((1, 2, 3)).astype(np.float32)

RECURRENT = [
    *(
        case(layer, 4, 3, inputs=inputs, **options)
        for layer in ("LSTM", "GRU", "RNN")
        for inputs, options in (
            (SEQUENCE, {}),
            (BATCHED, {"batch_first": True}),
            (SEQUENCE, {"bias": False}),
            (SEQUENCE, {"num_layers": 2}),
            (SEQUENCE, {"bidirectional": True}),
            (BATCHED, {"num_layers": 2, "bidirectional": True, "batch_first": True}),
        )
    ),
    case("RNN", 4, 3, nonlinearity="relu", inputs=SEQUENCE),
    case("LSTM", 4, 3, proj_size=2, inputs=SEQUENCE),
    case("LSTM", 4, 3, num_layers=2, dropout=0.5, inputs=SEQUENCE, modes=(False,)),
    case("GRU", 4, 3, inputs=SEQUENCE, call={"hx": STATE}),
    case("RNN", 4, 3, inputs=SEQUENCE, call={"hx": STATE}),
    case("LSTM", 4, 3, inputs=SEQUENCE, call={"hx": (STATE, STATE * 2)}),
]

CASES = [*ATTENTION, *RECURRENT]


@pytest.mark.filterwarnings("ignore:LSTM with projections is not supported with oneDNN:UserWarning")  # torch, of itself
@pytest.mark.parametrize("case", CASES)
def test_layer_equals_torchs(backend: Backend, reference: Backend, case: Case) -> None:
    check(backend, reference, case)
