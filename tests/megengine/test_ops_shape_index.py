"""Shapes, padding and indexing on MegEngine equal torch."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("megengine")

from tests.megengine.ops_comparison import compare, integers, normal

X = normal(2, 3, 4)


@pytest.mark.parametrize(
    "operation",
    [
        lambda ops, x: ops.reshape(x, (6, -1)),
        lambda ops, x: ops.flatten(x, 1),
        lambda ops, x: ops.unflatten(x, -1, (2, -1)),
        lambda ops, x: ops.permute(x, (0, -1, 1)),
        lambda ops, x: ops.transpose(x, -1, 0),
        lambda ops, x: ops.cat([x, x * 2], -1),
        lambda ops, x: ops.stack((x, x * 2), 3),
        lambda ops, x: ops.split(x, 2, 1),
        lambda ops, x: ops.split(x, [0, 3], 1),
        lambda ops, x: ops.chunk(x, 3, -1),
        lambda ops, x: ops.unbind(x, -1),
        lambda ops, x: ops.roll(x, (1, -2), (0, 2)),
        lambda ops, x: ops.roll(x, 1),
        lambda ops, x: ops.flip(x, (0, -1)),
        lambda ops, x: ops.tile(x, (2, 1, 1, 3)),
        lambda ops, x: ops.repeat(x, (1, 2, 1)),
        lambda ops, x: ops.repeat_interleave(x, 3, 1),
        lambda ops, x: ops.expand(x[:1], (5, -1, 4)) * ops.expand(x[:1], (5, -1, 4)),
        lambda ops, x: ops.squeeze(x[:1, :, :1]),
        lambda ops, x: ops.squeeze(x[:1, :, :1], (0, 1)),
        lambda ops, x: ops.unsqueeze(x, -1),
        lambda ops, x: [grid * grid for grid in ops.meshgrid(x[0, 0], x[0, :, 0], indexing="ij")],
        lambda ops, x: ops.meshgrid(x[0, 0], x[0, :, 0], indexing="xy"),
    ],
)
def test_a_rearrangement(operation: Any) -> None:
    compare(operation, X)


@pytest.mark.parametrize("mode", ["constant", "reflect", "replicate", "circular"])
@pytest.mark.parametrize(
    ("shape", "pad"), [((2, 3, 4), (1, 2)), ((2, 3, 5, 6), (1, 2, 0, 1)), ((2, 3, 4, 5, 6), (1, 2, 0, 1, 2, 0))]
)
def test_padding_in_every_mode(mode: str, shape: tuple[int, ...], pad: tuple[int, ...]) -> None:
    compare(lambda ops, x: ops.pad(x, pad, mode), normal(*shape))


def test_padding_crops_and_fills() -> None:
    compare(lambda ops, x: ops.pad(x, (-1, 2, 0, -1), value=1.5), X)
    compare(lambda ops, x: ops.pad(x > 1, (1, 1), value=True), integers(0, 4, 5))


@pytest.mark.parametrize("options", [{"kernel_size": 3}, {"kernel_size": (2, 3), "padding": 1, "stride": 2}])
def test_windows_cut_out_and_added_up(options: dict[str, Any]) -> None:
    compare(lambda ops, x: ops.fold(ops.unfold(x, **options), (5, 6), **options), normal(2, 3, 5, 6))


def test_pixels_shuffled_there_and_back() -> None:
    compare(lambda ops, x: ops.pixel_shuffle(x, 2), normal(2, 8, 3, 4))
    compare(lambda ops, x: ops.pixel_unshuffle(x, 2), normal(2, 2, 6, 4))


def test_gather_and_scatter() -> None:
    index = integers(0, 3, 2, 5, 4)
    compare(lambda ops, x, i: ops.gather(x, 1, i), X, index)
    compare(lambda ops, x, i, s: ops.scatter_add(x, 1, i, s), X, index, normal(2, 5, 4))
    once = np.argsort(normal(2, 3, 4), axis=1)[:, :2].astype("int32")
    compare(lambda ops, x, i, s: ops.scatter(x, 1, i, s), X, once, normal(2, 2, 4))
    compare(lambda ops, x, i: ops.scatter(x, 1, i, 2.5), X, once)


@pytest.mark.parametrize("dim", [0, 1, -1])
def test_order_along_a_dimension(dim: int) -> None:
    compare(lambda ops, x: ops.topk(x, 2, dim), normal(4, 5, 3))
    compare(lambda ops, x: ops.sort(x, dim, True), normal(4, 5, 3))
    compare(lambda ops, x: ops.argmax(x, dim, True), normal(4, 5, 3))
    compare(lambda ops, x, i: ops.index_select(x, dim, i), normal(3, 3, 3), integers(0, 3, 5))


def test_selection_by_a_condition_sums_gradients_of_what_it_broadcasts() -> None:
    compare(lambda ops, x, y: ops.where(x > 0, x, y), normal(3, 1), normal(1, 4))
    compare(lambda ops, x: ops.where(x > 0, x, 0.5), X)
    compare(lambda ops, x: ops.where(x > 0, 1.0, 0.0), X)
    compare(lambda ops, x: ops.where(x > 2, x, 0.5), integers(0, 5, 6))
    compare(lambda ops, x: ops.masked_fill(x, x > 0, -float("inf")), X)


def test_positions_and_triangles() -> None:
    compare(lambda ops, x: ops.one_hot(x, 5), integers(0, 5, 2, 3))
    compare(lambda ops, x: ops.nonzero(x), integers(0, 2, 3, 4, 2))
    compare(lambda ops, x: ops.tril(x, -1), X)
    compare(lambda ops, x: ops.triu(x, 1), X)
