"""Matrix products, attention and embeddings on MegEngine tensors."""

from __future__ import annotations

import math
from typing import Any

import megengine.functional as F
import numpy as np

from polynet.errors import InputError
from polynet.ops.checks import check_dim, check_ndim, check_probability
from polynet.types import Tensor
from polynet_megengine import half_precision
from polynet_megengine.ops._einsum import einsum as _einsum
from polynet_megengine.ops._indices import as_index, check_range
from polynet_megengine.ops._tensors import array_like, broadcast, broadcast_shape, for_reduction, shape_of
from polynet_megengine.ops.activation import softmax
from polynet_megengine.ops.reduction import norm


def matmul(input: Tensor, other: Tensor) -> Tensor:
    """Matrix product of the last two dimensions; the ones before broadcast."""
    first, second = input._tuple_shape, other._tuple_shape
    if not first or not second or first[-1] != second[0 if len(second) == 1 else -2]:
        message = f"matmul: shapes {first} and {second} do not fit: the inner dimensions must be equal."
        raise InputError(message)
    if 0 in first or 0 in second:
        return _empty_product(input, first, second)
    if len(first) > 2 and len(second) > 2 and first[:-2] != second[:-2]:
        # Natively batch dimensions of length 1 do not broadcast.
        batch = broadcast_shape(first[:-2], second[:-2])
        input = broadcast(input, (*batch, *first[-2:])) if first[:-2] != batch else input
        other = broadcast(other, (*batch, *second[-2:])) if second[:-2] != batch else other
    return half_precision.matmul(input, other)


def _empty_product(input: Tensor, first: tuple[int, ...], second: tuple[int, ...]) -> Tensor:
    """Product with a dimension of length 0, which the native batched kernel refuses: empty, or zeros."""
    rows = first[-2:-1]
    columns = second[-1:] if len(second) > 1 else ()
    return F.zeros((*broadcast_shape(first[:-2], second[:-2]), *rows, *columns), dtype=input.dtype, device=input.device)


def bmm(input: Tensor, mat2: Tensor) -> Tensor:
    """Product of two batches of matrices."""
    check_ndim("bmm", input.ndim, (3,), "(batch, rows, inner)")
    check_ndim("bmm", mat2.ndim, (3,), "(batch, inner, columns)")
    if shape_of(input)[0] != shape_of(mat2)[0]:
        message = f"bmm: the batches of {shape_of(input)} and {shape_of(mat2)} must be equal."
        raise InputError(message)
    return matmul(input, mat2)


def einsum(equation: str, *operands: Tensor) -> Tensor:
    """Sum of products in Einstein's notation; ellipses and repeated labels are allowed."""
    if len(operands) == 1 and isinstance(operands[0], list | tuple):
        operands = tuple(operands[0])
    return _einsum(equation, operands)


