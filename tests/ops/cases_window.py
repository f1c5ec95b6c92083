"""Pooling, resampling and normalisation, against torch's own functions."""

from __future__ import annotations

from polynet import ops
from tests.ops.case import Array, Case, distinct, normal, uniform

LINE, IMAGE, VOLUME = distinct(2, 3, 9), distinct(2, 3, 7, 8), distinct(1, 2, 5, 6, 7)


def functional(op: str, name: str, x: Array, *arguments: object, **options: object) -> Case:
    """A call which torch's function of that name takes likewise."""
    return Case(
        f"{op} {name}",
        lambda x: getattr(ops, op)(x, *arguments, **options),
        (x,),
        torch=lambda t, x: getattr(t.nn.functional, op)(x, *arguments, **options),
    )


POOLING = [
    functional("max_pool1d", "plain", LINE, 3),
    functional("max_pool1d", "strided, padded, dilated", LINE, 3, 2, 1, 2),
    functional("max_pool2d", "plain", IMAGE, 2),
    functional("max_pool2d", "strided and padded", IMAGE, 3, stride=2, padding=1),
    functional("max_pool2d", "of negative numbers with padding", IMAGE - 100, 3, 2, 1),
    functional("max_pool2d", "rounded up", IMAGE, 3, 2, 1, ceil_mode=True),
    functional("max_pool2d", "rounded up past the padding", IMAGE, (2, 2), (3, 3), (1, 1), ceil_mode=True),
    functional("max_pool2d", "dilated", IMAGE, (3, 2), (1, 2), (1, 0), (2, 3)),
    functional("max_pool3d", "plain", VOLUME, 2),
    functional("max_pool3d", "strided and padded", VOLUME, (3, 2, 3), 2, (1, 0, 1)),
    functional("avg_pool1d", "plain", LINE, 2),
    functional("avg_pool1d", "padded, not counted", LINE, 3, 2, 1, count_include_pad=False),
    functional("avg_pool2d", "plain", IMAGE, 2),
    functional("avg_pool2d", "padded", IMAGE, 3, 2, 1),
    functional("avg_pool2d", "padded, not counted", IMAGE, 3, 2, 1, count_include_pad=False),
    functional("avg_pool2d", "rounded up", IMAGE, 3, 2, 1, ceil_mode=True),
    functional("avg_pool2d", "rounded up, padding not counted", IMAGE, (3, 2), 2, 1, True, False),
    functional("avg_pool2d", "by another divisor", IMAGE, 2, divisor_override=3),
    functional("avg_pool3d", "plain", VOLUME, 2),
    functional("avg_pool3d", "padded", VOLUME, 3, 2, 1),
    functional("adaptive_avg_pool1d", "uneven", LINE, 4),
    functional("adaptive_avg_pool2d", "to 1", IMAGE, 1),
    functional("adaptive_avg_pool2d", "uneven", IMAGE, (3, 5)),
    functional("adaptive_avg_pool2d", "one axis only", IMAGE, (None, 3)),
    functional("adaptive_avg_pool2d", "enlarging", IMAGE, (9, 11)),
    functional("adaptive_avg_pool3d", "uneven", VOLUME, (2, 4, 3)),
    functional("adaptive_max_pool1d", "uneven", LINE, 4),
    functional("adaptive_max_pool2d", "to 1", IMAGE, 1),
    functional("adaptive_max_pool2d", "uneven", IMAGE, (3, 5)),
    functional("adaptive_max_pool2d", "enlarging", IMAGE, (9, 8)),
    functional("adaptive_max_pool3d", "uneven", VOLUME, (2, 4, 3)),
]

