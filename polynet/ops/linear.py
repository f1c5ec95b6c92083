"""Products of matrices and vectors, attention, and look-up tables."""

from __future__ import annotations

from polynet.errors import InputError
from polynet.ops.arguments import namespace_of_all
from polynet.ops.dispatch import namespace_of
from polynet.ops.explain import explained
from polynet.types import Tensor


@explained
def matmul(input: Tensor, other: Tensor) -> Tensor:
    """Return the matrix product over the last two axes; the axes before them broadcast. 1-d tensors are vectors.

    Example:
        >>> ops.matmul(ops.tensor([[1.0, 2.0]]), ops.tensor([[3.0], [4.0]])).tolist()
        [[11.0]]
    """
    return namespace_of_all(input, other).matmul(input, other)


@explained
def bmm(input: Tensor, mat2: Tensor) -> Tensor:
    """Return the products of two batches of matrices, `(B, N, M)` and `(B, M, P)`, without broadcasting.

    Example:
        >>> tuple(ops.bmm(ops.zeros((2, 3, 4)), ops.zeros((2, 4, 5))).shape)
        (2, 3, 5)
    """
    return namespace_of_all(input, mat2).bmm(input, mat2)


@explained
def einsum(equation: str, *operands: Tensor) -> Tensor:
    """Return the sum of products which an equation in Einstein's notation describes.

    Args:
        equation: Letters for the axes of each operand, commas between them, `->` and the result's letters; without
            `->`, the letters met once in alphabetical order. `...` stands for axes that broadcast.
        *operands: One tensor for each term.

    Raises:
        InputError: There are no operands.

    Example:
        >>> ops.einsum("ij,j->i", ops.tensor([[1.0, 2.0], [3.0, 4.0]]), ops.tensor([1.0, 1.0])).tolist()
        [3.0, 7.0]
    """
    if not operands:
        raise InputError(f"einsum was given the equation {equation!r} and no tensors.")
    return namespace_of_all(*operands).einsum(equation, *operands)


@explained
def linear(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Return `input @ weight.T + bias` over the last axis.

    Args:
        input: `(..., in_features)`.
        weight: `(out_features, in_features)`.
        bias: `(out_features,)`, or none.

    Example:
        >>> ops.linear(ops.tensor([1.0, 2.0]), ops.tensor([[3.0, 4.0]]), ops.tensor([0.5])).tolist()
        [11.5]
    """
    return namespace_of_all(input, weight, bias).linear(input, weight, bias)


@explained
def outer(input: Tensor, vec2: Tensor) -> Tensor:
    """Return every product of an element of one vector with one of another: `(N, M)`.

    Example:
        >>> ops.outer(ops.tensor([1.0, 2.0]), ops.tensor([3.0, 4.0])).tolist()
        [[3.0, 4.0], [6.0, 8.0]]
    """
    return namespace_of_all(input, vec2).outer(input, vec2)


@explained
def normalize(input: Tensor, p: float = 2.0, dim: int = 1, eps: float = 1e-12) -> Tensor:
    """Return `input` over its p-norm along an axis, the norm being at least `eps`.

    Example:
        >>> [round(v, 4) for v in ops.normalize(ops.tensor([[3.0, 4.0]])).tolist()[0]]
        [0.6, 0.8]
    """
    return namespace_of(input).normalize(input, p, dim, eps)


@explained
def cosine_similarity(x1: Tensor, x2: Tensor, dim: int = 1, eps: float = 1e-8) -> Tensor:
    """Return the cosine of the angle between vectors along an axis, each norm being at least `eps`.

    Example:
        >>> ops.cosine_similarity(ops.tensor([[1.0, 0.0]]), ops.tensor([[0.0, 2.0]])).tolist()
        [0.0]
    """
    return namespace_of_all(x1, x2).cosine_similarity(x1, x2, dim, eps)


@explained
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
    """Return `softmax(query @ key.T * scale + mask) @ value`; Vaswani et al. 2017.

    Args:
        query: `(..., L, E)`.
        key: `(..., S, E)`.
        value: `(..., S, Ev)`.
        attn_mask: Broadcasts to `(..., L, S)`: bool, true where attention may go, or numbers added to the scores.
        dropout_p: Probability of dropping a weight; always applied, so give 0 in evaluation.
        is_causal: Let each query see only keys up to its own position; excludes `attn_mask`.
        scale: `1 / sqrt(E)` by default.

    Returns:
        `(..., L, Ev)`.

    Example:
        >>> x = ops.ones((1, 2, 3))
        >>> ops.scaled_dot_product_attention(x, x, x).tolist()
        [[[1.0, 1.0, 1.0], [1.0, 1.0, 1.0]]]
    """
    return namespace_of_all(query, key, value, attn_mask).scaled_dot_product_attention(
        query, key, value, attn_mask, dropout_p, is_causal, scale=scale
    )


@explained
def embedding(input: Tensor, weight: Tensor, padding_idx: int | None = None) -> Tensor:
    """Return the rows of a table which `input` numbers.

    Args:
        input: Row numbers, any shape.
        weight: `(rows, width)`.
        padding_idx: A row that gets no gradient.

    Returns:
        `(*input.shape, width)`.

    Example:
        >>> ops.embedding(ops.tensor([1, 0]), ops.tensor([[1.0, 2.0], [3.0, 4.0]])).tolist()
        [[3.0, 4.0], [1.0, 2.0]]
    """
    return namespace_of_all(input, weight).embedding(input, weight, padding_idx)