def linear(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """`input @ weight.T + bias`."""
    if input._tuple_shape[-1:] != weight._tuple_shape[-1:]:
        message = f"linear: an input of shape {shape_of(input)} does not fit a weight of shape {shape_of(weight)}."
        raise InputError(message)
    return half_precision.linear(input, weight, bias)


def outer(input: Tensor, vec2: Tensor) -> Tensor:
    """Products of each element of one vector with each of the other."""
    check_ndim("outer", input.ndim, (1,), "(n,)")
    check_ndim("outer", vec2.ndim, (1,), "(m,)")
    return F.expand_dims(input, 1) * F.expand_dims(vec2, 0)


def normalize(input: Tensor, p: float = 2.0, dim: int = 1, eps: float = 1e-12) -> Tensor:
    """The input over its p-norm along a dimension, or over `eps` where that is larger."""
    input = for_reduction(input, (check_dim("normalize", dim, input.ndim),))
    return input / F.maximum(norm(input, p, dim, True), eps)


def cosine_similarity(x1: Tensor, x2: Tensor, dim: int = 1, eps: float = 1e-8) -> Tensor:
    """Cosine of the angle between vectors along a dimension."""
    shape = broadcast_shape(shape_of(x1), shape_of(x2))
    axis = check_dim("cosine_similarity", dim, len(shape))
    if shape_of(x1) != shape:
        x1 = broadcast(x1, shape)
    if shape_of(x2) != shape:
        x2 = broadcast(x2, shape)
    x1, x2 = for_reduction(x1, (axis,)), for_reduction(x2, (axis,))
    return F.sum(x1 / _length(x1, axis, eps) * (x2 / _length(x2, axis, eps)), axis=axis)


def _length(x: Tensor, axis: int, eps: float) -> Tensor:
    """Euclidean norm, at least `eps`; the limit does not stop the gradient, as in torch."""
    length = norm(x, 2.0, axis, True)
    return length + (F.maximum(length, eps) - length).detach()


def scaled_dot_product_attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    *,
    scale: float | None = None,
) -> Tensor:
    """`softmax(query @ key.T * scale + mask) @ value`; a query that may attend to nothing gives zeros."""
    if is_causal and attn_mask is not None:
        message = "scaled_dot_product_attention: is_causal excludes attn_mask."
        raise InputError(message)
    check_probability("scaled_dot_product_attention", dropout_p)
    queries, keys = shape_of(query), shape_of(key)
    if len(queries) < 2 or len(keys) < 2 or queries[-1] != keys[-1] or shape_of(value)[-2] != keys[-2]:
        message = (
            f"scaled_dot_product_attention: query {queries}, key {keys} and value {shape_of(value)} do not fit: "
            "they must be (..., L, E), (..., S, E) and (..., S, V)."
        )
        raise InputError(message)
    factor = 1.0 / math.sqrt(queries[-1]) if scale is None else float(scale)
    scores = _scores(query * factor, key)
    allowed = None
    if is_causal:
        causal = np.where(np.tri(queries[-2], keys[-2], dtype=bool), 0.0, _lowest(scores))
        scores = scores + array_like(causal.astype("float32"), query).astype(scores.dtype)
    elif attn_mask is not None:
        if broadcast_shape(shape_of(attn_mask), shape_of(scores)) != shape_of(scores):
            message = f"attn_mask of {shape_of(attn_mask)} does not broadcast to the scores {shape_of(scores)}."
            raise InputError(message)
        scores, allowed = _masked(scores, attn_mask)
    weights = softmax(scores, -1)
    if allowed is not None:
        weights = weights * allowed
    if dropout_p > 0:
        weights = F.dropout(weights, float(dropout_p)) if dropout_p < 1 else weights * 0
    return matmul(weights, value)


def _scores(query: Tensor, key: Tensor) -> Tensor:
    if query.ndim == key.ndim and query._tuple_shape[:-2] == key._tuple_shape[:-2]:
        return half_precision.matmul(query, key, transpose_b=True)
    return matmul(query, F.swapaxes(key, -1, -2))


def _lowest(scores: Tensor) -> float:
    """So low that its exponential is 0, yet finite: a row of infinities would give no numbers."""
    return -6e4 if scores.dtype == np.float16 else -1e30


def _masked(scores: Tensor, mask: Any) -> tuple[Tensor, Tensor]:
    """Scores under a mask, and 1 where attention may go, 0 elsewhere."""
    if mask.dtype.kind == "b":
        allowed = mask.astype(scores.dtype)
        return scores + (1 - allowed) * _lowest(scores), allowed
    lowest = _lowest(scores)
    return scores + F.maximum(mask, lowest), (mask > lowest).astype(scores.dtype)


def embedding(input: Tensor, weight: Tensor, padding_idx: int | None = None) -> Tensor:
    """Rows of the weight; the row `padding_idx` gets no gradient."""
    index = as_index(input, "embedding: the input")
    rows, width = shape_of(weight)
    check_range(index, rows, "embedding: the input")
    shape = shape_of(index)
    if 0 in shape:
        return F.zeros((*shape, width), dtype=weight.dtype, device=weight.device)
    found = F.reshape(weight[F.reshape(index, (-1,))], (*shape, width))
    if padding_idx is None:
        return found
    if not -rows <= padding_idx < rows:
        message = f"embedding: padding_idx={padding_idx} must lie between {-rows} and {rows - 1}."
        raise InputError(message)
    is_padding = broadcast(F.expand_dims(index == padding_idx % rows, -1), (*shape, width))
    return F.where(is_padding, found.detach(), found)
