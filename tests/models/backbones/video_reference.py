"""A transformer of tokens in numpy, in double precision: one attention over all, with what may be seen as a mask."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
State = dict[str, Array]

_ERF = np.vectorize(math.erf)


def seen_from(times: int, places: int, along: str | None) -> Array:
    """Which tokens each token attends to, `(L, L)`: the class token, then those of each time in order."""
    when, where = (each.ravel() for each in np.indices((times, places)))
    same = {None: np.ones((times * places,) * 2, bool), "time": where[:, None] == where, "space": when[:, None] == when}
    seen = np.ones((times * places + 1,) * 2, bool)
    seen[1:, 1:] = same[along]
    return seen


def normalised(state: State, name: str, x: Array) -> Array:
    """Layer normalisation."""
    centred = x - x.mean(-1, keepdims=True)
    return (
        centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-6) * state[f"{name}.weight"] + state[f"{name}.bias"]
    )


def linear(state: State, name: str, x: Array) -> Array:
    """A linear layer."""
    return x @ state[f"{name}.weight"].T + state[f"{name}.bias"]


def attention(state: State, name: str, x: Array, heads: int, seen: Array) -> Array:
    """Attention of `(N, L, width)` to the tokens that a mask allows."""
    batch, length, width = x.shape
    qkv = linear(state, f"{name}.to_qkv", x).reshape(batch, length, 3, heads, width // heads)
    query, key, value = qkv.transpose(2, 0, 3, 1, 4)
    scores = query @ key.swapaxes(-1, -2) / math.sqrt(width // heads)
    scores = np.where(seen, scores, -np.inf)
    weights = np.exp(scores - scores.max(-1, keepdims=True))
    weights /= weights.sum(-1, keepdims=True)
    return linear(state, f"{name}.proj", (weights @ value).swapaxes(1, 2).reshape(x.shape))


def layers(state: State, name: str, x: Array, heads: int, times: int, places: int) -> Array:
    """A row of layers, divided where there is attention along time."""
    divided = f"{name}.0.norm_temporal.weight" in state
    depth = len({key.split(".")[1] for key in state if key.startswith(f"{name}.")})
    for index in range(depth):
        layer = f"{name}.{index}"
        if divided:
            seen = seen_from(times, places, "time")
            x = x + attention(
                state, f"{layer}.attn_temporal", normalised(state, f"{layer}.norm_temporal", x), heads, seen
            )
        seen = seen_from(times, places, "space" if divided else None)
        x = x + attention(state, f"{layer}.attn", normalised(state, f"{layer}.norm", x), heads, seen)
        hidden = linear(state, f"{layer}.ffn.net.0", normalised(state, f"{layer}.norm_ffn", x))
        hidden = hidden * (1 + _ERF(hidden / math.sqrt(2))) / 2
        x = x + linear(state, f"{layer}.ffn.net.3", hidden)
    return x


def tokens(state: State, video: Array) -> Array:
    """Tokens `(N, times, places, width)` of blocks of a video."""
    kernel = state["stem.conv1.weight"]
    width, channels, frames, side, _ = kernel.shape
    batch, _, length, height, breadth = video.shape
    grid = (length // frames, height // side, breadth // side)
    blocks = video.reshape(batch, channels, grid[0], frames, grid[1], side, grid[2], side)
    blocks = blocks.transpose(0, 2, 4, 6, 1, 3, 5, 7).reshape(batch, grid[0], grid[1] * grid[2], -1)
    return blocks @ kernel.reshape(width, -1).T + state.get("stem.conv1.bias", np.zeros(width))


def after(token: Array, x: Array) -> Array:
    """Tokens with another before them."""
    return np.concatenate([np.broadcast_to(token, (x.shape[0], 1, x.shape[2])), x], 1)


def joint(state: State, video: Array, heads: int) -> Array:
    """What `VideoTransformer` computes."""
    state = {key: value.astype(np.float64) for key, value in state.items()}
    x = tokens(state, video.astype(np.float64))
    batch, times, places, width = x.shape
    x = after(state["cls_token"], x.reshape(batch, -1, width)) + state["pos_embd"]
    return normalised(state, "norm", layers(state, "layers", x, heads, times, places))[:, 0]


def factorised(state: State, video: Array, heads: int) -> Array:
    """What `FactorizedVideoTransformer` computes."""
    state = {key: value.astype(np.float64) for key, value in state.items()}
    x = tokens(state, video.astype(np.float64))
    batch, times, places, width = x.shape
    x = after(state["cls_token"], x.reshape(-1, places, width)) + state["pos_embd"]
    x = normalised(state, "norm", layers(state, "layers", x, heads, 1, places))[:, 0].reshape(batch, times, width)
    x = after(state["cls_token_out"], x) + state["temp_embd"]
    return normalised(state, "norm_out", layers(state, "layers_temporal", x, heads, times, 1))[:, 0]
