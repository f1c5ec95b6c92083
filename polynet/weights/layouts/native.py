"""MegEngine's own shapes, for states that BaseCls is to read: the way back from what `polynet.weights.adapt` undoes."""

from __future__ import annotations

from collections.abc import Mapping

from polynet.weights.elements import Array
from polynet.weights.layouts.template import Form, Pattern

# The branches of a RepVGG's block: what the block before wrote, in the same stage, in the one before, or at the start.
_BRANCHES = ("rbr_dense.conv", "rbr_1x1.conv", "rbr_reparam")
_BEFORE_BRANCHES = tuple(
    (Pattern(f"stage{{stage}}.{{block}}.{branch}.weight"), Form(f"{before}.{branch}.weight"))
    for before in ("stage{stage}.{block-1}", "stage{stage-1}.0", "stage0")
    for branch in _BRANCHES
)

_INPUT_OF = (
    *_BEFORE_BRANCHES,
    # A bottleneck's second convolution reads what its first wrote.
    (Pattern("s{stage}.b{block}.b.weight"), Form("s{stage}.b{block}.a.weight")),
    # The rungs of a ladder keep their width. Of a split attention, two read as many channels as the bottleneck has.
    (Pattern("s{stage}.b{block}.b.{scale}.weight"), Form("s{stage}.b{block}.b.{scale}.weight")),
    (Pattern("s{stage}.b{block}.b.conv.weight"), Form("s{stage}.b{block}.a.weight")),
    (Pattern("s{stage}.b{block}.b.fc1.weight"), Form("s{stage}.b{block}.a.weight")),
    (Pattern("s{stage}.b{block}.b.fc2.weight"), Form("s{stage}.b{block}.b.fc1.weight")),
    # A depthwise one has as many groups as output channels.
    (Pattern("s{stage}.b{block}.dwise.weight"), Form("s{stage}.b{block}.dwise.weight")),
)

_DEPTHWISE = tuple(
    Pattern(text)
    for text in (
        "stage{stage}.{block}.branch_main.{item}.weight",
        "stage{stage}.{block}.branch_proj.{item}.weight",
        "blocks.{stage}.{block}.ghost{module}.cheap_operation.{item}.weight",
        "blocks.{stage}.{block}.ghost{module}.short_conv.{item}.weight",
        "blocks.{stage}.{block}.conv_dw.weight",
        "blocks.{stage}.{block}.shortcut.{item}.weight",
    )
)
"""Members of sequences of 1x1 and depthwise convolutions: of these the second read one channel by a window."""


def native_shapes(state: Mapping[str, Array]) -> dict[str, Array]:
    """Give grouped convolutions their fifth axis and convolution biases their (1, C, 1, 1), as MegEngine keeps them.

    Batch normalisation stays (C,): that is how MegEngine's own `state_dict` spells it.

    Args:
        state: A canonical state of a network with BaseCls's names.

    Example:
        >>> import numpy as np
        >>> native_shapes({"s1.b1.dwise.weight": np.zeros((8, 1, 3, 3))})["s1.b1.dwise.weight"].shape
        (8, 1, 1, 3, 3)
    """
    return {name: _native(name, array, state) for name, array in state.items()}


def _native(name: str, array: Array, state: Mapping[str, Array]) -> Array:
    prefix, _, leaf = name.rpartition(".")
    if leaf == "bias" and array.ndim == 1 and f"{prefix}.weight" in state and state[f"{prefix}.weight"].ndim == 4:
        return array.reshape(1, -1, 1, 1)
    groups = _groups(name, array, state)
    if groups > 1:
        return array.reshape(groups, array.shape[0] // groups, *array.shape[1:])
    return array


def _groups(name: str, array: Array, state: Mapping[str, Array]) -> int:
    reads_one = array.ndim == 4 and array.shape[1] == 1 and max(array.shape[2:]) > 1
    if reads_one and any(pattern.match(name) is not None for pattern in _DEPTHWISE):
        return int(array.shape[0])
    for pattern, form in _INPUT_OF:
        bound = pattern.match(name)
        if bound is not None and array.ndim == 4:
            source = state.get(form.make(bound))
            if source is not None:
                return int(source.shape[0] // array.shape[1])
    return 1
