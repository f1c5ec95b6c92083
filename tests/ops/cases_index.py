"""Choosing, ordering and placing elements."""

from __future__ import annotations

import numpy as np

from polynet import ops
from tests.ops.case import Array, Case, distinct, normal, whole

X = normal(2, 3, 4)
D = distinct(2, 3, 4)
ROWS = whole(0, 3, 2, 2, 4)
COLUMNS = np.array([[[0, 3], [1, 2], [2, 0]], [[3, 1], [0, 1], [2, 3]]])
SOURCE = normal(2, 3, 2, seed=1)


def put(x: Array, index: Array, source: Array | float) -> Array:
    result = x.copy()
    np.put_along_axis(result, index, source, -1)
    return result


def put_sum(x: Array, index: Array, source: Array) -> Array:
    result = x.copy()
    for place, target in np.ndenumerate(index):
        result[place[0], target, place[2]] += source[place]
    return result


CASES = [
    Case("gather", lambda x, i: ops.gather(x, 1, i), (X, ROWS), lambda x, i: np.take_along_axis(x, i, 1)),
    Case(
        "gather from a part",
        lambda x, i: ops.gather(x, -1, i),
        (X, COLUMNS[:1, :2]),
        lambda x, i: np.take_along_axis(x[:1, :2], i, -1),
    ),
    Case(
        "gather by int32",
        lambda x, i: ops.gather(x, 1, i),
        (X, ROWS.astype(np.int32)),
        lambda x, i: np.take_along_axis(x, i, 1),
    ),
    Case("scatter", lambda x, i, s: ops.scatter(x, -1, i, s), (X, COLUMNS, SOURCE), put),
    Case("scatter a number", lambda x, i: ops.scatter(x, 2, i, 1.5), (X, COLUMNS), lambda x, i: put(x, i, 1.5)),
    Case("scatter_add", lambda x, i, s: ops.scatter_add(x, 1, i, s), (X, ROWS, normal(2, 2, 4)), put_sum),
    Case("index_select", lambda x, i: ops.index_select(x, 1, i), (X, np.array([2, 0, 2])), lambda x, i: x[:, i]),
    Case(
        "where",
        lambda x, y: ops.where(x > y, x, y * 2),
        (X, normal(2, 3, 4, seed=2)),
        lambda x, y: np.where(x > y, x, y * 2),
    ),
    Case("where with numbers", lambda x: ops.where(x > 0, x, -1.0), (X,), lambda x: np.where(x > 0, x, -1.0)),
    Case("where with a number first", lambda x: ops.where(x > 0, 2.0, x), (X,), lambda x: np.where(x > 0, 2.0, x)),
    Case(
        "where broadcast",
        lambda c, x, y: ops.where(c, x, y),
        (np.array([True, False, True, False]), X, X[0, :1]),
        np.where,
    ),
    Case(
        "masked_fill",
        lambda x, m: ops.masked_fill(x, m, float("-inf")),
        (X, X[:1] > 0),
        lambda x, m: np.where(m, -np.inf, x),
        differentiable=False,
    ),
    Case(
        "masked_fill with a number",
        lambda x, m: ops.masked_fill(x, m, 0.5),
        (X, X > 0),
        lambda x, m: np.where(m, 0.5, x),
    ),
    Case("topk", lambda x: ops.topk(x, 2), (D,), lambda x: (-np.sort(-x, -1)[..., :2], np.argsort(-x, -1)[..., :2])),
    Case(
        "topk smallest of an axis",
        lambda x: ops.topk(x, 2, dim=1, largest=False),
        (D,),
        lambda x: (np.sort(x, 1)[:, :2], np.argsort(x, 1)[:, :2]),
    ),
    Case("sort", lambda x: ops.sort(x), (D,), lambda x: (np.sort(x), np.argsort(x))),
    Case(
        "sort downwards",
        lambda x: ops.sort(x, dim=0, descending=True),
        (D,),
        lambda x: (-np.sort(-x, 0), np.argsort(-x, 0)),
    ),
    Case("argsort", lambda x: ops.argsort(x, dim=1), (D,), lambda x: np.argsort(x, 1)),
    Case("argsort downwards", lambda x: ops.argsort(x, descending=True), (D,), lambda x: np.argsort(-x)),
    Case("argmax", lambda x: ops.argmax(x, dim=1), (D,), lambda x: x.argmax(1)),
    Case("argmax kept", lambda x: ops.argmax(x, dim=-1, keepdim=True), (D,), lambda x: x.argmax(-1)[..., None]),
    Case("argmax flat", lambda x: ops.argmax(x), (D,), lambda x: x.argmax()),
    Case("argmin", lambda x: ops.argmin(x, dim=0), (D,), lambda x: x.argmin(0)),
    Case("argmin flat", lambda x: ops.argmin(x), (D,), lambda x: x.argmin()),
    Case("one_hot", lambda i: ops.one_hot(i, 4), (ROWS[0],), lambda i: np.eye(4, dtype=np.int64)[i]),
    Case(
        "one_hot of as many classes as needed",
        lambda i: ops.one_hot(i),
        (np.array([0, 2, 1]),),
        lambda i: np.eye(3, dtype=np.int64)[i],
        traceable=False,
    ),
    Case(
        "one_hot of int32",
        lambda i: ops.one_hot(i, 3),
        (np.array([0, 2], np.int32),),
        lambda i: np.eye(3, dtype=np.int64)[i],
    ),
    Case("nonzero", lambda x: ops.nonzero(x > 0), (X,), lambda x: np.argwhere(x > 0), traceable=False),
    Case(
        "nonzero of nothing",
        lambda x: ops.nonzero(x),
        (np.zeros((2, 3), np.float32),),
        lambda x: np.zeros((0, 2), np.int64),
        traceable=False,
    ),
    Case("tril", lambda x: ops.tril(x), (X,), np.tril),
    Case("tril below", lambda x: ops.tril(x, -1), (X,), lambda x: np.tril(x, -1)),
    Case("triu", lambda x: ops.triu(x), (X,), np.triu),
    Case("triu above", lambda x: ops.triu(x, diagonal=1), (X,), lambda x: np.triu(x, 1)),
]
