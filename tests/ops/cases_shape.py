"""Rearranging, padding and sliding windows."""

from __future__ import annotations

import itertools

import numpy as np

from polynet import ops
from tests.ops.case import Case, normal, whole

X = normal(2, 3, 4)
IMAGE = normal(2, 3, 5, 6)
SQUARE = normal(1, 8, 2, 3)

REARRANGING = [
    Case("reshape", lambda x: ops.reshape(x, (4, -1)), (X,), lambda x: x.reshape(4, -1)),
    Case("flatten", lambda x: ops.flatten(x), (X,), lambda x: x.reshape(-1)),
    Case("flatten between", lambda x: ops.flatten(x, 1, -2), (IMAGE,), lambda x: x.reshape(2, 15, 6)),
    Case("unflatten", lambda x: ops.unflatten(x, -1, (2, -1)), (X,), lambda x: x.reshape(2, 3, 2, 2)),
    Case("permute", lambda x: ops.permute(x, (0, -1, 1)), (X,), lambda x: x.transpose(0, 2, 1)),
    Case("transpose", lambda x: ops.transpose(x, 0, -1), (X,), lambda x: x.swapaxes(0, 2)),
    Case("cat", lambda x, y: ops.cat([x, y, x], dim=-2), (X, X[:, :1]), lambda x, y: np.concatenate([x, y, x], -2)),
    Case("stack", lambda x, y: ops.stack((x, y), dim=-1), (X, X + 1), lambda x, y: np.stack([x, y], -1)),
    Case("split", lambda x: ops.split(x, 3, dim=-1), (X,), lambda x: (x[..., :3], x[..., 3:])),
    Case("split into sections", lambda x: ops.split(x, (1, 2), dim=1), (X,), lambda x: (x[:, :1], x[:, 1:])),
    Case("chunk", lambda x: ops.chunk(x, 3, dim=2), (X,), lambda x: (x[..., :2], x[..., 2:])),
    Case("unbind", lambda x: ops.unbind(x, dim=1), (X,), lambda x: tuple(x[:, i] for i in range(3))),
    Case("roll", lambda x: ops.roll(x, 2, 1), (X,), lambda x: np.roll(x, 2, 1)),
    Case("roll two axes", lambda x: ops.roll(x, (-1, 5), (0, -1)), (X,), lambda x: np.roll(x, (-1, 5), (0, 2))),
    Case("roll flat", lambda x: ops.roll(x, -3), (X,), lambda x: np.roll(x, -3)),
    Case("flip", lambda x: ops.flip(x, (0, -1)), (X,), lambda x: x[::-1, :, ::-1]),
    Case("flip one axis", lambda x: ops.flip(x, 1), (X,), lambda x: x[:, ::-1]),
    Case("repeat", lambda x: ops.repeat(x, (2, 1, 2, 1)), (X,), lambda x: np.tile(x, (2, 1, 2, 1))),
    Case("tile", lambda x: ops.tile(x, (2, 3)), (X,), lambda x: np.tile(x, (2, 3))),
    Case("repeat_interleave", lambda x: ops.repeat_interleave(x, 2, dim=1), (X,), lambda x: x.repeat(2, 1)),
    Case("repeat_interleave flat", lambda x: ops.repeat_interleave(x, 3), (X,), lambda x: x.repeat(3)),
    Case("expand", lambda x: ops.expand(x, (5, -1, 3, 4)), (X[:, :, :1],), lambda x: np.broadcast_to(x, (5, 2, 3, 4))),
    Case("squeeze", lambda x: ops.squeeze(x), (X[:1, :, :1],), lambda x: x.reshape(3)),
    Case("squeeze one axis", lambda x: ops.squeeze(x, -1), (X[:1, :, :1],), lambda x: x.reshape(1, 3)),
    Case("squeeze a longer axis", lambda x: ops.squeeze(x, (0, 1)), (X[:1],), lambda x: x[0]),
    Case("unsqueeze", lambda x: ops.unsqueeze(x, -2), (X,), lambda x: x[:, :, None]),
    Case(
        "meshgrid",
        lambda x, y: ops.meshgrid(x, y),
        (X[0, 0], X[0, :, 0]),
        lambda x, y: np.meshgrid(x, y, indexing="ij"),
    ),
    Case("meshgrid xy", lambda x, y: ops.meshgrid(x, y, indexing="xy"), (X[0, 0], X[0, :, 0]), np.meshgrid),
    Case(
        "pixel_shuffle",
        lambda x: ops.pixel_shuffle(x, 2),
        (SQUARE,),
        lambda x: x.reshape(1, 2, 2, 2, 2, 3).transpose(0, 1, 4, 2, 5, 3).reshape(1, 2, 4, 6),
    ),
    Case(
        "pixel_unshuffle",
        lambda x: ops.pixel_unshuffle(x, 2),
        (normal(1, 2, 4, 6),),
        lambda x: x.reshape(1, 2, 2, 2, 3, 2).transpose(0, 1, 3, 5, 2, 4).reshape(1, 8, 2, 3),
    ),
    Case("reshape of whole numbers", lambda x: ops.reshape(x, (-1,)), (whole(0, 9, 2, 3),), lambda x: x.reshape(-1)),
]


