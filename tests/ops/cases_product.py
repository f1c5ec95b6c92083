"""Products, attention, look-up and convolution."""

from __future__ import annotations

import numpy as np

from polynet import ops
from tests.ops.case import Array, Case, normal, whole

A = normal(3, 4)
B = normal(4, 5)
BATCH = normal(2, 3, 4)
QUERY, KEY, VALUE = normal(2, 2, 3, 4), normal(2, 2, 5, 4), normal(2, 2, 5, 6)


def contraction(equation: str, *shapes: tuple[int, ...]) -> Case:
    return Case(
        f"einsum {equation}",
        lambda *operands: ops.einsum(equation, *operands),
        tuple(normal(*shape, seed=position) for position, shape in enumerate(shapes)),
        lambda *operands: np.einsum(equation, *operands),
    )


def unit(x: Array, axis: int) -> Array:
    return x / np.sqrt((x * x).sum(axis, keepdims=True))


PRODUCTS = [
    Case("matmul", lambda x, y: ops.matmul(x, y), (A, B), np.matmul),
    Case("matmul of vectors", lambda x, y: ops.matmul(x, y), (A[0], B[:, 0]), np.matmul),
    Case("matmul of a vector and a matrix", lambda x, y: ops.matmul(x, y), (A[0], B), np.matmul),
    Case("matmul of a batch and a vector", lambda x, y: ops.matmul(x, y), (BATCH, B[:, 0]), np.matmul),
    Case("matmul of a batch and a matrix", lambda x, y: ops.matmul(x, y), (BATCH, B), np.matmul),
    Case("matmul broadcast", lambda x, y: ops.matmul(x, y), (normal(2, 1, 3, 4), normal(5, 4, 2)), np.matmul),
    Case("bmm", lambda x, y: ops.bmm(x, y), (BATCH, normal(2, 4, 5)), np.matmul),
    contraction("ij,jk->ik", (3, 4), (4, 5)),
    contraction("ij,jk", (3, 4), (4, 5)),
    contraction("ij->ji", (3, 4)),
    contraction("ij->", (3, 4)),
    contraction("ii->i", (3, 3)),
    contraction("i,j->ij", (3,), (4,)),
    contraction("bhqd,bhkd->bhqk", (2, 2, 3, 4), (2, 2, 5, 4)),
    contraction("...ij,...jk->...ik", (2, 3, 4), (4, 5)),
    contraction("bi,bi->b", (2, 3), (2, 3)),
    contraction("ab,bc,cd->ad", (2, 3), (3, 4), (4, 2)),
    contraction("bchw,hkc->bkhw", (2, 3, 4, 5), (4, 6, 3)),
    Case("linear", lambda x, w, b: ops.linear(x, w, b), (BATCH, normal(5, 4), normal(5)), lambda x, w, b: x @ w.T + b),
    Case("linear without bias", lambda x, w: ops.linear(x, w), (A[0], normal(5, 4)), lambda x, w: x @ w.T),
    Case("outer", lambda x, y: ops.outer(x, y), (A[0], B[0]), np.outer),
    Case("normalize", lambda x: ops.normalize(x), (BATCH,), lambda x: unit(x, 1)),
    Case(
        "normalize by order 1",
        lambda x: ops.normalize(x, p=1.0, dim=-1),
        (BATCH,),
        lambda x: x / np.abs(x).sum(-1, keepdims=True),
    ),
    Case(
        "cosine_similarity",
        lambda x, y: ops.cosine_similarity(x, y),
        (BATCH, normal(2, 3, 4, seed=1)),
        lambda x, y: (unit(x, 1) * unit(y, 1)).sum(1),
    ),
    Case(
        "cosine_similarity broadcast",
        lambda x, y: ops.cosine_similarity(x, y, dim=-1),
        (BATCH, A[0]),
        lambda x, y: (unit(x, -1) * unit(y, -1)).sum(-1),
    ),
    Case("embedding", lambda i, w: ops.embedding(i, w), (whole(0, 4, 2, 3), B), lambda i, w: w[i]),
    Case(
        "embedding with padding",
        lambda i, w: ops.embedding(i, w, padding_idx=1),
        (whole(0, 4, 2, 3), B),
        torch=lambda t, i, w: t.nn.functional.embedding(i, w, padding_idx=1),
    ),
]