RESIZE = [
    functional("interpolate", "nearest", IMAGE, scale_factor=2),
    functional("interpolate", "nearest to an uneven size", IMAGE, (5, 11)),
    functional("interpolate", "nearest of a line", LINE, 13),
    functional("interpolate", "nearest of a volume", VOLUME, (7, 3, 9)),
    functional("interpolate", "linear", LINE, scale_factor=1.5, mode="linear"),
    functional("interpolate", "linear aligned", LINE, 5, mode="linear", align_corners=True),
    functional("interpolate", "bilinear", IMAGE, (10, 5), mode="bilinear"),
    functional("interpolate", "bilinear aligned", IMAGE, (10, 5), mode="bilinear", align_corners=True),
    functional("interpolate", "bilinear by factors", IMAGE, scale_factor=(1.7, 0.6), mode="bilinear"),
    functional("interpolate", "bilinear to one element", IMAGE, (1, 1), mode="bilinear", align_corners=True),
    functional("interpolate", "bicubic", IMAGE, (11, 5), mode="bicubic"),
    functional("interpolate", "bicubic aligned", IMAGE, (11, 5), mode="bicubic", align_corners=True),
    functional("interpolate", "bicubic by a factor", IMAGE, scale_factor=1.7, mode="bicubic"),
    functional("interpolate", "trilinear", VOLUME, (3, 8, 5), mode="trilinear"),
    functional("interpolate", "trilinear aligned", VOLUME, (3, 8, 5), mode="trilinear", align_corners=True),
]

X, SCALE, SHIFT = normal(3, 4, 5, 2), uniform(0.5, 1.5, 4), normal(4)
MEAN, VARIANCE = normal(4, seed=1), uniform(0.5, 2.0, 4, seed=1)


NORMALISATION = [
    Case(
        "batch_norm in evaluation",
        lambda x, w, b, m, v: ops.batch_norm(x, m, v, w, b),
        (X, SCALE, SHIFT, MEAN, VARIANCE),
        torch=lambda t, x, w, b, m, v: t.nn.functional.batch_norm(x, m, v, w, b),
        constants=2,
    ),
    Case(
        "batch_norm in training",
        lambda x, w, b: ops.batch_norm(x, None, None, w, b, True),
        (X, SCALE, SHIFT),
        torch=lambda t, x, w, b: t.nn.functional.batch_norm(x, None, None, w, b, True),
    ),
    Case(
        "batch_norm of vectors",
        lambda x: ops.batch_norm(x, None, None, training=True, eps=1e-3),
        (X[:, :, 0, 0],),
        torch=lambda t, x: t.nn.functional.batch_norm(x, None, None, training=True, eps=1e-3),
    ),
    Case(
        "layer_norm",
        lambda x, w, b: ops.layer_norm(x, (5, 2), w, b),
        (X, normal(5, 2), normal(5, 2, seed=1)),
        torch=lambda t, x, w, b: t.nn.functional.layer_norm(x, (5, 2), w, b),
    ),
    functional("layer_norm", "without weights", X, (4, 5, 2), eps=1e-3),
    Case(
        "group_norm",
        lambda x, w, b: ops.group_norm(x, 2, w, b),
        (X, SCALE, SHIFT),
        torch=lambda t, x, w, b: t.nn.functional.group_norm(x, 2, w, b),
    ),
    functional("group_norm", "of sequences", X[..., 0], 2),
    functional("group_norm", "of vectors", X[:, :, 0, 0], 1),
    Case(
        "instance_norm",
        lambda x, w, b: ops.instance_norm(x, None, None, w, b),
        (X, SCALE, SHIFT),
        torch=lambda t, x, w, b: t.nn.functional.instance_norm(x, None, None, w, b),
    ),
    functional("instance_norm", "of sequences", X[..., 0], eps=1e-3),
    Case(
        "rms_norm",
        lambda x, w: ops.rms_norm(x, (2,), w),
        (X + 1, normal(2)),
        torch=lambda t, x, w: t.nn.functional.rms_norm(x, (2,), w, eps=2.0**-23),
    ),
    functional("rms_norm", "without weights", X, (5, 2), eps=1e-5),
    functional("local_response_norm", "odd", X, 3, alpha=0.5),
    functional("local_response_norm", "even", X, 2, 0.5, 0.6, 2.0),
]

CASES = POOLING + RESIZE + NORMALISATION