def padded(mode: str, axes: int, ndim: int) -> Case:
    """Padding of the last axes of a tensor, against numpy's."""
    widths = (1, 2, 2, 0, 1, 1)[: 2 * axes]
    pairs = [(0, 0)] * (ndim - axes) + [(widths[2 * i], widths[2 * i + 1]) for i in reversed(range(axes))]
    numpy_mode = {"replicate": "edge", "circular": "wrap"}.get(mode, mode)
    return Case(
        f"pad {mode}, {axes} axes of {ndim}",
        lambda x: ops.pad(x, widths, mode=mode),
        (normal(2, 3, 4, 5, 3)[(0,) * (5 - ndim)],),
        lambda x: np.pad(x, pairs, mode=numpy_mode),  # type: ignore[call-overload] # a mode of numpy's
    )


MODES = ("constant", "reflect", "replicate", "circular")
PADDING = [padded(mode, axes, axes + extra) for mode, axes, extra in itertools.product(MODES, (1, 2, 3), (1, 2))] + [
    Case(
        "pad with a number",
        lambda x: ops.pad(x, (1, 0), value=-2.5),
        (X,),
        lambda x: np.pad(x, [(0, 0), (0, 0), (1, 0)], constant_values=-2.5),
    ),
    Case(
        "pad by a negative number",
        lambda x: ops.pad(x, (-1, 2, 0, -1)),
        (X,),
        lambda x: np.pad(x[:, :-1, 1:], [(0, 0), (0, 0), (0, 2)]),
    ),
    Case(
        "unfold",
        lambda x: ops.unfold(x, (2, 3), 1, (1, 0), 2),
        (IMAGE,),
        torch=lambda t, x: t.nn.functional.unfold(x, (2, 3), dilation=1, padding=(1, 0), stride=2),
    ),
    Case(
        "unfold dilated",
        lambda x: ops.unfold(x, 2, dilation=2),
        (IMAGE,),
        torch=lambda t, x: t.nn.functional.unfold(x, 2, dilation=2),
    ),
    Case(
        "fold",
        lambda x: ops.fold(x, (4, 5), (2, 3), 1, (1, 0), 2),
        (normal(2, 12, 6),),
        torch=lambda t, x: t.nn.functional.fold(x, (4, 5), (2, 3), dilation=1, padding=(1, 0), stride=2),
    ),
    Case(
        "fold dilated",
        lambda x: ops.fold(x, (4, 4), 2, dilation=2),
        (normal(1, 8, 4),),
        torch=lambda t, x: t.nn.functional.fold(x, (4, 4), 2, dilation=2),
    ),
]

CASES = REARRANGING + PADDING