def attention(name: str, *inputs: Array, **options: object) -> Case:
    return Case(
        f"scaled_dot_product_attention {name}",
        lambda *tensors: ops.scaled_dot_product_attention(*tensors, **options),  # type: ignore[arg-type] # by name
        inputs,
        torch=lambda t, *tensors: t.nn.functional.scaled_dot_product_attention(*tensors, **options),
    )


ATTENTION = [
    attention("plain", QUERY, KEY, VALUE),
    attention("scaled", QUERY, KEY, VALUE, scale=0.3),
    attention("causal", QUERY, QUERY + 1, KEY[:, :, :3], is_causal=True),
    attention("under a mask", QUERY, KEY, VALUE, np.tril(np.ones((3, 5), bool), 1)),
    attention("with a bias", QUERY, KEY, VALUE, normal(2, 1, 3, 5)),
]


def convolution(op: str, name: str, x: Array, w: Array, b: Array | None, *options: object) -> Case:
    function = getattr(ops, op)
    if b is None:
        return Case(
            f"{op} {name}",
            lambda x, w: function(x, w, None, *options),
            (x, w),
            torch=lambda t, x, w: getattr(t.nn.functional, op)(x, w, None, *options),
        )
    return Case(
        f"{op} {name}",
        lambda x, w, b: function(x, w, b, *options),
        (x, w, b),
        torch=lambda t, x, w, b: getattr(t.nn.functional, op)(x, w, b, *options),
    )


LINE, IMAGE, VOLUME = normal(2, 4, 9), normal(2, 4, 7, 8), normal(1, 2, 4, 5, 4)
CONVOLUTION = [
    convolution("conv1d", "plain", LINE, normal(6, 4, 3), normal(6)),
    convolution("conv1d", "grouped, strided, padded, dilated", LINE, normal(6, 2, 3), None, 2, 1, 2, 2),
    convolution("conv1d", "same", LINE, normal(6, 4, 3), None, 1, "same"),
    convolution("conv2d", "plain", IMAGE, normal(6, 4, 3, 3), normal(6)),
    convolution("conv2d", "strided and padded", IMAGE, normal(6, 4, 3, 3), None, 2, 1),
    convolution("conv2d", "in pairs", IMAGE, normal(6, 4, 3, 2), normal(6), (1, 2), (2, 0), (2, 1)),
    convolution("conv2d", "grouped", IMAGE, normal(6, 2, 3, 3), normal(6), 1, 1, 1, 2),
    convolution("conv2d", "depthwise", IMAGE, normal(4, 1, 3, 3), normal(4), 2, 1, 1, 4),
    convolution("conv2d", "of one element", IMAGE, normal(6, 4, 1, 1), None),
    convolution("conv2d", "same", IMAGE, normal(6, 4, 3, 5), normal(6), 1, "same"),
    convolution("conv2d", "same, dilated", IMAGE, normal(6, 4, 3, 3), normal(6), 1, "same", 2),
    convolution("conv2d", "valid", IMAGE, normal(6, 4, 3, 3), normal(6), 2, "valid"),
    convolution("conv3d", "plain", VOLUME, normal(3, 2, 2, 3, 2), normal(3)),
    convolution("conv3d", "strided and padded", VOLUME, normal(3, 2, 3, 3, 3), None, 2, 1),
    convolution("conv_transpose2d", "plain", IMAGE, normal(4, 3, 3, 3), normal(3)),
    convolution("conv_transpose2d", "strided and padded", IMAGE, normal(4, 3, 3, 3), None, 2, 1, 1),
    convolution("conv_transpose2d", "grouped", IMAGE, normal(4, 3, 2, 2), normal(6), 2, 0, 0, 2),
    convolution("conv_transpose2d", "dilated", IMAGE, normal(4, 3, 3, 2), normal(3), (2, 1), (1, 0), (1, 0), 1, (1, 2)),
]

CASES = PRODUCTS + ATTENTION + CONVOLUTION
