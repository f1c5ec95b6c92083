"""Loss functions, with every reduction, against torch's own functions."""

from __future__ import annotations

import numpy as np

from polynet import ops
from tests.ops.case import Array, Case, normal, uniform, values, whole

LOGITS, CLASSES = normal(6, 4), whole(0, 4, 6)
MAPS, MAP_CLASSES = normal(2, 4, 3, 3), whole(0, 4, 2, 3, 3)
SOFT = (lambda e: (e / e.sum(1, keepdims=True)).astype(np.float32))(np.exp(normal(6, 4, seed=1)))
WEIGHT = uniform(0.5, 2.0, 4)
X, Y = normal(3, 4), normal(3, 4, seed=1)
LOG_P = np.log(SOFT)
TARGETS = uniform(0.0, 1.0, 3, 4)


def loss(op: str, name: str, *inputs: Array, **options: object) -> Case:
    """A call which torch's function of that name takes likewise; weights, the third input, are constants."""
    return Case(
        f"{op} {name}",
        lambda *tensors: getattr(ops, op)(*tensors, **options),
        inputs,
        torch=lambda t, *tensors: getattr(t.nn.functional, op)(*tensors, **options),
        constants=max(0, len(inputs) - 2) or int("impossible" in name),
    )


IGNORING = CLASSES.copy()
IGNORING[[1, 4]] = -100
OTHER = CLASSES.copy()
OTHER[CLASSES == 2] = 9

CASES = [
    loss("cross_entropy", "of classes", LOGITS, CLASSES),
    loss("cross_entropy", "summed", LOGITS, CLASSES, reduction="sum"),
    loss("cross_entropy", "unreduced", LOGITS, CLASSES, reduction="none"),
    loss("cross_entropy", "of one sample", LOGITS[0], CLASSES[0]),
    loss("cross_entropy", "of maps", MAPS, MAP_CLASSES),
    loss("cross_entropy", "smoothed", LOGITS, CLASSES, label_smoothing=0.1),
    loss("cross_entropy", "weighted", LOGITS, CLASSES, WEIGHT),
    loss("cross_entropy", "weighted and smoothed", LOGITS, CLASSES, WEIGHT, label_smoothing=0.2),
    loss("cross_entropy", "weighted, unreduced, of maps", MAPS, MAP_CLASSES, WEIGHT, reduction="none"),
    loss("cross_entropy", "ignoring", LOGITS, IGNORING),
    loss("cross_entropy", "ignoring a class of its own", LOGITS, OTHER, ignore_index=9),
    loss("cross_entropy", "ignoring, weighted and smoothed", LOGITS, IGNORING, WEIGHT, label_smoothing=0.1),
    loss("cross_entropy", "ignoring, unreduced", LOGITS, IGNORING, reduction="none"),
    loss("cross_entropy", "of distributions", LOGITS, SOFT),
    loss("cross_entropy", "of distributions, smoothed and weighted", LOGITS, SOFT, WEIGHT, label_smoothing=0.1),
    loss("cross_entropy", "of distributions, unreduced", LOGITS, SOFT, reduction="none"),
    loss("cross_entropy", "of large logits", 100 * LOGITS, CLASSES),
    loss("nll_loss", "of classes", LOG_P, CLASSES),
    loss("nll_loss", "weighted and ignoring", LOG_P, IGNORING, WEIGHT),
    loss("nll_loss", "of maps, unreduced", MAPS, MAP_CLASSES, reduction="none"),
    loss("binary_cross_entropy_with_logits", "plain", X, TARGETS),
    loss("binary_cross_entropy_with_logits", "of large logits", 100 * X, TARGETS),
    loss("binary_cross_entropy_with_logits", "weighted", X, TARGETS, WEIGHT, reduction="none"),
    Case(
        "binary_cross_entropy_with_logits with positive weights",
        lambda x, y, p: ops.binary_cross_entropy_with_logits(x, y, pos_weight=p, reduction="sum"),
        (X, TARGETS, WEIGHT),
        torch=lambda t, x, y, p: t.nn.functional.binary_cross_entropy_with_logits(x, y, pos_weight=p, reduction="sum"),
        constants=1,
    ),
    loss("mse_loss", "mean", X, Y),
    loss("mse_loss", "summed", X, Y, reduction="sum"),
    loss("l1_loss", "mean", X, Y),
    loss("l1_loss", "at 0, unreduced", values(1.0, 2.0), values(1.0, 3.0), reduction="none"),
    loss("smooth_l1_loss", "mean", X, Y),
    loss("smooth_l1_loss", "with beta, unreduced", X, Y, reduction="none", beta=0.5),
    loss("smooth_l1_loss", "at 0 and at beta", values(1.0, 2.0, 4.0), values(1.0, 1.0, 5.0), reduction="sum"),
    loss("kl_div", "by the batch", LOG_P, SOFT[::-1].copy(), reduction="batchmean"),
    loss("kl_div", "summed", LOG_P, SOFT[::-1].copy(), reduction="sum"),
    loss("kl_div", "of logarithms", LOG_P, LOG_P[::-1].copy(), reduction="none", log_target=True),
    loss("kl_div", "of impossible events", LOG_P[:2], np.eye(4, dtype=np.float32)[:2], reduction="sum"),
]
