"""Products, attention, pooling, normalisation, resizing and losses on MegEngine equal torch."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("megengine")

from tests.megengine.ops_comparison import compare, integers, normal


@pytest.mark.parametrize(
    ("first", "second"),
    [((4,), (4,)), ((3, 4), (4,)), ((4,), (2, 4, 5)), ((2, 3, 4), (4, 5)), ((2, 1, 3, 4), (5, 4, 2))],
)
def test_matmul_broadcasts(first: tuple[int, ...], second: tuple[int, ...]) -> None:
    compare(lambda ops, x, y: ops.matmul(x, y), normal(*first), normal(*second))


@pytest.mark.parametrize(
    ("equation", "shapes"),
    [
        ("ij,jk->ik", [(3, 4), (4, 5)]),
        ("ii->i", [(3, 3)]),
        ("ii", [(3, 3)]),
        ("ba", [(3, 4)]),
        ("i,j->ij", [(3,), (4,)]),
        ("...ij,...jk->...ik", [(2, 1, 3, 4), (5, 4, 2)]),
        ("bqhd,bkhd->bhqk", [(2, 3, 2, 4), (2, 5, 2, 4)]),
        ("ab,bc,cd->ad", [(2, 3), (3, 4), (4, 5)]),
        ("iij->j", [(3, 3, 4)]),
    ],
)
def test_einsum(equation: str, shapes: list[tuple[int, ...]]) -> None:
    compare(lambda ops, *x: ops.einsum(equation, *x), *(normal(*shape) for shape in shapes))


def test_vectors_and_embeddings() -> None:
    compare(lambda ops, x: ops.normalize(x), normal(2, 3, 4))
    compare(lambda ops, x, y: ops.cosine_similarity(x, y, -1), normal(2, 3, 4), normal(4))
    compare(lambda ops, i, w: ops.embedding(i, w, 2), integers(0, 5, 2, 3), normal(5, 4))


@pytest.mark.parametrize("options", [{}, {"is_causal": True}, {"scale": 0.3}])
def test_attention(options: dict[str, Any]) -> None:
    heads = normal(2, 3, 5, 4), normal(2, 3, 6, 4), normal(2, 3, 6, 7)
    compare(lambda ops, *x: ops.scaled_dot_product_attention(*x, **options), *heads)


def test_attention_under_a_mask() -> None:
    heads = normal(2, 3, 5, 4), normal(2, 3, 6, 4), normal(2, 3, 6, 7)
    compare(lambda ops, q, k, v, m: ops.scaled_dot_product_attention(q, k, v, m), *heads, normal(5, 6))
    nothing_allowed = integers(0, 2, 5, 6)
    nothing_allowed[2] = 0
    compare(lambda ops, q, k, v, m: ops.scaled_dot_product_attention(q, k, v, m > 0), *heads, nothing_allowed)


SHAPES = {1: (2, 3, 11), 2: (2, 3, 9, 11), 3: (2, 2, 5, 7, 6)}


@pytest.mark.parametrize("axes", [1, 2, 3])
@pytest.mark.parametrize(
    "options",
    [
        {"kernel_size": 2},
        {"kernel_size": 3, "stride": 2, "padding": 1},
        {"kernel_size": 3, "stride": 2, "padding": 1, "ceil_mode": True},
        {"kernel_size": 2, "stride": 3, "ceil_mode": True},
    ],
)
def test_pooling_windows(axes: int, options: dict[str, Any]) -> None:
    x = normal(*SHAPES[axes])
    compare(lambda ops, x: getattr(ops, f"max_pool{axes}d")(x, **options), x)
    compare(lambda ops, x: getattr(ops, f"max_pool{axes}d")(x, **options), np.round(x))
    compare(lambda ops, x: getattr(ops, f"avg_pool{axes}d")(x, **options), x)
    compare(lambda ops, x: getattr(ops, f"avg_pool{axes}d")(x, count_include_pad=False, **options), x)


def test_dilated_and_divided_windows() -> None:
    compare(lambda ops, x: ops.max_pool2d(x, 3, 2, 1, 2, True), normal(2, 3, 9, 11))
    compare(lambda ops, x: ops.avg_pool2d(x, 3, 2, 1, divisor_override=4), normal(2, 3, 9, 11))
    compare(lambda ops, x: ops.max_pool2d(x[:, 1:], 2), normal(2, 3, 6, 6))


@pytest.mark.parametrize("axes", [1, 2, 3])
@pytest.mark.parametrize("size", [1, 3, 7, 12])
def test_adaptive_pooling_to_any_size(axes: int, size: int) -> None:
    x = normal(*SHAPES[axes])
    compare(lambda ops, x: getattr(ops, f"adaptive_avg_pool{axes}d")(x, size), x)
    compare(lambda ops, x: getattr(ops, f"adaptive_max_pool{axes}d")(x, size), np.round(x))


@pytest.mark.parametrize("shape", [(4, 3), (4, 3, 5), (2, 3, 4, 5), (2, 3, 2, 3, 2)])
def test_batch_norm_and_its_running_statistics(shape: tuple[int, ...]) -> None:
    def trained(ops: Any, x: Any, weight: Any, bias: Any) -> Any:
        mean, variance = ops.zeros_like(ops.stop_gradient(weight)), ops.ones_like(ops.stop_gradient(weight))
        return ops.batch_norm(x, mean, variance, weight, bias, True, 0.2, 1e-3), mean * 1, variance * 1

    compare(trained, normal(*shape) * 2 + 1, normal(3), normal(3, seed=1))
    compare(
        lambda ops, x, m, v: ops.batch_norm(x, ops.stop_gradient(m), ops.stop_gradient(v * v + 0.1)),
        normal(*shape),
        normal(3),
        normal(3, seed=1),
        relative=1e-5,
    )


@pytest.mark.parametrize("shape", [(4, 6, 5), (2, 6, 4, 5), (2, 6, 2, 3, 2), (1, 6, 50, 50)])
def test_norms_over_channels(shape: tuple[int, ...]) -> None:
    vectors = normal(6), normal(6, seed=1)
    compare(lambda ops, x, w, b: ops.group_norm(x, 3, w, b), normal(*shape), *vectors)
    compare(lambda ops, x, w, b: ops.instance_norm(x, None, None, w, b), normal(*shape), *vectors)
    compare(lambda ops, x: ops.local_response_norm(x, 3, 0.5), normal(*shape))


def test_norms_over_the_last_dimensions() -> None:
    x, w, b = normal(2, 3, 4), normal(3, 4), normal(3, 4, seed=1)
    compare(lambda ops, x, w, b: ops.layer_norm(x, (3, 4), w, b), x, w, b)
    compare(lambda ops, x, w: ops.layer_norm(x, (3, 4), w), x, w)
    compare(lambda ops, x, w: ops.rms_norm(x, (3, 4), w, 1e-6), x, w)


@pytest.mark.parametrize("mode", ["nearest", "bilinear", "bicubic"])
@pytest.mark.parametrize(
    "options", [{"size": (5, 7)}, {"size": (18, 22)}, {"scale_factor": 1.5}, {"scale_factor": 0.7}]
)
def test_images_resized(mode: str, options: dict[str, Any]) -> None:
    compare(lambda ops, x: ops.interpolate(x, mode=mode, **options), normal(2, 3, 9, 11))
    if mode != "nearest":
        compare(lambda ops, x: ops.interpolate(x, mode=mode, align_corners=True, **options), normal(2, 3, 9, 11))


@pytest.mark.parametrize("aligned", [True, False])
def test_sequences_and_volumes_resized(aligned: bool) -> None:
    compare(lambda ops, x: ops.interpolate(x, 7, mode="linear", align_corners=aligned), normal(2, 3, 11))
    options = {"scale_factor": 1.5, "mode": "trilinear", "align_corners": aligned}
    compare(lambda ops, x: ops.interpolate(x, **options), normal(1, 2, 3, 4, 5))


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_cross_entropy(reduction: str, smoothing: float) -> None:
    def loss(ops: Any, x: Any, target: Any, weight: Any = None, **options: Any) -> Any:
        weight = None if weight is None else ops.stop_gradient(weight)
        return ops.cross_entropy(x, target, weight, reduction=reduction, label_smoothing=smoothing, **options)

    logits, labels, weight = normal(6, 5) * 3, integers(0, 5, 6), np.abs(normal(5)) + 0.1
    compare(loss, logits, labels)
    ignored = labels.copy()
    ignored[2] = -100
    compare(loss, logits, ignored, weight)
    compare(loss, logits, np.abs(normal(6, 5)), weight)
    compare(loss, normal(2, 5, 3, 4), integers(0, 5, 2, 3, 4), weight)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_the_other_losses(reduction: str) -> None:
    x, y = normal(6, 5) * 3, normal(6, 5, seed=1)
    y[0] = x[0]
    for name in ("mse_loss", "l1_loss", "smooth_l1_loss"):
        compare(lambda ops, x, y, name=name: getattr(ops, name)(x, y, reduction=reduction), x, y)
    part = np.abs(y) / np.abs(y).max()
    divergence = "batchmean" if reduction == "mean" else reduction
    compare(lambda ops, x, y: ops.binary_cross_entropy_with_logits(x, y, reduction=reduction), x, part)
    compare(lambda ops, x, y: ops.kl_div(x, ops.stop_gradient(y), reduction=divergence), x, part)
    compare(lambda ops, x, y: ops.kl_div(x, y, reduction=divergence, log_target=True), x, y)
    compare(lambda ops, x, i: ops.nll_loss(x, i, reduction=reduction), x, integers(0, 5, 6))
