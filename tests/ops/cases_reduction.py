"""Sums, means, extremes and running sums."""

from __future__ import annotations

import numpy as np

from polynet import ops
from tests.ops.case import Array, Case, distinct, normal, values, whole

X = normal(2, 3, 4)
D = distinct(2, 3, 4)
B = X > 0.5
TIES = np.array([[1.0, 3.0, 3.0], [2.0, 0.0, 2.0]], dtype=np.float32)


def logsumexp(x: Array, axis: int | None = None) -> Array:
    return np.log(np.exp(x).sum(axis))


CASES = [
    Case("sum", lambda x: ops.sum(x), (X,), lambda x: x.sum()),
    Case("sum over an axis", lambda x: ops.sum(x, dim=-1, keepdim=True), (X,), lambda x: x.sum(-1, keepdims=True)),
    Case("sum over two axes", lambda x: ops.sum(x, dim=(0, -1)), (X,), lambda x: x.sum((0, 2))),
    Case("sum of whole numbers", lambda x: ops.sum(x, dim=0), (whole(0, 9, 3, 4),), lambda x: x.sum(0)),
    Case("sum of bool", lambda x: ops.sum(x, dim=1), (B,), lambda x: x.sum(1)),
    Case("mean", lambda x: ops.mean(x), (X,), lambda x: x.mean()),
    Case("mean over two axes", lambda x: ops.mean(x, (1, 2), True), (X,), lambda x: x.mean((1, 2), keepdims=True)),
    Case("var", lambda x: ops.var(x), (X,), lambda x: x.var(ddof=1)),
    Case("var over an axis", lambda x: ops.var(x, 1), (X,), lambda x: x.var(1, ddof=1)),
    Case("var biased", lambda x: ops.var(x, (0, 2), unbiased=False), (X,), lambda x: x.var((0, 2))),
    Case(
        "var corrected by 2",
        lambda x: ops.var(x, -1, keepdim=True, correction=2),
        (X,),
        lambda x: x.var(-1, ddof=2, keepdims=True),
    ),
    Case("std", lambda x: ops.std(x, dim=0), (X,), lambda x: x.std(0, ddof=1)),
    Case("std biased", lambda x: ops.std(x, dim=(1, 2), correction=0), (X,), lambda x: x.std((1, 2))),
    Case("prod", lambda x: ops.prod(x), (X[0],), lambda x: x.prod()),
    Case("prod over an axis", lambda x: ops.prod(x, dim=1, keepdim=True), (X,), lambda x: x.prod(1, keepdims=True)),
    Case("max", lambda x: ops.max(x), (D,), lambda x: x.max()),
    Case("max kept", lambda x: ops.max(x, keepdim=True), (D,), lambda x: x.max(keepdims=True)),
    Case("max over an axis", lambda x: ops.max(x, 1), (D,), lambda x: (x.max(1), x.argmax(1))),
    Case(
        "max over an axis kept",
        lambda x: ops.max(x, -1, True),
        (D,),
        lambda x: (x.max(-1, keepdims=True), x.argmax(-1)[..., None]),
    ),
    Case("min", lambda x: ops.min(x), (D,), lambda x: x.min()),
    Case("min over an axis", lambda x: ops.min(x, dim=0), (D,), lambda x: (x.min(0), x.argmin(0))),
    Case("amax", lambda x: ops.amax(x), (D,), lambda x: x.max()),
    Case("amax with ties", lambda x: ops.amax(x, dim=1), (TIES,), lambda x: x.max(1)),
    Case("amax over two axes", lambda x: ops.amax(x, (0, 2), True), (D,), lambda x: x.max((0, 2), keepdims=True)),
    Case("amin", lambda x: ops.amin(x, dim=-2), (D,), lambda x: x.min(-2)),
    Case("amin with ties", lambda x: ops.amin(x, dim=(0, 1)), (TIES - 1,), lambda x: x.min()),
    Case("any", lambda x: ops.any(x), (B,), lambda x: x.any()),
    Case("any over an axis", lambda x: ops.any(x, dim=2, keepdim=True), (B,), lambda x: x.any(2, keepdims=True)),
    Case("any of numbers", lambda x: ops.any(x, dim=(0, 1)), (X,), lambda x: (x != 0).any((0, 1))),
    Case("all", lambda x: ops.all(x), (B,), lambda x: x.all()),
    Case("all over an axis", lambda x: ops.all(x, dim=0), (X > -1,), lambda x: x.all(0)),
    Case("cumsum", lambda x: ops.cumsum(x, dim=1), (X,), lambda x: x.cumsum(1)),
    Case("cumsum of whole numbers", lambda x: ops.cumsum(x, dim=-1), (whole(0, 9, 5),), lambda x: x.cumsum()),
    Case("cumsum of bool", lambda x: ops.cumsum(x, dim=-1), (B,), lambda x: x.cumsum(-1)),
    Case("logsumexp", lambda x: ops.logsumexp(x), (X,), logsumexp),
    Case("logsumexp over an axis", lambda x: ops.logsumexp(x, dim=1), (X,), lambda x: logsumexp(x, 1)),
    Case(
        "logsumexp of large numbers",
        lambda x: ops.logsumexp(x, dim=0, keepdim=True),
        (values(1000.0, 1000.0),),
        lambda x: np.array([1000.0 + np.log(2.0)]),
        differentiable=False,
    ),
    Case("norm", lambda x: ops.norm(x), (X,), lambda x: np.sqrt((x * x).sum())),
    Case("norm of order 1", lambda x: ops.norm(x, 1, dim=1), (X,), lambda x: np.abs(x).sum(1)),
    Case(
        "norm of order 3",
        lambda x: ops.norm(x, p=3, dim=(0, 2)),
        (X,),
        lambda x: (np.abs(x) ** 3).sum((0, 2)) ** (1 / 3),
    ),
    Case(
        "norm of order infinity",
        lambda x: ops.norm(x, float("inf"), dim=-1, keepdim=True),
        (D,),
        lambda x: np.abs(x).max(-1, keepdims=True),
    ),
]
